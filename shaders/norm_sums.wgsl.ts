import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { declare, reads, writes } from "./lib/declare.ts";
import { gridLibrary } from "./lib/grid.wgsl.ts";
import { inverseRootLibrary } from "./lib/math.wgsl.ts";
import { paramsStruct } from "./lib/params.wgsl.ts";
import { partLibrary, partParams } from "./lib/statistics.wgsl.ts";

export interface NormSumsOptions {
  readonly vector: "none" | "inner" | "along";
  /** Which axis of [outer, reduce, inner] mean and spread belong to. */
  readonly statistics: "inner" | "reduce" | "outer";
  /** What `spread` holds. */
  readonly spread: "variance" | "deviation";
  /** The gradient is multiplied with scale[r]. */
  readonly scaled: boolean;
}

/** Params in order; with `inner` the sizes count columns, with `along` elements of a row, in vec4. */
export const normSumsParams = { size: "u32", ...partParams, epsilon: "f32" } as const;

/**
 * products[o, p, i] = Σ_r a · x̂ and sums[o, p, i] = Σ_r a over the elements r of part p, where x̂ = (x − mean) / √(variance + ε) and
 * a = gradient, or gradient · scale[r]. For normalised rows and columns these are the gradients of scale and shift, and what the
 * gradient to x needs.
 *
 * Shapes: x and gradient [outer, reduce, inner], results [outer, chunks, inner], row-major; mean and spread along one of the axes.
 * With more than one part pair_sums adds the parts in order.
 * Workgroup: 64 invocations, one pair of results (or of vec4s of results) each; the grid is folded in x and y. Sums are blocked: 32
 * elements at a time, so that rounding grows with n / 32 and not with n.
 * Cost: x and gradient read once, five operations per element.
 */
export function normSumsShader({ vector, statistics, spread, scaled }: NormSumsOptions): string {
  const element = vector === "none" ? "f32" : "vec4<f32>";
  const result = vector === "inner" ? "vec4<f32>" : "f32";
  const statistic = vector === "inner" && statistics === "inner" ? "vec4<f32>" : "f32";
  const along = vector === "along";
  const factor = (i: string) => (spread === "variance" ? `inverse_root(spread[${i}] + params.epsilon)` : `spread[${i}]`);
  const place = statistics === "inner" ? "t % params.inner" : "t / params.inner / params.chunks";
  const inLoop = statistics === "reduce";
  const fold = (v: string) => (along ? `(${v}.x + ${v}.y) + (${v}.z + ${v}.w)` : v);
  return wgsl`
${gridLibrary}
${spread === "variance" ? inverseRootLibrary(statistic) : ""}
${paramsStruct(normSumsParams)}
${declare([
  reads("x", element),
  reads("mean", statistic),
  reads("spread", statistic),
  reads("gradient", element),
  scaled && reads("scale", along ? "vec4<f32>" : "f32"),
  writes("products", result),
  writes("sums", result),
])}
alias V = ${element};
${partLibrary}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let t = linear_workgroup(workgroup, workgroups) * 64u + lane;
  if (t >= params.size) {
    return;
  }
  let part = (t / params.inner) % params.chunks;
  let base = (t / params.inner / params.chunks) * params.reduce * params.inner + t % params.inner;
  let end = part_end(part);
#if ${!inLoop}
  let middle = V(mean[${place}]);
  let factor = V(${factor(place)});
#endif
  var product = V(0.0);
  var plain = V(0.0);
  for (var block = part_begin(part); block < end; block += 32u * params.step) {
    let stop = min(block + 32u * params.step, end);
    var some_product = V(0.0);
    var some_plain = V(0.0);
    for (var r = block; r < stop; r += params.step) {
      let i = base + r * params.inner;
#if ${inLoop}
      let middle = V(mean[r]);
      let factor = V(${factor("r")});
#endif
#if ${scaled}
      let a = gradient[i] * V(scale[r]);
#else
      let a = gradient[i];
#endif
      some_product += a * ((x[i] - middle) * factor);
      some_plain += a;
    }
    product += some_product;
    plain += some_plain;
  }
  products[t] = ${fold("product")};
  sums[t] = ${fold("plain")};
}
`;
}
