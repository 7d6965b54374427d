import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { gridLibrary } from "./lib/grid.wgsl.ts";
import { updateLibrary } from "./lib/update.wgsl.ts";

export interface RmspropShaderOptions {
  readonly centered: boolean;
  readonly momentum: boolean;
}

/**
 * RMSprop (Tieleman and Hinton 2012), centred as in Graves 2013, as PyTorch counts it.
 *
 *     g = g + weight_decay · p
 *     s = s + (1 - α)(g² - s)         a = a + (1 - α)(g - a)  (centred)
 *     q = g / (√s + ε), centred g / (√(s - a²) + ε)
 *     b = momentum · b + q            p = p - rate · b        (without momentum p - rate · q)
 *
 * `gain` is 1 - α. Memory: flat vec4 buffers of one segment, see Optimizer in src/graph/update.ts; gaps keep what they hold. Each of
 * 64 invocations of a workgroup updates one vec4. Cost: reads p, g and the states and writes p and the states, once.
 */
export const rmspropShader = (options: RmspropShaderOptions): string => {
  const states = ["square_average", ...(options.centered ? ["gradient_average"] : []), ...(options.momentum ? ["momentum"] : [])];
  const after = 2 + states.length;
  return wgsl`
${gridLibrary}
struct Params { size: u32, clip_value: f32, gain: f32, epsilon: f32, weight_decay: f32, momentum: f32 }
@group(0) @binding(0) var<storage, read_write> parameters: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> gradients: array<vec4<f32>>;
${states.map((name, i) => `@group(0) @binding(${2 + i}) var<storage, read_write> ${name}: array<vec4<f32>>;`).join("\n")}
@group(0) @binding(${after}) var<storage, read> blocks: array<u32>;
@group(0) @binding(${after + 1}) var<storage, read> control: array<u32>;
@group(0) @binding(${after + 2}) var<storage, read> rate: array<f32>;
@group(0) @binding(${after + 3}) var<uniform> params: Params;
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
  let g = clipped_gradient(i) + params.weight_decay * p;
  let old_s = square_average[i];
  let s = old_s + params.gain * (g * g - old_s);
  square_average[i] = select(old_s, s, lanes);
#if ${options.centered}
  let old_a = gradient_average[i];
  let a = old_a + params.gain * (g - old_a);
  gradient_average[i] = select(old_a, a, lanes);
  // Rounding may leave s a little below a².
  let root = sqrt(max(s - a * a, vec4<f32>(0.0))); // a step with NaN is skipped
#else
  let root = sqrt(s);
#endif
  var q = g / (root + params.epsilon);
#if ${options.momentum}
  let old_b = momentum[i];
  q += params.momentum * old_b;
  momentum[i] = select(old_b, q, lanes);
#endif
  parameters[i] = select(p, p - rate[0] * q, lanes);
}
`;
};
