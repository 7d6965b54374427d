import type { Op } from "../../graph/op.ts";
import type { F32 } from "../../graph/tensor.ts";
import type { Shape } from "../../graph/types.ts";
import type { ReduceAttributes } from "./define.ts";
import { extremeGradient } from "./gradients.ts";
import { maxKind, minKind } from "./kinds.ts";
import { axesReduction, type Reduced, type ReduceOptions, reduce } from "./public.ts";

/** The largest element. */
export const maxOp: Op<ReduceAttributes> = /* @__PURE__ */ axesReduction({
  name: "max",
  kind: maxKind,
  value: (elements) => elements.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY),
  error: () => 0,
  gradient: ({ inputs: [x], outputs: [y], gradients: [g] }, axes) => extremeGradient(x as F32, y as F32, g as F32, axes),
});

/** The smallest element. */
export const minOp: Op<ReduceAttributes> = /* @__PURE__ */ axesReduction({
  name: "min",
  kind: minKind,
  value: (elements) => elements.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY),
  error: () => 0,
  gradient: ({ inputs: [x], outputs: [y], gradients: [g] }, axes) => extremeGradient(x as F32, y as F32, g as F32, axes),
});

/** The largest element over axes (default: all); −∞ of nothing. Elements that tie share the gradient equally. */
export function max<S extends Shape, const O extends ReduceOptions | undefined = undefined>(x: F32<S>, options?: O): F32<Reduced<S, O>> {
  return reduce(maxOp, x, options) as F32 as F32<Reduced<S, O>>;
}

/** The smallest element over axes (default: all); ∞ of nothing. Elements that tie share the gradient equally. */
export function min<S extends Shape, const O extends ReduceOptions | undefined = undefined>(x: F32<S>, options?: O): F32<Reduced<S, O>> {
  return reduce(minOp, x, options) as F32 as F32<Reduced<S, O>>;
}
