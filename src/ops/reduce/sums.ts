import type { Op } from "../../graph/op.ts";
import type { F32 } from "../../graph/tensor.ts";
import type { Shape } from "../../graph/types.ts";
import { U } from "../pointwise/define.ts";
import { type ReduceAttributes, sumFactor, total } from "./define.ts";
import { normGradient } from "./gradients.ts";
import { meanKind, normL1Kind, normL2Kind, sumKind, sumOfSquaresKind } from "./kinds.ts";
import { axesReduction, type Reduced, type ReduceOptions, reduce } from "./public.ts";
import { spread } from "./spread.ts";

/** Σ x. */
export const sumOp: Op<ReduceAttributes> = /* @__PURE__ */ axesReduction({
  name: "sum",
  kind: sumKind,
  value: (elements) => total(elements, (x) => x),
  error: (elements) => U * sumFactor(elements.length) * total(elements, Math.abs),
  gradient: ({ inputs: [x], gradients: [g] }, axes) => spread(g as F32, x.shape, axes),
});

/** Σ x / n. */
export const meanOp: Op<ReduceAttributes> = /* @__PURE__ */ axesReduction({
  name: "mean",
  kind: meanKind,
  scale: (n) => 1 / n,
  value: (elements) => total(elements, (x) => x) / elements.length,
  error: (elements) => (U * (2 + sumFactor(elements.length)) * total(elements, Math.abs)) / elements.length,
  gradient: ({ inputs: [x], outputs: [y], gradients: [g] }, axes) => spread(g as F32, x.shape, axes, y.size / Math.max(1, x.size)),
});

/** Σ |x|. */
export const normL1Op: Op<ReduceAttributes> = /* @__PURE__ */ axesReduction({
  name: "normL1",
  kind: normL1Kind,
  value: (elements) => total(elements, Math.abs),
  error: (elements, y) => U * sumFactor(elements.length) * y,
  gradient: ({ inputs: [x], outputs: [y], gradients: [g] }, axes) => normGradient("normL1", x as F32, y as F32, g as F32, axes),
  flops: 2,
});

/** √(Σ x²). */
export const normL2Op: Op<ReduceAttributes> = /* @__PURE__ */ axesReduction({
  name: "normL2",
  kind: normL2Kind,
  value: (elements) => Math.sqrt(total(elements, (x) => x * x)),
  error: (elements, y) => U * (5 + sumFactor(elements.length)) * y,
  gradient: ({ inputs: [x], outputs: [y], gradients: [g] }, axes) => normGradient("normL2", x as F32, y as F32, g as F32, axes),
  flops: 2,
});

/** Σ x². */
export const sumOfSquaresOp: Op<ReduceAttributes> = /* @__PURE__ */ axesReduction({
  name: "sumOfSquares",
  kind: sumOfSquaresKind,
  value: (elements) => total(elements, (x) => x * x),
  error: (elements, y) => U * (1 + sumFactor(elements.length)) * y,
  gradient: ({ inputs: [x], outputs: [y], gradients: [g] }, axes) => normGradient("sumOfSquares", x as F32, y as F32, g as F32, axes),
  flops: 2,
});

/** Σ x over axes (default: all). The sum of nothing is 0. */
export function sum<S extends Shape, const O extends ReduceOptions | undefined = undefined>(x: F32<S>, options?: O): F32<Reduced<S, O>> {
  return reduce(sumOp, x, options) as F32 as F32<Reduced<S, O>>;
}

/** The mean over axes (default: all). */
export function mean<S extends Shape, const O extends ReduceOptions | undefined = undefined>(x: F32<S>, options?: O): F32<Reduced<S, O>> {
  return reduce(meanOp, x, options) as F32 as F32<Reduced<S, O>>;
}

/** Σ |x| over axes (default: all); its derivative at 0 is 0. */
export function normL1<S extends Shape, const O extends ReduceOptions | undefined = undefined>(x: F32<S>, options?: O): F32<Reduced<S, O>> {
  return reduce(normL1Op, x, options) as F32 as F32<Reduced<S, O>>;
}

/** √(Σ x²) over axes (default: all); its derivative where the norm is 0 is 0. Overflows where Σ x² does, from 1.8e19 on. */
export function normL2<S extends Shape, const O extends ReduceOptions | undefined = undefined>(x: F32<S>, options?: O): F32<Reduced<S, O>> {
  return reduce(normL2Op, x, options) as F32 as F32<Reduced<S, O>>;
}

/** Σ x² over axes (default: all). */
export function sumOfSquares<S extends Shape, const O extends ReduceOptions | undefined = undefined>(
  x: F32<S>,
  options?: O,
): F32<Reduced<S, O>> {
  return reduce(sumOfSquaresOp, x, options) as F32 as F32<Reduced<S, O>>;
}
