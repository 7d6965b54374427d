import { check } from "../../errors.ts";
import type { Op } from "../../graph/op.ts";
import { applyOne, type F32 } from "../../graph/tensor.ts";
import { formatShape, formatType, type Shape, sameShape, sizeOf } from "../../graph/types.ts";
import { pointwise, U } from "../pointwise/define.ts";
import { reducedShape, reducedStrides } from "./axes.ts";
import { sumOver } from "./sum-over.ts";

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
