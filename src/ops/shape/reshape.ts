import { check, describe } from "../../errors.ts";
import type { Op } from "../../graph/op.ts";
import { applyOne, Tensor } from "../../graph/tensor.ts";
import { type DType, formatType, type Rank, type Shape, sizeOf } from "../../graph/types.ts";

export interface ReshapeAttributes {
  readonly shape: Shape;
}

/** A view: the same bytes under another shape, no kernel. */
export const reshapeOp: Op<ReshapeAttributes> = {
  name: "reshape",
  view: true,
  shape([x], { shape }) {
    check(x && Array.isArray(x.shape), "argument", () => `reshape: x must be a tensor, not ${String(x)}`);
    return [{ dtype: x.dtype, shape: resolve(shape, x.shape, () => `reshape: x is ${formatType(x)} and the new shape is [${shape}]`) }];
  },
  reference: (_call, [x], [y]) => y.set(x),
  gradient: ({ inputs: [x], gradients: [gradient] }) => [gradient && reshape(gradient, x.shape)],
  kernels: [],
  cost: () => ({ flops: 0, bytes: 0 }),
  error: () => [0],
};

/** Replaces -1 by the size that is left over. */
function resolve(shape: Shape, from: Shape, seen: () => string): Shape {
  check(Array.isArray(shape), "argument", () => `reshape: the new shape must be an array of sizes, not ${String(shape)}`);
  check(
    shape.every((n) => Number.isInteger(n) && n >= -1) && shape.filter((n) => n === -1).length <= 1,
    "argument",
    () => `${seen()}: expected whole numbers of at least 0, and at most one -1`,
  );
  const size = sizeOf(from);
  const known = sizeOf(shape.filter((n) => n !== -1));
  if (!shape.includes(-1)) {
    check(known === size, "shape", () => `${seen()}: ${size} elements cannot become ${known}`);
    return [...shape];
  }
  check(known > 0 && size % known === 0, "shape", () => `${seen()}: ${size} elements are no multiple of the ${known} of the other sizes`);
  return shape.map((n) => (n === -1 ? size / known : n));
}

/**
 * The same elements in row-major order under another shape. One size may be -1: what is left over. Costs nothing.
 * @throws UnrollError `shape` when the number of elements differs, `argument` when a size means nothing.
 */
export function reshape<D extends DType, const S extends Shape>(x: Tensor<D>, shape: S): Tensor<D, Rank<S>> {
  return applyOne(reshapeOp, [x], { shape });
}

/**
 * Keeps the outermost axis (the batch) and makes one of all others: [N, a, b, …] → [N, a·b·…].
 * @throws UnrollError `shape` for a scalar.
 */
export function flatten<D extends DType>(x: Tensor<D>): Tensor<D, readonly [number, number]> {
  check(x instanceof Tensor, "argument", () => `flatten: x must be a tensor, not ${describe(x)}`);
  check(x.shape.length >= 1, "shape", () => `flatten: x is ${formatType(x)}; expected at least 1 dimension`);
  const [outer, ...rest] = x.shape;
  return reshape(x, [outer, sizeOf(rest)]);
}
