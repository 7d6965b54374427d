import { expLibrary } from "../../../shaders/lib/math.wgsl.ts";
import { aboveOrNan, isNan, isNegative, isPositive, magnitudeOf, passNan } from "../../../shaders/lib/nan.wgsl.ts";
import { UnrollError } from "../../errors.ts";
import type { Op } from "../../graph/op.ts";
import { applyOne, type F32 } from "../../graph/tensor.ts";
import { stridesOf } from "../../graph/types.ts";
import { type PointwiseSpec, pointwise, U } from "../pointwise/define.ts";
import { reducedStrides } from "./axes.ts";
import { sumOver } from "./sum-over.ts";

export interface AxesAttributes {
  /** Axes of x that the other inputs lack. Ascending. */
  readonly axes: readonly number[];
}

/** A function of each element of x and of the results that it was reduced to. */
export function reductionGradient({
  inputs,
  ...spec
}: Pick<PointwiseSpec<AxesAttributes>, "name" | "inputs" | "wgsl" | "library" | "value" | "error">): Op<AxesAttributes> {
  return pointwise<AxesAttributes>({
    ...spec,
    inputs: ["x", ...inputs],
    shape: ([x]) => x.shape,
    strides: ({ inputs: [x], attributes: { axes } }) => [stridesOf(x.shape), ...inputs.map(() => reducedStrides(x.shape, axes))],
    gradient: ({ needs }) =>
      needs.map((needed) => {
        if (needed) throw new UnrollError("gradient", `${spec.name}: second derivatives of this reduction are not available`);
        return undefined;
      }),
    flops: 3,
  });
}

/** dLoss/dx of a norm: g·sign x for L1, g·x/y for L2, 2·g·x for the sum of squares. */
export const normL1GradientOp: Op<AxesAttributes> = /* @__PURE__ */ reductionGradient({
  name: "normL1Gradient",
  inputs: ["y", "gradient"],
  wgsl: () => `select(select(0.0, -c, ${isNegative("a")}), c, ${isPositive("a")})`,
  value: ([x, , g]) => (x > 0 ? g : x < 0 ? -g : 0),
  error: () => 0,
});
export const normL2GradientOp: Op<AxesAttributes> = /* @__PURE__ */ reductionGradient({
  name: "normL2Gradient",
  inputs: ["y", "gradient"],
  wgsl: () => `select(0.0, c * a / b, ${aboveOrNan("b")})`,
  value: ([x, y, g]) => (y === 0 ? 0 : (g * x) / y),
  error: (_, result) => 6 * U * Math.abs(result),
});
export const sumOfSquaresGradientOp: Op<AxesAttributes> = /* @__PURE__ */ reductionGradient({
  name: "sumOfSquaresGradient",
  inputs: ["y", "gradient"],
  wgsl: "2.0 * c * a",
  value: ([x, , g]) => 2 * g * x,
  error: (_, result) => U * Math.abs(result),
});

export function normGradient(kind: "normL1" | "normL2" | "sumOfSquares", x: F32, y: F32, gradient: F32, axes: readonly number[]): F32 {
  const op = kind === "normL1" ? normL1GradientOp : kind === "normL2" ? normL2GradientOp : sumOfSquaresGradientOp;
  return applyOne(op, [x, y, gradient], { axes });
}

/** 1 where an element is the extreme one, else 0. */
export const extremeMaskOp: Op<AxesAttributes> = /* @__PURE__ */ reductionGradient({
  name: "extremeMask",
  inputs: ["y"],
  wgsl: () => `select(0.0, 1.0, a == b && !(${isNan("a")} || ${isNan("b")}))`,
  value: ([x, y]) => (x === y ? 1 : 0),
  error: () => 0,
});
/** dLoss/dx of a maximum or minimum: g shared equally by the elements that are extreme; NaN where the extreme is NaN. */
export const extremeGradientOp: Op<AxesAttributes> = /* @__PURE__ */ reductionGradient({
  name: "extremeGradient",
  inputs: ["y", "gradient", "count"],
  wgsl: () => passNan("b", "select(0.0, c / d, a == b)"),
  value: ([x, y, g, count]) => (Number.isNaN(y) ? y : x === y ? g / count : 0),
  error: (_, result) => 5 * U * Math.abs(result),
});

/** Elements that tie share the gradient equally, and all have NaN where the extreme is NaN, as in PyTorch's amax. */
export function extremeGradient(x: F32, y: F32, gradient: F32, axes: readonly number[]): F32 {
  const count = sumOver(applyOne(extremeMaskOp, [x, y], { axes }) as F32, axes, y.shape);
  return applyOne(extremeGradientOp, [x, y, gradient, count], { axes });
}

/**
 * dLoss/dx of a product from p, the product of the elements that are not 0, and z, the number of those that are: g times the product
 * of all other elements, which is p / x without zeros, p at the one that is 0, and 0 where another is 0. Where a factor is NaN all are.
 */
export const prodGradientOp: Op<AxesAttributes> = /* @__PURE__ */ reductionGradient({
  name: "prodGradient",
  inputs: ["product", "zeros", "gradient"],
  wgsl: () =>
    passNan("b", `select(0.0, d * b / select(a, 1.0, ${magnitudeOf("a")} == 0u), c == select(0.0, 1.0, ${magnitudeOf("a")} == 0u))`),
  value: ([x, product, zeros, g]) =>
    Number.isNaN(product) ? product : zeros === (x === 0 ? 1 : 0) ? (g * product) / (x === 0 ? 1 : x) : 0,
  error: (_, result) => 7 * U * Math.abs(result),
});

/** dLoss/dx of log Σ x from y: g / Σ x = g · exp(−y). */
export const logSumGradientOp: Op<AxesAttributes> = /* @__PURE__ */ reductionGradient({
  name: "logSumGradient",
  inputs: ["y", "gradient"],
  library: expLibrary,
  wgsl: "c * true_exp(-b)",
  value: ([, y, g]) => g * Math.exp(-y),
  error: ([, y], result) => U * (8 + 2 * Math.abs(y)) * Math.abs(result),
});
/** dLoss/dx of log Σ exp x from y: g · exp(x − y), the softmax of x; 0 where all x are −∞, where PyTorch up to 2 has NaN. */
export const logSumExpGradientOp: Op<AxesAttributes> = /* @__PURE__ */ reductionGradient({
  name: "logSumExpGradient",
  inputs: ["y", "gradient"],
  library: expLibrary,
  wgsl: () => `select(c * true_exp(a - b), 0.0, bitcast<u32>(b) == 0xff800000u)`,
  value: ([x, y, g]) => (y === Number.NEGATIVE_INFINITY ? 0 : g * Math.exp(x - y)),
  error: ([x, y], result) => (result === 0 ? 0 : U * (8 + 3 * Math.abs(x - y)) * Math.abs(result)),
});
