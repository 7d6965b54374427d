import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { gridLibrary } from "./lib/grid.wgsl.ts";

/** How one input is read. */
export interface PointwiseInput {
  /** Variable name: a, b, c, … */
  readonly name: string;
  /** `linear`: like the output. `scalar`: one element for all. `strided`: by strides that are 0 along broadcast axes. */
  readonly mode: "linear" | "scalar" | "strided";
  /** With `vector`: constant along the innermost axis, so that one element serves four. */
  readonly splat: boolean;
  /** It is the output's buffer. */
  readonly inPlace: boolean;
}

export interface PointwiseOptions {
  /** Element type of inputs and output. */
  readonly dtype: "f32" | "i32" | "u32";
  readonly inputs: readonly PointwiseInput[];
  /** Number of axes that strided inputs are read along, after merging. */
  readonly rank: number;
  /** Four elements per invocation. The innermost axis must be a multiple of 4. */
  readonly vector: boolean;
  /** WGSL over the names of the inputs and `params`. */
  readonly expression: string;
  /** WGSL functions that the expression needs. */
  readonly library: string;
  /** Names of f32 params that the expression uses. */
  readonly attributes: readonly string[];
}

const letters = ["a", "b", "c", "d", "e", "f", "g"];

/** Params in order: `size` (elements, or vec4s), `each` (how many of them an invocation computes), sizes of the inner axes, strides of each strided input, then attributes. */
export function pointwiseParams(options: PointwiseOptions): string[] {
  const strided = options.inputs.filter((input) => input.mode === "strided");
  const names = ["size", "each"];
  if (strided.length > 0) for (let axis = 1; axis < options.rank; axis++) names.push(`n${axis}`);
  for (const { name } of strided) for (let axis = 0; axis < options.rank; axis++) names.push(`s${name}${axis}`);
  return names;
}

/**
 * y[i] = f(a[i], b[i], …) with NumPy broadcasting.
 *
 * Shapes: the output has `rank` axes after the host has merged neighbouring axes that all inputs walk alike; each input has a stride
 * per axis, 0 where it is broadcast. Row-major. With `vector` everything counts in vec4 along the innermost axis.
 * Workgroup: 64 invocations, which compute `each` times 64 elements (or vec4s); the grid is folded in x and y.
 * Cost: each input read once and the output written once; the function itself; `rank − 1` integer divisions where an input is strided.
 */
export function pointwiseShader(options: PointwiseOptions): string {
  const { inputs, rank, vector, dtype } = options;
  const element = (splat: boolean) => (vector && !splat ? `vec4<${dtype}>` : dtype);
  const bound = inputs.filter((input) => !input.inPlace);
  const declarations = bound
    .map(({ name, splat }, i) => `@group(0) @binding(${i}) var<storage, read> ${name}: array<${element(splat)}>;`)
    .join("\n");
  const fields = [...pointwiseParams(options).map((name) => `${name}: u32,`), ...options.attributes.map((name) => `${name}: f32,`)];
  const strided = inputs.filter((input) => input.mode === "strided");
  const coordinates: string[] = [];
  for (let axis = rank - 1; axis > 0; axis--)
    coordinates.push(`let x${axis} = rest % params.n${axis};\n      rest = rest / params.n${axis};`);
  coordinates.push("let x0 = rest;");
  const place = ({ name, mode }: PointwiseInput): string => {
    if (mode === "linear") return "i";
    if (mode === "scalar") return "0u";
    return Array.from({ length: rank }, (_, axis) => `x${axis} * params.s${name}${axis}`).join(" + ");
  };
  const loads = inputs
    .map((input) => {
      const value = `${input.inPlace ? "y" : input.name}[${place(input)}]`;
      return `let v${input.name} = ${vector && input.splat ? `vec4<${dtype}>(${value})` : value};`;
    })
    .join("\n      ");
  const call = (lane: string) => `compute(${inputs.map(({ name }) => `v${name}${lane}`).join(", ")})`;
  return wgsl`
${gridLibrary}
${options.library}
${declarations}
@group(0) @binding(${bound.length}) var<storage, read_write> y: array<${element(false)}>;
struct Params {
  ${fields.join("\n  ")}
}
@group(0) @binding(${bound.length + 1}) var<uniform> params: Params;

fn compute(${inputs.map(({ name }) => `${name}: ${dtype}`).join(", ")}) -> ${dtype} {
  return ${options.expression};
}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let first = linear_workgroup(workgroup, workgroups) * 64u * params.each + lane;
  for (var k = 0u; k < params.each; k++) {
    let i = first + k * 64u;
    if (i < params.size) {
#if ${strided.length > 0}
      var rest = i;
      ${coordinates.join("\n      ")}
#endif
      ${loads}
#if ${vector}
      y[i] = vec4<${dtype}>(${["x", "y", "z", "w"].map((lane) => call(`.${lane}`)).join(", ")});
#else
      y[i] = ${call("")};
#endif
    }
  }
}
`;
}

/** The variable name of the i-th input. */
export const pointwiseName = (i: number): string => letters[i];
