import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { gridLibrary } from "./lib/grid.wgsl.ts";
import { updateLibrary } from "./lib/update.wgsl.ts";

export interface SgdShaderOptions {
  readonly momentum: boolean;
  readonly nesterov: boolean;
}

/**
 * Stochastic gradient descent, as PyTorch counts it.
 *
 *     d = g + weight_decay · p
 *     b = d on the first step, then momentum · b + keep · d, keep = 1 - dampening     (only with momentum)
 *     p = p - rate · (d + momentum · b with Nesterov, else b, or d without momentum)
 *
 * Memory: flat vec4 buffers of one segment, see Optimizer in src/graph/update.ts; gaps keep what they hold.
 * Each of 64 invocations of a workgroup updates one vec4. Cost: reads p, g (and b), writes p (and b), once.
 */
export const sgdShader = (options: SgdShaderOptions): string => wgsl`
${gridLibrary}
#if ${options.momentum}
struct Params { size: u32, clip_value: f32, weight_decay: f32, momentum: f32, keep: f32 }
@group(0) @binding(0) var<storage, read_write> parameters: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> gradients: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> momentum: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> blocks: array<u32>;
@group(0) @binding(4) var<storage, read> control: array<u32>;
@group(0) @binding(5) var<storage, read> rate: array<f32>;
@group(0) @binding(6) var<uniform> params: Params;
#else
struct Params { size: u32, clip_value: f32, weight_decay: f32 }
@group(0) @binding(0) var<storage, read_write> parameters: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> gradients: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> blocks: array<u32>;
@group(0) @binding(3) var<storage, read> control: array<u32>;
@group(0) @binding(4) var<storage, read> rate: array<f32>;
@group(0) @binding(5) var<uniform> params: Params;
#endif
${updateLibrary}
@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) id: vec3<u32>,
  @builtin(num_workgroups) grid: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let i = linear_workgroup(id, grid) * 64u + local;
  if (i >= params.size || control[1] != 0u) { return; }
  let lanes = updated_lanes(i);
  if (!any(lanes)) { return; }
  let p = parameters[i];
  let d = clipped_gradient(i) + params.weight_decay * p;
#if ${options.momentum}
  let old = momentum[i];
  var b = d;
  if (control[2] > 1u) { b = params.momentum * old + params.keep * d; }
  momentum[i] = select(old, b, lanes);
#if ${options.nesterov}
  let direction = d + params.momentum * b;
#else
  let direction = b;
#endif
#else
  let direction = d;
#endif
  parameters[i] = select(p, p - rate[0] * direction, lanes);
}
`;
