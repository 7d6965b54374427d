import { check } from "../../errors.ts";
import type { Call, Op } from "../../graph/op.ts";
import { applyOne, type Tensor } from "../../graph/tensor.ts";
import { type DType, formatType, type Rank, type Shape, stridesOf } from "../../graph/types.ts";
import { copyCost, exact, movable, wholeNumbers } from "./common.ts";
import { padOp } from "./pad.ts";
import { boxVariants, copyBoxReference, type StridedBox } from "./strided.ts";

export interface SliceAttributes {
  readonly begin: readonly number[];
  /** Sizes of the output; -1: up to the end. */
  readonly size: readonly number[];
  /** Distance of neighbours in the input; negative walks backwards from `begin`. */
  readonly strides: readonly number[];
}

function boxOf({ inputs, outputs, attributes: { begin, strides } }: Call<SliceAttributes>): StridedBox {
  const steps = stridesOf(inputs[0].shape);
  return {
    sizes: outputs[0].shape,
    strides: steps.map((step, d) => step * strides[d]),
    base: steps.reduce((base, step, d) => base + step * begin[d], 0),
  };
}

/** How many elements there are from `begin` on in steps of `stride`, in an axis of size n. */
const available = (n: number, begin: number, stride: number): number =>
  Math.max(0, stride > 0 ? Math.ceil((n - begin) / stride) : Math.floor(begin / -stride) + 1);

export const sliceOp: Op<SliceAttributes> = {
  name: "slice",
  shape([input], { begin, size, strides }) {
    const x = movable("slice", "x", input);
    wholeNumbers("slice", "begin", begin, x, 0);
    wholeNumbers("slice", "size", size, x, -1);
    wholeNumbers("slice", "strides", strides, x, Number.MIN_SAFE_INTEGER);
    check(!strides.includes(0), "argument", () => `slice: strides is [${strides}]; none may be 0`);
    const shape = x.shape.map((n, d) => {
      const most = begin[d] < n ? available(n, begin[d], strides[d]) : 0;
      const wanted = size[d] === -1 ? most : size[d];
      check(
        wanted <= most && begin[d] <= n,
        "shape",
        () => `slice: x is ${formatType(x)}: axis ${d} has no ${wanted} elements from ${begin[d]} in steps of ${strides[d]}`,
      );
      return wanted;
    });
    return [{ dtype: x.dtype, shape }];
  },
  reference: (call, [x], [y]) => copyBoxReference(boxOf(call), x, y),
  moves: (call) => ({ boxes: [{ input: 0, box: boxOf(call) }] }),
  gradient({ inputs: [x], attributes: { begin, strides }, gradients: [gradient] }) {
    if (!gradient) return [undefined];
    // Put back in ascending order, then between zeros: `strides - 1` of them inside.
    const sizes = gradient.shape;
    const backwards = strides.some((s) => s < 0);
    const flipped = backwards
      ? slice(
          gradient,
          strides.map((s, d) => (s < 0 ? Math.max(0, sizes[d] - 1) : 0)),
          sizes,
          strides.map((s) => (s < 0 ? -1 : 1)),
        )
      : gradient;
    const inside = strides.map((s) => Math.abs(s) - 1);
    const before = strides.map((s, d) => (s > 0 || sizes[d] === 0 ? begin[d] : begin[d] + (sizes[d] - 1) * s));
    const after = before.map((b, d) => x.shape[d] - b - (sizes[d] === 0 ? 0 : (sizes[d] - 1) * Math.abs(strides[d]) + 1));
    return [applyOne(padOp, [flipped], { before, after, inside, value: 0 })];
  },
  kernels: boxVariants(boxOf),
  cost: copyCost,
  error: exact,
};

/**
 * The part of x that begins at `begin` and has `size` elements along each axis (-1: up to the end), taken in steps of `strides`
 * (1 by default; negative ones walk backwards from `begin`, so strides [-1] from the last element flips). f32, i32, u32.
 * @throws UnrollError `argument` when a list does not have one whole number for each axis, `shape` when x has not that many elements.
 */
export function slice<D extends DType, S extends Shape>(
  x: Tensor<D, S>,
  begin: readonly number[],
  size: readonly number[],
  strides?: readonly number[],
): Tensor<D, Rank<S>> {
  return applyOne(sliceOp, [x], { begin, size, strides: strides ?? x?.shape?.map(() => 1) });
}
