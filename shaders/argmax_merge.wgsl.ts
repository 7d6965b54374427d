import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import type { ArgmaxOptions } from "./argmax.wgsl.ts";
import { gridLibrary } from "./lib/grid.wgsl.ts";
import { firstLibrary, joinStates, orderLibrary, sharedStates } from "./lib/order.wgsl.ts";
import { paramsStruct } from "./lib/params.wgsl.ts";

export interface ArgmaxMergeOptions extends Pick<ArgmaxOptions, "dtype" | "smallest"> {
  /** 64 invocations share one result; else one finds it alone. */
  readonly shared: boolean;
}

/** Params in order: `size` results, elements along the axis, the distance between them, parts. */
export const argmaxMergeParams = { size: "u32", n: "u32", inner: "u32", chunks: "u32" } as const;

/**
 * Second level of argmax: y[o, i] = that of parts[o, ·, i] whose element of x comes first in order.
 *
 * Shapes: x [outer, n, inner] as bits, parts i32 [outer, chunks, inner] (indices along n), y i32 [outer, inner], row-major.
 * Workgroup: 64 invocations, one result each; with `shared` they share one, each taking every 64th part, then a tree in workgroup memory.
 * Cost: parts read once, and as many elements of x, wherever they lie.
 */
export function argmaxMergeShader({ dtype, smallest, shared }: ArgmaxMergeOptions): string {
  return wgsl`
${gridLibrary}
@group(0) @binding(0) var<storage, read> x: array<u32>;
@group(0) @binding(1) var<storage, read> parts: array<i32>;
@group(0) @binding(2) var<storage, read_write> y: array<i32>;
${paramsStruct(argmaxMergeParams)}
@group(0) @binding(3) var<uniform> params: Params;
${orderLibrary({ dtype, smallest })}
${firstLibrary}
#if ${shared}
${sharedStates(64)}
#endif

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
#if ${shared}
  let t = linear_workgroup(workgroup, workgroups);
  let first = lane;
#else
  let t = linear_workgroup(workgroup, workgroups) * 64u + lane;
  let first = 0u;
#endif
  if (t >= params.size) {
    return;
  }
  let i = t % params.inner;
  let outer = t / params.inner;
  var state = State(0u, 0xffffffffu);
  for (var part = first; part < params.chunks; part += ${shared ? 64 : 1}u) {
    let at = u32(parts[(outer * params.chunks + part) * params.inner + i]);
    state = first_of(state, State(key_of(x[(outer * params.n + at) * params.inner + i]), at));
  }
#if ${shared}
${joinStates(64)}
  if (lane == 0u) {
    y[t] = i32(state.at);
  }
#else
  y[t] = i32(state.at);
#endif
}
`;
}
