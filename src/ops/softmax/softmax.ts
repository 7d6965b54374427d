import { checkOptions } from "../../errors.ts";
import type { Op } from "../../graph/op.ts";
import { applyOne, type F32, type Tensor } from "../../graph/tensor.ts";
import type { Shape } from "../../graph/types.ts";
import { neg } from "../pointwise/affine.ts";
import { mul, sub } from "../pointwise/arithmetic.ts";
import { checkTensor, U } from "../pointwise/define.ts";
import { exp } from "../pointwise/math.ts";
import { sumFactor, total } from "../reduce/define.ts";
import { sum } from "../reduce/sums.ts";
import { alongAxis, type SoftmaxAttributes } from "./define.ts";

const largest = (column: Float64Array): number => column.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);

/** exp(xᵢ) / Σⱼ exp(xⱼ), computed from x − max x, which changes nothing and cannot overflow. */
export const softmaxOp: Op<SoftmaxAttributes> = /* @__PURE__ */ alongAxis({
  name: "softmax",
  value: ([x], y) => {
    const m = largest(x);
    const s = total(x, (v) => Math.exp(v - m));
    x.forEach((v, i) => {
      y[i] = Math.exp(v - m) / s;
    });
  },
  // exp and the rounding of x − m, the sum, the division.
  error: ([x], y, i) => (y[i] === 0 ? 0 : U * y[i] * (14 + sumFactor(x.length) + 3 * (largest(x) - x[i]))),
  gradient: ({ outputs: [y], gradients: [g] }, axis) => [softmaxGradient(g as F32, y as F32, axis)],
  flops: 14,
});

/** xᵢ − log Σⱼ exp(xⱼ). */
export const logSoftmaxOp: Op<SoftmaxAttributes> = /* @__PURE__ */ alongAxis({
  name: "logSoftmax",
  value: ([x], y) => {
    const m = largest(x);
    const s = total(x, (v) => Math.exp(v - m));
    x.forEach((v, i) => {
      y[i] = v - m - Math.log(s);
    });
  },
  // x − m and y are rounded; the sum is relatively accurate, and its logarithm to 2^-21.
  error: ([x], y, i) => (y[i] === Number.NEGATIVE_INFINITY ? 0 : U * (14 + sumFactor(x.length) + 2 * Math.abs(y[i]))),
  gradient: ({ outputs: [y], gradients: [g] }, axis) => [logSoftmaxGradient(g as F32, y as F32, axis)],
  flops: 14,
});

/** dLoss/dx of softmax from its result: y · (g − Σ y·g). */
export const softmaxGradientOp: Op<SoftmaxAttributes> = /* @__PURE__ */ alongAxis({
  name: "softmaxGradient",
  value: ([y, g], dx) => {
    const s = y.reduce((sum, v, i) => sum + v * g[i], 0);
    y.forEach((v, i) => {
      dx[i] = v * (g[i] - s);
    });
  },
  error: ([y, g], _, i) =>
    U * Math.abs(y[i]) * (2 * Math.abs(g[i]) + (3 + sumFactor(y.length)) * y.reduce((sum, v, k) => sum + Math.abs(v * g[k]), 0)),
  // With v for the gradient that comes in: the Jacobian is symmetric in g; in y it is v·(g − Σ y·g) − g·Σ v·y.
  gradient: ({ inputs: [y, g], gradients: [v], needs }, axis) => {
    const along = (a: Tensor, b: Tensor) => sum(mul(a as F32, b as F32), { axes: [axis], keepDimensions: true });
    return [
      needs[0] ? sub(mul(v as F32, sub(g as F32, along(y, g))), mul(g as F32, along(v as F32, y))) : undefined,
      needs[1] ? softmaxGradient(v as F32, y as F32, axis) : undefined,
    ];
  },
  flops: 4,
});

/** dLoss/dx of logSoftmax from its result: g − exp(y) · Σ g. */
export const logSoftmaxGradientOp: Op<SoftmaxAttributes> = /* @__PURE__ */ alongAxis({
  name: "logSoftmaxGradient",
  value: ([y, g], dx) => {
    const s = total(g, (v) => v);
    y.forEach((v, i) => {
      dx[i] = g[i] - Math.exp(v) * s;
    });
  },
  error: ([y, g], dx, i) => {
    const e = Math.exp(y[i]);
    return U * (Math.abs(dx[i]) + (e > 0 ? e * (8 + 2 * Math.abs(y[i]) + sumFactor(y.length)) * total(g, Math.abs) : 0));
  },
  gradient: ({ inputs: [y, g], gradients: [v], needs }, axis) => {
    const along = (a: F32) => sum(a, { axes: [axis], keepDimensions: true });
    const e = exp(y as F32);
    return [
      needs[0] ? neg(mul(mul(v as F32, e), along(g as F32))) : undefined,
      needs[1] ? sub(v as F32, along(mul(v as F32, e))) : undefined,
    ];
  },
  flops: 8,
});

const softmaxGradient = (gradient: F32, y: F32, axis: number): F32 => applyOne(softmaxGradientOp, [y, gradient], { axis });
const logSoftmaxGradient = (gradient: F32, y: F32, axis: number): F32 => applyOne(logSoftmaxGradientOp, [y, gradient], { axis });

/** Options of softmax and logSoftmax. */
export interface SoftmaxOptions {
  /** The axis along which the results sum to 1; negative ones count from the end. Default −1. */
  readonly axis?: number;
}

/** exp(x) / Σ exp(x) along one axis, without overflow. Shape of x. */
export function softmax<S extends Shape>(x: F32<S>, options: SoftmaxOptions = {}): F32<S> {
  return along(softmaxOp, x, options);
}

/** x − log Σ exp(x) along one axis, without overflow. Shape of x. */
export function logSoftmax<S extends Shape>(x: F32<S>, options: SoftmaxOptions = {}): F32<S> {
  return along(logSoftmaxOp, x, options);
}

function along<S extends Shape>(op: Op<SoftmaxAttributes>, x: F32<S>, options: SoftmaxOptions): F32<S> {
  checkTensor(op.name, "x", x);
  checkOptions(op.name, options, ["axis"]);
  return applyOne(op, [x], { axis: options.axis ?? -1 });
}
