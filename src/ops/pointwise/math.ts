import { expm1Library } from "../../../shaders/lib/math.wgsl.ts";
import { chooseBits, isNan, isNegative, isPositive, nanBelowZero, passNan } from "../../../shaders/lib/nan.wgsl.ts";
import type { Op } from "../../graph/op.ts";
import { applyOne, constant, type F32 } from "../../graph/tensor.ts";
import type { Shape } from "../../graph/types.ts";
import { affine } from "./affine.ts";
import { div, mul } from "./arithmetic.ts";
import { applyUnary, checkNumber, checkTensor, pointwise, TINY, U } from "./define.ts";
import { maskedOp } from "./select.ts";

type None = Record<never, never>;

/** eˣ. WGSL allows 3 + 2|x| units in the last place. */
export const expOp: Op<None> = /* @__PURE__ */ pointwise<None>({
  name: "exp",
  inputs: ["x"],
  wgsl: () => passNan("a", "exp(a)"),
  value: ([x]) => Math.exp(x),
  error: ([x], y) => U * (6 + 2 * Math.abs(x)) * y,
  gradient: ({ outputs: [y], gradients: [g] }) => [mul(g as F32, y as F32)],
});

/** eˣ − 1. */
export const expm1Op: Op<None> = /* @__PURE__ */ pointwise<None>({
  name: "expm1",
  inputs: ["x"],
  library: expm1Library,
  wgsl: "accurate_expm1(a)",
  value: ([x]) => Math.expm1(x),
  // A polynomial near 0; elsewhere what exp loses.
  error: ([x], y) => U * (8 * Math.abs(y) + (Math.abs(x) < 0.5 ? 0 : (6 + 2 * Math.abs(x)) * Math.exp(x))),
  gradient: ({ outputs: [y], gradients: [g] }) => [mul(g as F32, affine(y as F32, 1, 1))],
  flops: 20,
});

/** ln x. WGSL allows an absolute error of 2^-21 between 0.5 and 2 and 3 units in the last place elsewhere. */
export const logOp: Op<None> = /* @__PURE__ */ pointwise<None>({
  name: "log",
  inputs: ["x"],
  wgsl: () => nanBelowZero("a", "log(a)"),
  value: ([x]) => Math.log(x),
  error: ([x], y) => (x >= 0.5 && x <= 2 ? 2 ** -21 : 6 * U * Math.abs(y)),
  gradient: ({ inputs: [x], gradients: [g] }) => [div(g as F32, x as F32)],
});

/** √x. */
export const sqrtOp: Op<None> = /* @__PURE__ */ pointwise<None>({
  name: "sqrt",
  inputs: ["x"],
  wgsl: () => nanBelowZero("a", "sqrt(a)"),
  value: ([x]) => Math.sqrt(x),
  error: (_, y) => 6 * U * y,
  gradient: ({ outputs: [y], gradients: [g] }) => [div(affine(g as F32, 0.5, 0), y as F32)],
});

/** x². */
export const squareOp: Op<None> = /* @__PURE__ */ pointwise<None>({
  name: "square",
  inputs: ["x"],
  wgsl: "a * a",
  value: ([x]) => x * x,
  error: (_, y) => U * y,
  gradient: ({ inputs: [x], gradients: [g] }) => [scaledProduct(g as F32, x as F32, 2)],
});

/** scale · a · b for a and b of one shape. */
export const scaledProductOp: Op<{ readonly scale: number }> = /* @__PURE__ */ pointwise<{ readonly scale: number }>({
  name: "scaledProduct",
  inputs: ["a", "b"],
  wgsl: "params.scale * a * b",
  params: ({ scale }) => ({ scale }),
  value: ([a, b], { scale }) => scale * a * b,
  error: (_, y) => 3 * U * Math.abs(y),
  gradient: ({ inputs: [a, b], gradients: [g], needs, attributes: { scale } }) => [
    needs[0] ? scaledProduct(g as F32, b as F32, scale) : undefined,
    needs[1] ? scaledProduct(g as F32, a as F32, scale) : undefined,
  ],
  flops: 2,
});

const scaledProduct = <S extends Shape>(a: F32<S>, b: F32, scale: number): F32<S> => applyOne(scaledProductOp, [a, b], { scale });

/** |x|. */
export const absOp: Op<None> = /* @__PURE__ */ pointwise<None>({
  name: "abs",
  inputs: ["x"],
  wgsl: "abs(a)",
  value: ([x]) => Math.abs(x),
  error: () => 0,
  gradient: ({ inputs: [x], gradients: [g] }) => [signed(g as F32, x as F32)],
});

/** a with the sign that b gives it: a where b > 0, −a where b < 0, 0 where b is 0 or NaN, as in PyTorch. */
export const signedOp: Op<None> = /* @__PURE__ */ pointwise<None>({
  name: "signed",
  inputs: ["a", "b"],
  wgsl: () => `select(select(0.0, -a, ${isNegative("b")}), a, ${isPositive("b")})`,
  value: ([a, b]) => (b > 0 ? a : b < 0 ? -a : 0),
  error: () => 0,
  gradient: ({ inputs: [, b], gradients: [g], needs }) => [needs[0] ? signed(g as F32, b as F32) : undefined, undefined],
});

/** a · sign(b) for a and b of one shape. */
export const signed = <S extends Shape>(a: F32<S>, b: F32): F32<S> => applyOne(signedOp, [a, b], {});

/**
 * xᵖ by the magnitude and the sign apart, because WGSL's pow is not defined for negative x. As in C and PyTorch: 1 for p = 0 whatever x
 * is, NaN too; NaN for a negative number to a power that is not whole.
 */
export const powOp: Op<{ readonly exponent: number }> = /* @__PURE__ */ pointwise<{ readonly exponent: number }>({
  name: "pow",
  inputs: ["x"],
  wgsl: ({ exponent }) => {
    if (exponent === 0) return "1.0";
    const magnitude = `select(pow(abs(a), params.exponent), ${exponent > 0 ? "0.0" : "1.0 / abs(a)"}, a == 0.0)`;
    if (!Number.isInteger(exponent)) {
      const undefinedFor = `${isNan("a")} || bitcast<u32>(a) - 0x80000001u < 0x7f7fffffu`;
      return chooseBits(undefinedFor, "bitcast<f32>(bitcast<u32>(a) | 0x7fc00000u)", magnitude);
    }
    return passNan("a", exponent % 2 === 0 ? magnitude : `(select(1.0, -1.0, ${isNegative("a")}) * ${magnitude})`);
  },
  params: ({ exponent }): Record<string, number> => (exponent === 0 ? {} : { exponent }),
  check: ({ exponent }) => checkNumber("pow", "exponent", exponent),
  value: ([x], { exponent }) => x ** exponent,
  // pow(x, p) is exp2(p · log2 x): what is lost in the product grows with its magnitude.
  error: ([x], y, { exponent }) => U * (8 + 4 * Math.abs(exponent * Math.log2(Math.max(Math.abs(x), TINY)))) * Math.abs(y),
  gradient: ({ inputs: [x], gradients: [g], attributes: { exponent } }) => [
    // x⁰ is 1 everywhere: 0, where 0 · x⁻¹ would be NaN at 0.
    exponent === 0 ? nothing(g as F32) : scaledProduct(g as F32, pow(x as F32, exponent - 1), exponent),
  ],
  flops: 2,
});

/** 0, of the shape of g and whatever it holds. */
const nothing = (g: F32): F32 => applyOne(maskedOp, [g, constant(0, [])], { keep: true });

/** eˣ elementwise. Shape of x. */
export function exp<S extends Shape>(x: F32<S>): F32<S> {
  return applyUnary(expOp, x);
}

/** eˣ − 1 elementwise, relatively accurate near 0. Shape of x. */
export function expm1<S extends Shape>(x: F32<S>): F32<S> {
  return applyUnary(expm1Op, x);
}

/** ln x elementwise; −∞ for 0 and NaN below. Shape of x. */
export function log<S extends Shape>(x: F32<S>): F32<S> {
  return applyUnary(logOp, x);
}

/** √x elementwise; NaN below 0. Its derivative at 0 is ∞, as in PyTorch. Shape of x. */
export function sqrt<S extends Shape>(x: F32<S>): F32<S> {
  return applyUnary(sqrtOp, x);
}

/** x² elementwise. Shape of x. */
export function square<S extends Shape>(x: F32<S>): F32<S> {
  return applyUnary(squareOp, x);
}

/** |x| elementwise; its derivative at 0 is 0. Shape of x. */
export function abs<S extends Shape>(x: F32<S>): F32<S> {
  return applyUnary(absOp, x);
}

/**
 * x to the power of a number; 1 with derivative 0 for the exponent 0, and NaN for a negative x where the exponent is not whole, as in
 * PyTorch. Shape of x.
 */
export function pow<S extends Shape>(x: F32<S>, exponent: number): F32<S> {
  checkTensor("pow", "x", x);
  return applyOne(powOp, [x], { exponent });
}
