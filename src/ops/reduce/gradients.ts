import { UnrollError } from "../../errors.ts";
import type { Op } from "../../graph/op.ts";
import { applyOne, type F32 } from "../../graph/tensor.ts";
import { stridesOf } from "../../graph/types.ts";
import { pointwise, U } from "../pointwise/define.ts";
import { reducedStrides } from "./axes.ts";

export interface AxesAttributes {
  /** Axes of x that the other inputs lack. Ascending. */
  readonly axes: readonly number[];
}

/** A function of each element of x and of the results that it was reduced to. */
export function reductionGradient(
  name: string,
  inputs: readonly string[],
  wgsl: string,
  value: (values: readonly number[]) => number,
  error: (values: readonly number[], y: number) => number,
): Op<AxesAttributes> {
  return pointwise<AxesAttributes>({
    name,
    inputs: ["x", ...inputs],
    wgsl,
    value,
    error,
    shape: ([x]) => x.shape,
    strides: ({ inputs: [x], attributes: { axes } }) => [stridesOf(x.shape), ...inputs.map(() => reducedStrides(x.shape, axes))],
    gradient: ({ needs }) =>
      needs.map((needed) => {
        if (needed) throw new UnrollError("gradient", `${name}: second derivatives of this reduction are not available`);
        return undefined;
      }),
    flops: 3,
  });
}

/** dLoss/dx of a norm: g·sign x for L1, g·x/y for L2, 2·g·x for the sum of squares. */
export const normL1GradientOp: Op<AxesAttributes> = /* @__PURE__ */ reductionGradient(
  "normL1Gradient",
  ["y", "gradient"],
  "select(select(0.0, -c, a < 0.0), c, a > 0.0)",
  ([x, , g]) => (x > 0 ? g : x < 0 ? -g : 0),
  () => 0,
);
export const normL2GradientOp: Op<AxesAttributes> = /* @__PURE__ */ reductionGradient(
  "normL2Gradient",
  ["y", "gradient"],
  "select(0.0, c * a / b, b > 0.0)",
  ([x, y, g]) => (y > 0 ? (g * x) / y : 0),
  (_, result) => 6 * U * Math.abs(result),
);
export const sumOfSquaresGradientOp: Op<AxesAttributes> = /* @__PURE__ */ reductionGradient(
  "sumOfSquaresGradient",
  ["y", "gradient"],
  "2.0 * c * a",
  ([x, , g]) => 2 * g * x,
  (_, result) => U * Math.abs(result),
);

export function normGradient(kind: "normL1" | "normL2" | "sumOfSquares", x: F32, y: F32, gradient: F32, axes: readonly number[]): F32 {
  const op = kind === "normL1" ? normL1GradientOp : kind === "normL2" ? normL2GradientOp : sumOfSquaresGradientOp;
  return applyOne(op, [x, y, gradient], { axes });
}
