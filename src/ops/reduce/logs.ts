import type { Op } from "../../graph/op.ts";
import { applyOne, type F32 } from "../../graph/tensor.ts";
import type { Shape } from "../../graph/types.ts";
import { U } from "../pointwise/define.ts";
import { type ReduceAttributes, sumFactor, total } from "./define.ts";
import { logSumExpGradientOp, logSumGradientOp } from "./gradients.ts";
import { logSumExpKind, logSumKind } from "./kinds.ts";
import { axesReduction, type Reduced, type ReduceOptions, reduce } from "./public.ts";

/** What WGSL allows for log: 2^-21 between 0.5 and 2, 3 units in the last place elsewhere. */
const logError = (s: number): number => (s >= 0.5 && s <= 2 ? 2 ** -21 : 6 * U * Math.abs(Math.log(s)));

/** log Σ x. */
export const logSumOp: Op<ReduceAttributes> = /* @__PURE__ */ axesReduction({
  name: "logSum",
  kind: logSumKind,
  value: (elements) => Math.log(total(elements, (x) => x)),
  error: (elements, y) => {
    const s = Math.exp(y);
    return logError(s) + (U * sumFactor(elements.length) * total(elements, Math.abs)) / s;
  },
  gradient: ({ inputs: [x], outputs: [y], gradients: [g] }, axes) => applyOne(logSumGradientOp, [x, y, g as F32], { axes }),
});

const largest = (elements: Float64Array): number => elements.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);

/** log Σ exp x = m + log Σ exp(x − m) with m = max x. */
export const logSumExpOp: Op<ReduceAttributes> = /* @__PURE__ */ axesReduction({
  name: "logSumExp",
  kind: logSumExpKind,
  value: (elements) => {
    const m = largest(elements);
    return Number.isFinite(m) ? m + Math.log(total(elements, (x) => Math.exp(x - m))) : m;
  },
  // Rounding of m, x − m and y; the sum's relative error; that of log, which is absolute near 1.
  error: (elements, y) => {
    const m = largest(elements);
    return !Number.isFinite(m)
      ? 0
      : U * (8 + 2 * sumFactor(elements.length) + Math.abs(y) + 6 * Math.abs(y - m)) + logError(Math.exp(y - m));
  },
  gradient: ({ inputs: [x], outputs: [y], gradients: [g] }, axes) => applyOne(logSumExpGradientOp, [x, y, g as F32], { axes }),
  flops: 8,
});

/** log Σ x over axes (default: all). */
export function logSum<S extends Shape, const O extends ReduceOptions | undefined = undefined>(x: F32<S>, options?: O): F32<Reduced<S, O>> {
  return reduce(logSumOp, x, options) as F32 as F32<Reduced<S, O>>;
}

/** log Σ exp x over axes (default: all), without overflow; −∞ of nothing, ∞ where an element is ∞. */
export function logSumExp<S extends Shape, const O extends ReduceOptions | undefined = undefined>(
  x: F32<S>,
  options?: O,
): F32<Reduced<S, O>> {
  return reduce(logSumExpOp, x, options) as F32 as F32<Reduced<S, O>>;
}
