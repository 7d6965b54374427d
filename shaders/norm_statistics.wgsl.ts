import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { gridLibrary } from "./lib/grid.wgsl.ts";
import { inverseRootLibrary } from "./lib/math.wgsl.ts";
import { paramsStruct } from "./lib/params.wgsl.ts";
import { partLibrary, partParams, statisticsLibrary } from "./lib/statistics.wgsl.ts";

/** What is written beside the mean: the centred sum of squares, the variance, or 1 / √(variance + ε). */
export type Spread = "squares" | "variance" | "deviation";

export interface NormStatisticsOptions {
  /** `inner`: four columns at a time (inner % 4 = 0). `along`: four elements of a row at a time (inner = 1, reduce % 4 = 0). */
  readonly vector: "none" | "inner" | "along";
  readonly spread: Spread;
}

/** Params in order; with `inner` the sizes count columns, with `along` elements of a row, in vec4. */
export const normStatisticsParams = { size: "u32", ...partParams, epsilon: "f32" } as const;

/** An expression for the second result, over `state` and `params.epsilon`. Needs inverseRootLibrary. */
export const spreadExpression = (spread: Spread, state: string): string => {
  if (spread === "squares") return `${state}.squares`;
  const variance = `${state}.squares / ${state}.n`;
  return spread === "variance" ? variance : `inverse_root(${variance} + params.epsilon)`;
};

/**
 * mean[o, p, i] and spread[o, p, i] of x[o, r, i] over the elements r of part p.
 *
 * Shapes: x [outer, reduce, inner], results [outer, chunks, inner], row-major. With more than one part the spread is the centred sum of
 * squares, and norm_merge merges the parts in order.
 * Eight elements at a time give their mean and then their squares about it; these are merged, 32 times into a state that is merged
 * into the total. Nothing large is ever subtracted, so a mean far from 0 costs no accuracy, and x is read once.
 * Workgroup: 64 invocations, one result (or vec4 of results) each; the grid is folded in x and y.
 * Cost: x read once, four operations per element.
 */
export function normStatisticsShader({ vector, spread }: NormStatisticsOptions): string {
  const element = vector === "none" ? "f32" : "vec4<f32>";
  const result = vector === "inner" ? "vec4<f32>" : "f32";
  const eight = [0, 1, 2, 3, 4, 5, 6, 7];
  const along = vector === "along";
  return wgsl`
${gridLibrary}
@group(0) @binding(0) var<storage, read> x: array<${element}>;
@group(0) @binding(1) var<storage, read_write> mean: array<${result}>;
@group(0) @binding(2) var<storage, read_write> spread: array<${result}>;
${paramsStruct(normStatisticsParams)}
@group(0) @binding(3) var<uniform> params: Params;
${statisticsLibrary(vector !== "none")}
${spread === "squares" || spread === "variance" ? "" : inverseRootLibrary(result)}
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
  let pace = params.step * params.inner;
  var total = State(0.0, V(0.0), V(0.0));
  for (var block = part_begin(part); block < end; block += 256u * params.step) {
    let stop = min(block + 256u * params.step, end);
    var some = State(0.0, V(0.0), V(0.0));
    var r = block;
    for (; r + 7u * params.step < stop; r += 8u * params.step) {
      let i = base + r * params.inner;
      ${eight.map((k) => `let x${k} = x[i + ${k}u * pace];`).join("\n      ")}
      let m = (((x0 + x1) + (x2 + x3)) + ((x4 + x5) + (x6 + x7))) * 0.125;
      ${eight.map((k) => `let d${k} = x${k} - m;`).join("\n      ")}
      let squares = ((d0 * d0 + d1 * d1) + (d2 * d2 + d3 * d3)) + ((d4 * d4 + d5 * d5) + (d6 * d6 + d7 * d7));
      some = merge_states(some, State(8.0, m, squares));
    }
    for (; r < stop; r += params.step) {
      some = merge_states(some, State(1.0, x[base + r * params.inner], V(0.0)));
    }
    total = merge_states(total, some);
  }
#if ${along}
  let m = total.mean;
  let middle = ((m.x + m.y) + (m.z + m.w)) * 0.25;
  let d = m - vec4<f32>(middle);
  let q = total.squares + d * d * total.n;
  let folded = Folded(4.0 * total.n, middle, (q.x + q.y) + (q.z + q.w));
  mean[t] = folded.mean;
  spread[t] = ${spreadExpression(spread, "folded")};
#else
  mean[t] = total.mean;
  spread[t] = ${spreadExpression(spread, "total")};
#endif
}
#if ${along}
struct Folded {
  n: f32,
  mean: f32,
  squares: f32,
}
#endif
`;
}
