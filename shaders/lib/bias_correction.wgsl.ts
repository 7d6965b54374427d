/**
 * 1 - β^t from ln β (computed by the host in f64) and t ≥ 1, accurate in f32 also where β^t is next to 1: -expm1(t · ln β).
 * For -4 < x the series of expm1(x / 8) is doubled three times by expm1(2y) = e · (e + 2), which does not enlarge errors for x < 0.
 */
export const biasCorrectionLibrary = `
fn bias_correction(log_beta: f32, step: u32) -> f32 {
  let x = log_beta * f32(step);
  if (x <= -4.0) { return 1.0 - exp(x); }
  let y = x * 0.125;
  var e = y * (1.0 + y * (0.5 + y * (0.16666667 + y * (0.041666668 + y * (0.0083333333 + y * (0.0013888889 + y * 0.00019841270))))));
  e = e * (e + 2.0);
  e = e * (e + 2.0);
  return -e * (e + 2.0);
}
`;
