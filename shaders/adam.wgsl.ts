import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { gridLibrary } from "./lib/grid.wgsl.ts";
import { expm1Library } from "./lib/math.wgsl.ts";
import { updateLibrary } from "./lib/update.wgsl.ts";

/**
 * Adam (Kingma and Ba 2015) and AdamW (Loshchilov and Hutter 2019), as PyTorch counts them, at step t.
 *
 *     Adam: g = g + weight_decay · p          AdamW (`decoupled`): p = p · (1 - rate · weight_decay)
 *     m = m + (1 - β1)(g - m)                 v = v + (1 - β2)(g² - v)
 *     p = p - rate / (1 - β1^t) · m / (√v / √(1 - β2^t) + ε)
 *
 * `gain1` and `gain2` are 1 - β1 and 1 - β2, `log_beta1` and `log_beta2` the logarithms of β1 and β2, all from f64: 1 - 0.999 taken
 * in f32 would be wrong by 3e-5, and 1 - β^t is -expm1(t ln β). Memory: flat vec4 buffers of one segment, see Optimizer in src/graph/update.ts; gaps keep what
 * they hold. Each of 64 invocations of a workgroup updates one vec4. Cost: reads p, g, m, v and writes p, m, v, once.
 */
export const adamShader = (options: { readonly decoupled: boolean }): string => wgsl`
${gridLibrary}
${expm1Library}
struct Params {
  size: u32, clip_value: f32,
  gain1: f32, gain2: f32, log_beta1: f32, log_beta2: f32, epsilon: f32, weight_decay: f32,
}
@group(0) @binding(0) var<storage, read_write> parameters: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> gradients: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> first_moment: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> second_moment: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read> blocks: array<u32>;
@group(0) @binding(5) var<storage, read> control: array<u32>;
@group(0) @binding(6) var<storage, read> rate: array<f32>;
@group(0) @binding(7) var<uniform> params: Params;
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
  let old = parameters[i];
  let old_m = first_moment[i];
  let old_v = second_moment[i];
  var p = old;
  var g = clipped_gradient(i);
#if ${options.decoupled}
  p -= rate[0] * params.weight_decay * p;
#else
  g += params.weight_decay * p;
#endif
  let m = old_m + params.gain1 * (g - old_m);
  let v = old_v + params.gain2 * (g * g - old_v);
  let t = f32(control[2]);
  let step = rate[0] / -accurate_expm1(t * params.log_beta1);
  let root = sqrt(-accurate_expm1(t * params.log_beta2));
  p -= step * m / (sqrt(v) / root + params.epsilon);
  first_moment[i] = select(old_m, m, lanes);
  second_moment[i] = select(old_v, v, lanes);
  parameters[i] = select(old, p, lanes);
}
`;
