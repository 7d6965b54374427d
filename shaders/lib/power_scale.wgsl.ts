/**
 * Scaling by powers of two, so that squares of any finite f32 neither overflow nor vanish. For the bits of a magnitude m:
 * `scale_down` is 2^-e with m · 2^-e in [0.5, 1) (up to 4 for the largest two exponents); `scale_up` is its inverse 2^e.
 * `rescaled` brings a sum of squares that was taken with the scale of m to the common scale of a larger magnitude; all exact.
 */
export const powerScaleLibrary = `
fn scale_down(magnitude: u32) -> f32 {
  return bitcast<f32>((253u - min(magnitude >> 23u, 252u)) << 23u);
}
fn scale_up(magnitude: u32) -> f32 {
  return bitcast<f32>((min(magnitude >> 23u, 252u) + 1u) << 23u);
}
fn rescaled(sum: f32, magnitude: u32, shared_scale: f32) -> f32 {
  let ratio = scale_up(magnitude) * shared_scale;
  return sum * ratio * ratio;
}
`;
