import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { gridLibrary } from "./lib/grid.wgsl.ts";
import { paramsStruct } from "./lib/params.wgsl.ts";
import { type Reduction, reductionLibrary, stateType } from "./lib/reduce.wgsl.ts";

export interface ReduceOptions {
  readonly reduction: Reduction;
  /** `inner`: four columns at a time (inner % 4 = 0). `along`: four elements of a row at a time (inner = 1, reduce % 4 = 0). */
  readonly vector: "none" | "inner" | "along";
  /** Invocations of the workgroup that share one row; 0: an invocation reduces alone. */
  readonly shared: 0 | 64 | 256;
}

/** Params in order. */
export const reduceParams = {
  /** Outputs: outer · chunks · inner (in vec4 with `inner`). */
  size: "u32",
  /** Elements of a reduction (in vec4 with `along`). */
  reduce: "u32",
  /** Distance between them (in vec4 with `inner`). */
  inner: "u32",
  /** Elements of one part of a reduction (in vec4 with `along`), and parts of one reduction. */
  chunk: "u32",
  chunks: "u32",
  /** The bits of the result of an empty reduction (which may be infinite), where the kind of reduction uses it. */
  empty: "u32",
  /** A factor for the result, where the kind of reduction says so. */
  scale: "f32",
} as const;

/**
 * y[o, c, i] = finish(reduce over r in part c of x[o, r, i]).
 *
 * Shapes: x [outer, reduce, inner], y [outer, chunks, inner], row-major. With more than one part a second dispatch reduces y along
 * its middle axis, so a reduction of any length keeps the whole device busy, and always in the same order.
 * Workgroup: 64 invocations, one output (or vec4 of outputs) each; with `shared` the whole workgroup reduces one row, each invocation
 * every 64th (256th) element, then a tree in workgroup memory. The grid is folded in x and y.
 * Sums are blocked: an invocation takes 32 elements at a time (times 4 lanes with `along`), so that rounding grows with n / 32 and not with n.
 * Cost: x read once, y written once, one operation per element.
 */
export function reduceShader({ reduction, vector, shared }: ReduceOptions): string {
  const element = vector === "none" ? "f32" : "vec4<f32>";
  const result = vector === "inner" ? "vec4<f32>" : "f32";
  const lane = vector === "along" ? ".x" : "";
  const { fields } = reduction;
  return wgsl`
${gridLibrary}
@group(0) @binding(0) var<storage, read> x: array<${element}>;
@group(0) @binding(1) var<storage, read_write> y: array<${result}>;
${paramsStruct(reduceParams)}
@group(0) @binding(2) var<uniform> params: Params;
${reductionLibrary(reduction, vector !== "none")}
#if ${shared > 0}
${fields.map((field) => `var<workgroup> shared_${field}: array<${stateType(field) === "U" ? "u32" : "f32"}, ${shared}>;`).join("\n")}

@compute @workgroup_size(${shared})
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let t = linear_workgroup(workgroup, workgroups);
  if (t >= params.size) {
    return;
  }
  let part = t % params.chunks;
  let row = (t / params.chunks) * params.reduce;
  let first = part * params.chunk;
  let end = min(first + params.chunk, params.reduce);
  var total = start_state();
  for (var block = first + lane; block < end; block += ${32 * shared}u) {
    let stop = min(block + ${32 * shared}u, end);
    var some = start_state();
    for (var r = block; r < stop; r += ${shared}u) {
      some = accept(some, x[row + r]);
    }
    total = merge_states(total, some);
  }
  total = fold(total);
  ${fields.map((field) => `shared_${field}[lane] = total.${field}${lane};`).join("\n  ")}
  workgroupBarrier();
  for (var half = ${shared / 2}u; half > 0u; half >>= 1u) {
    if (lane < half) {
      total = merge_states(total, State(${fields.map((field) => `${stateType(field)}(shared_${field}[lane + half])`).join(", ")}));
      ${fields.map((field) => `shared_${field}[lane] = total.${field}${lane};`).join("\n      ")}
    }
    workgroupBarrier();
  }
  if (lane == 0u) {
    y[t] = finish(total)${lane};
  }
}
#else
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
  // A division is dear to compile and to run: two of them.
  let above = t / params.inner;
  let i = t - above * params.inner;
  let outer = above / params.chunks;
  let part = above - outer * params.chunks;
  let base = outer * params.reduce * params.inner + i;
  let first = part * params.chunk;
  let end = min(first + params.chunk, params.reduce);
  var total = start_state();
  for (var block = first; block < end; block += 32u) {
    let stop = min(block + 32u, end);
    var some = start_state();
    var r = block;
#if ${reduction.cheap === true}
    // Four at a time: loads then need not wait for one another.
    for (; r + 4u <= stop; r += 4u) {
      let i0 = base + r * params.inner;
      let x0 = x[i0];
      let x1 = x[i0 + params.inner];
      let x2 = x[i0 + 2u * params.inner];
      let x3 = x[i0 + 3u * params.inner];
      some = accept(accept(accept(accept(some, x0), x1), x2), x3);
    }
#endif
    for (; r < stop; r++) {
      some = accept(some, x[base + r * params.inner]);
    }
    total = merge_states(total, some);
  }
  y[t] = finish(fold_lanes(total))${lane};
}

fn fold_lanes(state: State) -> State {
#if ${vector === "along"}
  return fold(state);
#else
  return state;
#endif
}
#endif
`;
}
