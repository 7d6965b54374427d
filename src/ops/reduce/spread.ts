import { check } from "../../errors.ts";
import type { Op } from "../../graph/op.ts";
import { applyOne, type F32 } from "../../graph/tensor.ts";
import { formatShape, formatType, type Shape, sameShape, sizeOf } from "../../graph/types.ts";
import { pointwise, U } from "../pointwise/define.ts";
import { reducedShape, reducedStrides } from "./axes.ts";
import { reduction, sumFactor, total } from "./define.ts";
import { meanKind } from "./kinds.ts";

export interface SpreadAttributes {
  /** The output's shape. */
  readonly shape: Shape;
  /** Axes of it that x does not have, or has with size 1. Ascending. */
  readonly axes: readonly number[];
  /** A factor. */
  readonly scale: number;
}

/** Repeats x along `axes` of `shape`, times a number: the gradient of sums and means. */
export const spreadOp: Op<SpreadAttributes> = /* @__PURE__ */ pointwise<SpreadAttributes>({
  name: "spread",
  inputs: ["x"],
  wgsl: ({ scale }) => (scale === 1 ? "a" : "a * params.scale"),
  params: ({ scale }): Record<string, number> => (scale === 1 ? {} : { scale }),
  shape: ([x], { shape, axes }) => {
    check(
      sizeOf(x.shape) === sizeOf(reducedShape(shape, axes, false)),
      "shape",
      () =>
        `spread: x is ${formatType(x)}; to fill ${formatShape(shape)} along axes [${axes.join(", ")}] it needs ${formatShape(reducedShape(shape, axes, false))}`,
    );
    return shape;
  },
  strides: ({ attributes: { shape, axes } }) => [reducedStrides(shape, axes)],
  value: ([x], { scale }) => x * scale,
  error: (_, y, { scale }) => (scale === 1 ? 0 : 2 * U * Math.abs(y)),
  gradient: ({ inputs: [x], gradients: [g], attributes: { axes, scale } }) => [sumOver(g as F32, axes, x.shape, scale)],
});

/** x repeated along `axes` of `shape`, times `scale`. */
export function spread<S extends Shape>(x: F32, shape: S, axes: readonly number[], scale = 1): F32<S> {
  if (scale === 1 && sameShape(x.shape, shape)) return x as F32 as F32<S>;
  return applyOne(spreadOp, [x], { shape, axes, scale });
}

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
