import { check } from "../../errors.ts";
import type { Op } from "../../graph/op.ts";
import { applyOne, type F32 } from "../../graph/tensor.ts";
import { formatShape, formatType, type Shape, sameShape } from "../../graph/types.ts";
import { broadcastAxes } from "../pointwise/broadcast.ts";
import { U } from "../pointwise/define.ts";
import { reduction, sumFactor, total } from "./define.ts";
import { sumKind } from "./kinds.ts";
import { spread } from "./spread.ts";

/** The sum that undoes broadcasting from `shape`. */
export const sumToOp: Op<{ readonly shape: Shape }> = /* @__PURE__ */ reduction<{ readonly shape: Shape }>({
  name: "sumTo",
  kind: sumKind,
  layout: (x, { shape }) => {
    const missing = x.shape.length - shape.length;
    check(
      missing >= 0 && shape.every((n, axis) => n === 1 || n === x.shape[axis + missing]),
      "shape",
      () => `sumTo: ${formatShape(shape)} does not broadcast to the shape of x, which is ${formatType(x)}`,
    );
    return { axes: broadcastAxes(shape, x.shape), shape };
  },
  value: (elements) => total(elements, (x) => x),
  error: (elements) => U * sumFactor(elements.length) * total(elements, Math.abs),
  gradient: ({ inputs: [x], gradients: [g] }, axes) => spread(g as F32, x.shape, axes),
});

/** Sums x over the axes along which `shape` would be broadcast to the shape of x: the gradient of broadcasting. */
export function sumTo<S extends Shape>(x: F32, shape: S): F32<S> {
  if (sameShape(x.shape, shape)) return x as F32 as F32<S>;
  return applyOne(sumToOp, [x], { shape });
}
