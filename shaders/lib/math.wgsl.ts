import { nanBelowZero, passNan } from "./nan.wgsl.ts";

/** `inverse_root(x)`: 1 / √x for f32 or vec4<f32>; NaN for NaN and below 0, of which the built-in function may make a number. */
export const inverseRootLibrary = (type: "f32" | "vec4<f32>" = "f32"): string => `
fn inverse_root(x: ${type}) -> ${type} {
  return ${nanBelowZero("x", "inverseSqrt(x)", type)};
}
`;

/** `true_exp(x)`: exp(x), and NaN for NaN, which the built-in function may make a number. */
export const expLibrary = `
fn true_exp(x: f32) -> f32 {
  return ${passNan("x", "exp(x)")};
}
`;

/**
 * `accurate_tanh(x)`: relative error of a few units in the last place everywhere, exactly ±1 for large |x|, NaN for NaN alone.
 * WGSL's own `tanh` may be as coarse as 1e-5 and is NaN for large arguments on some drivers.
 *
 * |x| < 0.625: an odd polynomial, x + x³·p(x²) (coefficients: Cephes tanhf, Moshier 1992), which keeps the relative accuracy near 0.
 * Elsewhere: 1 − 2 / (exp(2|x|) + 1). There 1 is added to a number of at least 3.4, so nothing cancels, and the clamp to 15 is
 * invisible in f32, where tanh is 1 from 9.02 on.
 */
export const tanhLibrary = `
fn accurate_tanh(x: f32) -> f32 {
  let bits = bitcast<i32>(x);
  let magnitude = bits & 0x7fffffffi;
  let a = bitcast<f32>(min(magnitude, 0x41700000i)); // 15
  let z = a * a;
  let p = (((-5.70498872745e-3 * z + 2.06390887954e-2) * z - 5.37397155531e-2) * z + 1.33314422036e-1) * z - 3.33332819422e-1;
  let near = a + a * (z * p);
  let far = 1.0 - 2.0 / (exp(2.0 * a) + 1.0);
  let y = select(far, near, a < 0.625); // NaN is passed on below
  let with_sign = bitcast<i32>(y) | (bits ^ magnitude);
  return bitcast<f32>(select(with_sign, bits, magnitude > 0x7f800000i));
}
`;

/** `accurate_sigmoid(x)` = 1 / (1 + exp(−x)), through exp(−|x|), which cannot overflow and keeps small results relatively accurate; NaN for NaN. */
export const sigmoidLibrary = `
fn accurate_sigmoid(x: f32) -> f32 {
  let bits = bitcast<i32>(x);
  let magnitude = bits & 0x7fffffffi;
  let e = exp(-bitcast<f32>(min(magnitude, 0x42c80000i))); // 100
  let y = select(e, 1.0, bits == magnitude) / (1.0 + e);
  return bitcast<f32>(select(bitcast<i32>(y), bits, magnitude > 0x7f800000i));
}
`;

/**
 * `accurate_expm1(x)` = exp(x) − 1 without the cancellation near 0: for |x| < 0.5 the Taylor series to x⁹ in Horner form, whose first
 * dropped term is below 6e-10 of the result; it contains no difference that a compiler could fold.
 */
export const expm1Library = `
fn accurate_expm1(x: f32) -> f32 {
  let p = 1.0 + x * (1.0 / 8.0) * (1.0 + x * (1.0 / 9.0));
  let q = 1.0 + x * (1.0 / 5.0) * (1.0 + x * (1.0 / 6.0) * (1.0 + x * (1.0 / 7.0) * p));
  let near = x * (1.0 + x * 0.5 * (1.0 + x * (1.0 / 3.0) * (1.0 + x * 0.25 * q)));
  return ${passNan("x", "select(exp(x) - 1.0, near, abs(x) < 0.5)")};
}
`;
