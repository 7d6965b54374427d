import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { gridLibrary } from "./lib/grid.wgsl.ts";
import { chooseBits, magnitudeOf, nanFrom, passNan } from "./lib/nan.wgsl.ts";

export interface SoftmaxOptions {
  /** `softmax` and `logSoftmax` read x; their gradients read y (the result) and the gradient. */
  readonly kind: "softmax" | "logSoftmax" | "softmaxGradient" | "logSoftmaxGradient";
  /** `inner`: four neighbouring softmaxes at a time (inner % 4 = 0). `along`: four elements of one (inner = 1, n % 4 = 0). */
  readonly vector: "none" | "inner" | "along";
  /** Invocations of the workgroup that share one row (inner = 1); 0: an invocation works alone. */
  readonly shared: 0 | 64 | 256;
  /** The input whose buffer is the output's, if any. */
  readonly inPlace: "x" | "y" | "gradient" | undefined;
}

/** Params in order. */
export const softmaxParams = {
  /** Softmaxes (in vec4 with `inner`). */
  size: "u32",
  /** Elements of one (in vec4 with `along`). */
  n: "u32",
  /** Distance between them (in vec4 with `inner`). */
  inner: "u32",
} as const;

/** What is gathered over the axis (`m` and `s`; a gradient needs s alone) and what each element becomes. */
const formulas = {
  softmax: { inputs: ["x"], term: "", value: "exp(x - m) * share" },
  logSoftmax: { inputs: ["x"], term: "", value: "(x - m) - log_s" },
  softmaxGradient: { inputs: ["y", "gradient"], term: "y * gradient", value: "y * (gradient - s)" },
  logSoftmaxGradient: { inputs: ["y", "gradient"], term: "gradient", value: `gradient - ${passNan("y", "exp(y)", "V")} * s` },
} as const;

/** The inputs of a kind, by name and in order. */
export const softmaxInputs = (kind: SoftmaxOptions["kind"]): readonly string[] => formulas[kind].inputs;

/**
 * Along one axis: m = max x, s = Σ exp(x − m); softmax: exp(x − m) / s; logSoftmax: x − m − log s.
 * Gradients from the result y: softmax: y · (g − Σ y·g); logSoftmax: g − exp(y) · Σ g.
 *
 * Shapes: everything is [outer, n, inner], row-major, reduced over the middle axis.
 * Workgroup: 64 invocations, each with a column (or four) of its own, which it walks up to three times; with `shared` the whole
 * workgroup shares one row, each invocation every 64th (256th) element, and meets in workgroup memory for m and for s.
 * The maximum starts at the lowest finite number, so that −∞ counts as exp(−∞) = 0. A row with NaN or +∞ is NaN: both make m +∞, and that
 * makes s NaN. Sums are blocked by 32.
 * Cost: inputs are read two or three times (from cache when n is small), the output is written once; two exponentials per element.
 */
export function softmaxShader({ kind, vector, shared, inPlace }: SoftmaxOptions): string {
  const { inputs, term, value } = formulas[kind];
  const forward = term === "";
  const type = vector === "none" ? "f32" : "vec4<f32>";
  const bound = inputs.filter((name) => name !== inPlace);
  const load = inputs.map((name) => `let ${name} = ${name === inPlace ? "result" : `${name}_in`}[base + r * stride];`).join("\n    ");
  const lanes = (f: string, v: string) =>
    f === "max" ? `max(max(${v}.x, ${v}.y), max(${v}.z, ${v}.w))` : `(${v}.x + ${v}.y) + (${v}.z + ${v}.w)`;
  /** Merges lanes and invocations into one number, the same for all. */
  const gather = (name: string, f: "max" | "sum") => wgsl`
#if ${vector === "along"}
  ${name} = V(${lanes(f, name)}); // no NaN in a maximum
#endif
#if ${shared > 0}
  workgroupBarrier();
  partial[lane] = ${name}${vector === "none" ? "" : ".x"};
  workgroupBarrier();
  for (var half = ${shared / 2}u; half > 0u; half >>= 1u) {
    if (lane < half) {
      partial[lane] = ${f === "max" ? "max(partial[lane], partial[lane + half])" : "partial[lane] + partial[lane + half]"}; // no NaN in a maximum
    }
    workgroupBarrier();
  }
  ${name} = V(partial[0]);
#endif`;
  const sumLoop = (body: string) => `
  for (var block = first; block < params.n; block += 32u * step) {
    let stop = min(block + 32u * step, params.n);
    var some = V(0.0);
    for (var r = block; r < stop; r += step) {
    ${load}
      some += ${body};
    }
    s += some;
  }`;
  return wgsl`
${gridLibrary}
alias V = ${type};
alias U = ${type.replace("f32", "u32")};
${bound.map((name, i) => `@group(0) @binding(${i}) var<storage, read> ${name}_in: array<${type}>;`).join("\n")}
@group(0) @binding(${bound.length}) var<storage, read_write> result: array<${type}>;
struct Params {
  size: u32,
  n: u32,
  inner: u32,
}
@group(0) @binding(${bound.length + 1}) var<uniform> params: Params;
#if ${shared > 0}
var<workgroup> partial: array<f32, ${shared}>;
#endif

@compute @workgroup_size(${shared || 64})
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
#if ${shared > 0}
  let t = linear_workgroup(workgroup, workgroups);
  let first = lane;
  let step = ${shared}u;
#else
  let t = linear_workgroup(workgroup, workgroups) * 64u + lane;
  let first = 0u;
  let step = 1u;
#endif
  if (t >= params.size) {
    return;
  }
  let stride = params.inner;
  let base = (t / stride) * stride * params.n + t % stride;
#if ${forward}
  var m = V(-3.4028234663852886e38);
  var bits = U(0u);
  for (var r = first; r < params.n; r += step) {
    ${load}
    m = max(m, x); // its NaN is in bits
    bits = max(bits, ${magnitudeOf("x", "V")});
  }
  m = ${chooseBits("bits > U(0x7f800000u)", "V(bitcast<f32>(0x7f800000u | (params.size & 0u)))", "m", "V")};
  ${gather("m", "max")}
#endif
  var s = V(0.0);
  ${sumLoop(forward ? "exp(x - m)" : term)}
  ${gather("s", "sum")}
#if ${forward}
  s = ${chooseBits("bitcast<U>(m) == U(0x7f800000u)", `V(${nanFrom("params.size")})`, "s", "V")};
#endif
#if ${kind === "softmax"}
  let share = V(1.0) / s;
#endif
#if ${kind === "logSoftmax"}
  let log_s = ${passNan("s", "log(s)", "V")};
#endif
  for (var r = first; r < params.n; r += step) {
    ${load}
    result[base + r * stride] = ${value};
  }
}
`;
}
