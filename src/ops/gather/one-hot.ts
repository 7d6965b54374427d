import { oneHotParams, oneHotShader } from "../../../shaders/one_hot.wgsl.ts";
import { check, checkOptions } from "../../errors.ts";
import { kernel, read, write } from "../../graph/kernel.ts";
import type { Call, Op, Variant } from "../../graph/op.ts";
import { applyOne, type F32, type Tensor } from "../../graph/tensor.ts";
import { byteLength, formatType, type Shape, sizeOf } from "../../graph/types.ts";
import { foldGrid } from "../grid.ts";
import { checkNumber, checkTensor } from "../pointwise/define.ts";
import { MAX_RANK } from "../shape/common.ts";
import { checkIndices, NAN_BITS, rowOf, rowRange } from "./layout.ts";

export interface OneHotAttributes {
  readonly depth: number;
  /** Of the result, from 0. */
  readonly axis: number;
  readonly on: number;
  readonly off: number;
}

/** Indices as [outer, inner], around the new axis. */
function layoutOf({ inputs: [{ shape }], attributes: { axis } }: Call<OneHotAttributes>) {
  return { outer: sizeOf(shape.slice(0, axis)), inner: sizeOf(shape.slice(axis)) };
}

const variant = (vec4: boolean): Variant<OneHotAttributes> => ({
  name: vec4 ? "vec4" : "scalar",
  allowed: (call) => !vec4 || (call.attributes.depth % 4 === 0 && layoutOf(call).inner === 1),
  preference: () => (vec4 ? 1 : 0),
  plan(call) {
    const unit = vec4 ? 4 : 1;
    const size = sizeOf(call.outputs[0].shape) / unit;
    if (size === 0) return { dispatches: [] };
    const { depth, on, off } = call.attributes;
    const dtype = call.inputs[0].dtype;
    return {
      dispatches: [
        {
          kernel: kernel({
            name: `one hot ${vec4 ? "vec4" : "scalar"}`,
            wgsl: oneHotShader({ signed: dtype === "i32", vec4 }),
            bindings: { indices: read(dtype), y: write("f32") },
            params: oneHotParams,
          }),
          bindings: { indices: { input: 0 }, y: { output: 0 } },
          params: { size, depth: depth / unit, inner: layoutOf(call).inner, on, off, missing: NAN_BITS },
          workgroups: foldGrid(Math.ceil(size / 64)),
        },
      ],
    };
  },
});

/** A row of `depth` values for each index. */
export const oneHotOp: Op<OneHotAttributes> = {
  name: "oneHot",
  shape(inputs, { depth, axis, on, off }) {
    const indices = checkIndices("oneHot", inputs[0]);
    check(
      Number.isSafeInteger(depth) && depth > 0 && depth < 2 ** 31,
      "argument",
      () => `oneHot: depth must be a whole number above 0, not ${String(depth)}`,
    );
    const rank = indices.shape.length + 1;
    check(
      Number.isInteger(axis) && axis >= 0 && axis < rank,
      "argument",
      () =>
        `oneHot: axis ${String(axis)} does not exist: indices are ${formatType(indices)}, so the result has the axes ${-rank} to ${rank - 1}`,
    );
    check(rank <= MAX_RANK, "shape", () => `oneHot: indices are ${formatType(indices)}; the result has at most ${MAX_RANK} dimensions`);
    checkNumber("oneHot", "on", on);
    checkNumber("oneHot", "off", off);
    return [{ dtype: "f32", shape: [...indices.shape.slice(0, axis), depth, ...indices.shape.slice(axis)] }];
  },
  reference(call, [indices], [y]) {
    const { outer, inner } = layoutOf(call);
    const { depth, on, off } = call.attributes;
    for (let o = 0; o < outer; o++)
      for (let i = 0; i < inner; i++) {
        const place = rowOf(indices[o * inner + i], depth);
        const rest = place === undefined ? Number.NaN : Math.fround(off);
        for (let d = 0; d < depth; d++) y[(o * depth + d) * inner + i] = d === place ? Math.fround(on) : rest;
      }
  },
  indices: ({ inputs: [indices], attributes: { depth } }) => [rowRange(indices, depth, "places")],
  gradient: () => [undefined],
  kernels: [variant(true), variant(false)],
  cost: ({ inputs: [indices], outputs: [y] }) => ({ flops: 0, bytes: byteLength(indices) + byteLength(y) }),
  error: () => [0],
};

export interface OneHotOptions {
  /** Where the new axis is in the result; negative ones count from the end. Default −1, the last. */
  readonly axis?: number;
  /** The value where the index is, and elsewhere. Default 1 and 0. */
  readonly on?: number;
  readonly off?: number;
}

/**
 * One-hot rows: y[…, d] = 1 where the index is d, 0 elsewhere; indices [...] → f32[..., depth]. As in ONNX, and as `gather` reads them,
 * negative i32 indices count from the end. A run with an index outside −depth … depth − 1 rejects with `range`, and the row is NaN
 * (ONNX, TensorFlow and JAX give a row of zeros; the latter two do so for all negative ones). There is no gradient.
 * @throws UnrollError `dtype` when the indices are no integers, `argument` for depth and options.
 */
export function oneHot<const S extends Shape>(
  indices: Tensor<"i32" | "u32", S>,
  depth: number,
  options?: Omit<OneHotOptions, "axis">,
): F32<number extends S["length"] ? Shape : readonly [...S, number]>;
export function oneHot(indices: Tensor<"i32" | "u32">, depth: number, options: OneHotOptions): F32<Shape>;
export function oneHot(indices: Tensor<"i32" | "u32">, depth: number, options: OneHotOptions = {}): F32 {
  checkTensor("oneHot", "indices", indices);
  checkOptions("oneHot", options, ["axis", "on", "off"]);
  const { axis = -1, on = 1, off = 0 } = options;
  return applyOne(oneHotOp, [indices], { depth, axis: axis < 0 ? axis + indices.shape.length + 1 : axis, on, off });
}
