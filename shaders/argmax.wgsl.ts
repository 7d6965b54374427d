import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { gridLibrary } from "./lib/grid.wgsl.ts";
import { firstLibrary, joinStates, type OrderOptions, orderLibrary, sharedStates } from "./lib/order.wgsl.ts";
import { paramsStruct } from "./lib/params.wgsl.ts";

export interface ArgmaxOptions extends Required<Pick<OrderOptions, "dtype" | "smallest">> {
  /** `inner`: four columns at a time (inner % 4 = 0). `along`: four elements of a row at a time (inner = 1, n % 4 = 0). */
  readonly vector: "none" | "inner" | "along";
  /** Invocations of the workgroup that share one row (inner = 1); 0: an invocation searches alone. */
  readonly shared: 0 | 64 | 256;
}

/** Params in order. */
export const argmaxParams = {
  /** Results: outer · chunks · inner (in vec4 with `inner`). */
  size: "u32",
  /** Elements along the axis (in vec4 with `along`). */
  n: "u32",
  /** Distance between them (in vec4 with `inner`). */
  inner: "u32",
  /** Elements of one part of the axis (in vec4 with `along`), and parts. */
  chunk: "u32",
  chunks: "u32",
} as const;

/**
 * y[o, p, i] = the index along the middle axis of the largest (smallest) of x[o, r, i] over the elements r of part p, the lowest where
 * several are equal; a NaN counts as the largest (smallest), see shaders/lib/order.
 *
 * Shapes: x [outer, n, inner], bound as bits, y i32 [outer, chunks, inner], row-major. With more than one part argmax_merge chooses among them.
 * Workgroup: 64 invocations with one result (or vec4 of results) each; with `shared` the whole workgroup shares a row, each invocation
 * takes every 64th (256th) element, then a tree in workgroup memory. The grid is folded in x and y.
 * Cost: x read once, y written once, a handful of integer operations per element.
 */
export function argmaxShader({ dtype, smallest, vector, shared }: ArgmaxOptions): string {
  const element = vector === "none" ? "u32" : "vec4<u32>";
  const lanes = ["x", "y", "z", "w"];
  return wgsl`
${gridLibrary}
@group(0) @binding(0) var<storage, read> x: array<${element}>;
@group(0) @binding(1) var<storage, read_write> y: array<${vector === "inner" ? "vec4<i32>" : "i32"}>;
${paramsStruct(argmaxParams)}
@group(0) @binding(2) var<uniform> params: Params;
${orderLibrary({ dtype, smallest, vector: vector !== "none" })}
${firstLibrary}
#if ${shared > 0}
${sharedStates(shared)}
#endif

@compute @workgroup_size(${shared || 64})
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
#if ${shared > 0}
  let t = linear_workgroup(workgroup, workgroups);
  let offset = lane;
#else
  let t = linear_workgroup(workgroup, workgroups) * 64u + lane;
  let offset = 0u;
#endif
  if (t >= params.size) {
    return;
  }
  let part = (t / params.inner) % params.chunks;
  let base = (t / params.inner / params.chunks) * params.n * params.inner + t % params.inner;
  let end = min((part + 1u) * params.chunk, params.n);
  let begin = part * params.chunk + offset;
  // An invocation that has nothing to look at has the last place of all.
  let exists = begin < end;
  var best = select(K(0u), key_of(x[base + min(begin, end - 1u) * params.inner]), exists);
  var at = select(K(0xffffffffu), K(begin), exists);
  for (var r = begin + ${shared || 1}u; r < end; r += ${shared || 1}u) {
    let key = key_of(x[base + r * params.inner]);
    let better = key > best;
    best = select(best, key, better);
    at = select(at, K(r), better);
  }
#if ${vector === "inner"}
  y[t] = vec4<i32>(at);
#else
#if ${vector === "along"}
  let places = at * 4u + vec4<u32>(0u, 1u, 2u, 3u);
  var state = State(best.x, places.x);
${lanes
  .slice(1)
  .map((l) => `  state = first_of(state, State(best.${l}, places.${l}));`)
  .join("\n")}
#else
  var state = State(best, at);
#endif
#if ${shared > 0}
${joinStates(shared)}
  if (lane == 0u) {
    y[t] = i32(state.at);
  }
#else
  y[t] = i32(state.at);
#endif
#endif
}
`;
}
