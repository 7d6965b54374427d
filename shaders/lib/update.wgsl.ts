/**
 * What all update kernels share: which lanes of vec4 number `i` belong to a variable, and the gradient as the rule sees it
 * (scaled, then clamped). The kernel declares `blocks`, `control`, `gradients` and `params.clip_value`.
 * Control words: 0 scale, 1 skip, 2 step; see CONTROL in src/graph/update.ts.
 */
export const updateLibrary = `
fn updated_lanes(i: u32) -> vec4<bool> {
  let lane = vec4<u32>(0u, 1u, 2u, 3u) + (i % 16u) * 4u;
  return lane < vec4<u32>(blocks[i / 16u]);
}
fn clipped_gradient(i: u32) -> vec4<f32> {
  let limit = vec4<f32>(params.clip_value);
  return clamp(gradients[i] * bitcast<f32>(control[0]), -limit, limit); // a step with NaN is skipped
}
`;
