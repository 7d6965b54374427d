import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { gridLibrary } from "./lib/grid.wgsl.ts";

export interface CopyOptions {
  /** Copies nothing when `guard[0]` is not 0: variables keep their values after something was not finite. */
  readonly guarded: boolean;
}

/**
 * y = x, bit for bit, as u32 words.
 *
 * `x` and `y` have `params.size` words. One invocation copies one word; workgroups of 64 over a folded grid.
 * Cost: 8 bytes per word.
 */
export const copyShader = ({ guarded }: CopyOptions) => wgsl`
struct Params { size: u32 }
@group(0) @binding(0) var<storage, read> x: array<u32>;
@group(0) @binding(1) var<storage, read_write> y: array<u32>;
#if ${guarded}
@group(0) @binding(2) var<storage, read> guard: array<u32>;
@group(0) @binding(3) var<uniform> params: Params;
#else
@group(0) @binding(2) var<uniform> params: Params;
#endif
${gridLibrary}
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(num_workgroups) count: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
#if ${guarded}
  if (guard[0] != 0u) { return; }
#endif
  let i = linear_workgroup(id, count) * 64u + lane;
  if (i < params.size) { y[i] = x[i]; }
}
`;
