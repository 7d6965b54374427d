import { check } from "../../errors.ts";
import type { Call, Op, Variant } from "../../graph/op.ts";
import { applyOne, type Tensor } from "../../graph/tensor.ts";
import { type DType, formatType, type Rank, type Shape, sizeOf, stridesOf } from "../../graph/types.ts";
import { axisOf, copyCost, exact, movable } from "./common.ts";
import { slice } from "./slice.ts";
import { collapse, copyBox, inVec4, type StridedBox } from "./strided.ts";

export interface ConcatAttributes {
  readonly axis: number;
}

/** Where each input stands in the output, except those without elements. */
function boxesOf({ inputs, outputs, attributes: { axis } }: Call<ConcatAttributes>): { input: number; box: StridedBox }[] {
  const strides = stridesOf(outputs[0].shape);
  const boxes: { input: number; box: StridedBox }[] = [];
  let begin = 0;
  inputs.forEach(({ shape }, input) => {
    if (sizeOf(shape) > 0) boxes.push({ input, box: collapse({ sizes: shape, strides, base: begin * strides[axis] }) });
    begin += shape[axis];
  });
  return boxes;
}

/** One dispatch for each input: a kernel can bind only 8 buffers. Each writes its own part of the output. */
const variant = (vec4: boolean): Variant<ConcatAttributes> => ({
  name: vec4 ? "vec4" : "scalar",
  allowed: (call) => !vec4 || boxesOf(call).every(({ box }) => inVec4(box)),
  preference: () => (vec4 ? 1 : 0),
  plan: (call) => ({
    dispatches: boxesOf(call).map(({ input, box }) => copyBox(box, { input }, { output: 0 }, { vec4, scatter: true })),
  }),
});

export const concatOp: Op<ConcatAttributes> = {
  name: "concat",
  shape(inputs, { axis }) {
    check(inputs.length > 0, "argument", "concat: there must be at least one tensor");
    const first = movable("concat", "tensor 0", inputs[0]);
    check(
      Number.isInteger(axis) && axis >= 0 && axis < first.shape.length,
      "argument",
      () => `concat: axis ${axis} is not one of ${formatType(first)}`,
    );
    inputs.forEach((input, i) => {
      const { dtype, shape } = movable("concat", `tensor ${i}`, input);
      check(
        dtype === first.dtype,
        "dtype",
        () => `concat: tensor 0 is ${formatType(first)} and tensor ${i} is ${formatType(input)}: the dtypes differ`,
      );
      check(
        shape.length === first.shape.length && shape.every((n, d) => d === axis || n === first.shape[d]),
        "shape",
        () => `concat: tensor 0 is ${formatType(first)} and tensor ${i} is ${formatType(input)}: only axis ${axis} may differ`,
      );
    });
    const total = inputs.reduce((sum, { shape }) => sum + shape[axis], 0);
    return [{ dtype: first.dtype, shape: first.shape.map((n, d) => (d === axis ? total : n)) }];
  },
  reference({ inputs, outputs, attributes: { axis } }, arrays, [y]) {
    const outer = sizeOf(outputs[0].shape.slice(0, axis));
    let at = 0;
    for (let o = 0; o < outer; o++) {
      arrays.forEach((x, i) => {
        const row = sizeOf(inputs[i].shape.slice(axis));
        y.set(x.subarray(o * row, (o + 1) * row), at);
        at += row;
      });
    }
  },
  moves: (call) => ({ boxes: boxesOf(call).map((moved) => ({ ...moved, scatter: true })) }),
  gradient({ inputs, attributes: { axis }, gradients: [gradient], needs }) {
    let next = 0;
    return inputs.map(({ shape }, i) => {
      const begin = shape.map((_, d) => (d === axis ? next : 0));
      next += shape[axis];
      return gradient && needs[i] ? slice(gradient, begin, shape) : undefined;
    });
  },
  kernels: [variant(true), variant(false)],
  cost: copyCost,
  error: exact,
};

/**
 * Tensors one after another along `axis` (negative: from the end); all other sizes are equal. f32, i32 or u32, all alike.
 * @throws UnrollError `shape` or `dtype` when two do not fit, `argument` when there are none or the axis is none of theirs.
 */
export function concat<D extends DType, S extends Shape>(tensors: readonly Tensor<D, S>[], axis = 0): Tensor<D, Rank<S>> {
  check(Array.isArray(tensors) && tensors.length > 0, "argument", "concat: the first argument must be an array of at least one tensor");
  return applyOne(concatOp, tensors, { axis: axisOf("concat", axis, movable("concat", "tensor 0", tensors[0])) });
}
