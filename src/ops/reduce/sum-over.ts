import { check } from "../../errors.ts";
import type { Op } from "../../graph/op.ts";
import { applyOne, type F32 } from "../../graph/tensor.ts";
import { formatShape, formatType, type Shape, sizeOf } from "../../graph/types.ts";
import { U } from "../pointwise/define.ts";
import { reducedShape } from "./axes.ts";
import { reduction, sumFactor, total } from "./define.ts";
import { meanKind } from "./kinds.ts";
import { spread } from "./spread.ts";

export interface SumOverAttributes {
  readonly axes: readonly number[];
  /** The output's shape: that of x without `axes`, or with some of them as 1. */
  readonly shape: Shape;
  readonly scale: number;
}

/** scale · Σ x over axes, into a shape of one's choice: the gradient of `spread`. */
export const sumOverOp: Op<SumOverAttributes> = /* @__PURE__ */ reduction<SumOverAttributes>({
  name: "sumOver",
  kind: meanKind,
  layout: (x, { axes, shape }) => {
    check(
      sizeOf(shape) === sizeOf(reducedShape(x.shape, axes, false)),
      "shape",
      () => `sumOver: ${formatType(x)} summed over axes [${axes.join(", ")}] does not fill ${formatShape(shape)}`,
    );
    return { axes, shape };
  },
  scale: (_, { scale }) => scale,
  value: (elements, { scale }) => scale * total(elements, (x) => x),
  error: (elements, _, { scale }) => U * Math.abs(scale) * (2 + sumFactor(elements.length)) * total(elements, Math.abs),
  gradient: ({ inputs: [x], gradients: [g], attributes: { scale } }, axes) => spread(g as F32, x.shape, axes, scale),
});

/** scale · Σ x over `axes`, as `shape`. */
export const sumOver = <S extends Shape>(x: F32, axes: readonly number[], shape: S, scale = 1): F32<S> =>
  applyOne(sumOverOp, [x], { axes, shape, scale });
