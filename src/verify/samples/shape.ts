import type { RandomSource } from "../../graph/tensor.ts";
import type { DType, Shape } from "../../graph/types.ts";
import { copyOp } from "../../ops/copy.ts";
import { type ConcatAttributes, concatOp } from "../../ops/shape/concat.ts";
import { type PadAttributes, padOp } from "../../ops/shape/pad.ts";
import { type ReshapeAttributes, reshapeOp } from "../../ops/shape/reshape.ts";
import { type SliceAttributes, sliceOp } from "../../ops/shape/slice.ts";
import { type TransposeAttributes, transposeOp } from "../../ops/shape/transpose.ts";
import type { OpSamples, Sample, SampleInput } from "../sample.ts";

const RAGGED = [1, 3, 7, 17, 33, 65, 130];

const whole = (random: RandomSource, below: number): number => Math.floor(random.uniform() * below);

/** Whole numbers for integer tensors, normal values otherwise. */
function given(shape: Shape, dtype: DType = "f32"): SampleInput {
  if (dtype === "f32") return { shape };
  return { shape, dtype, value: (random) => whole(random, 2 ** 31) - (dtype === "i32" ? 2 ** 30 : 0) };
}

const transposed = (shape: Shape, permutation: readonly number[], dtype?: DType): Sample<TransposeAttributes> => ({
  inputs: [given(shape, dtype)],
  attributes: { permutation },
});

const sliced = (
  shape: Shape,
  begin: readonly number[],
  size: readonly number[],
  strides = shape.map(() => 1),
): Sample<SliceAttributes> => ({
  inputs: [given(shape)],
  attributes: { begin, size, strides },
});

const padded = (shape: Shape, before: readonly number[], after: readonly number[], more: Partial<PadAttributes> = {}, dtype?: DType) => ({
  inputs: [given(shape, dtype)],
  attributes: { before, after, inside: shape.map(() => 0), value: 0, ...more },
});

const joined = (axis: number, shapes: readonly Shape[], dtype?: DType): Sample<ConcatAttributes> => ({
  inputs: shapes.map((shape) => given(shape, dtype)),
  attributes: { axis },
});

/** A shuffled list of the axes. */
function permutationOf(random: RandomSource, rank: number): number[] {
  const left = Array.from({ length: rank }, (_, d) => d);
  return Array.from({ length: rank }, () => left.splice(whole(random, left.length), 1)[0]);
}

const transposeSamples: OpSamples<TransposeAttributes> = {
  op: transposeOp,
  samples: (random) => [
    ...RAGGED.map((n) => transposed([n, 17], [1, 0])),
    ...RAGGED.map((n) => transposed([20, n], [1, 0])),
    transposed([], []),
    transposed([5], [0]),
    transposed([0, 4], [1, 0]),
    transposed([64, 36], [1, 0]),
    transposed([3, 8, 20], [0, 2, 1]),
    transposed([3, 7, 18], [0, 2, 1]),
    transposed([7, 5, 12], [1, 0, 2]),
    transposed([3, 4, 5, 8], [2, 3, 0, 1]),
    transposed([3, 4, 5, 6], [3, 2, 1, 0]),
    transposed([33, 20], [1, 0], "i32"),
    transposed([32, 20], [1, 0], "u32"),
    transposed([2, 3, 2, 3, 2, 2, 3, 2], [7, 6, 5, 4, 3, 2, 1, 0]),
    ...Array.from({ length: 6 }, () => {
      const shape = Array.from({ length: 2 + whole(random, 4) }, () => 1 + whole(random, 6));
      return transposed(shape, permutationOf(random, shape.length));
    }),
  ],
};

const sliceSamples: OpSamples<SliceAttributes> = {
  op: sliceOp,
  samples: (random) => [
    ...RAGGED.map((n) => sliced([n + 2, 9], [1, 2], [n, 5])),
    ...RAGGED.map((n) => sliced([5, n + 3], [1, 2], [3, n])),
    sliced([], [], []),
    sliced([8, 16], [3, 0], [4, 16]),
    sliced([8, 16], [2, 4], [5, 8]),
    sliced([9, 7], [5, 0], [-1, -1]),
    sliced([4, 6], [2, 6], [2, 0]),
    sliced([13], [12], [13], [-1]),
    sliced([9, 14], [7, 1], [3, 5], [-2, 3]),
    sliced([10, 4, 8], [0, 1, 0], [4, 2, 8], [3, 2, 1]),
    ...Array.from({ length: 6 }, () => {
      const shape = Array.from({ length: 1 + whole(random, 4) }, () => 1 + whole(random, 9));
      const begin = shape.map((n) => whole(random, n));
      const strides = shape.map(() => [1, 1, 2, -1, -2][whole(random, 5)]);
      return sliced(
        shape,
        begin,
        shape.map(() => -1),
        strides,
      );
    }),
  ],
};

const padSamples: OpSamples<PadAttributes> = {
  op: padOp,
  samples: () => [
    ...RAGGED.map((n) => padded([n, 5], [1, 0], [2, 3])),
    ...RAGGED.map((n) => padded([3, n], [0, 2], [1, 1], { value: -1.5 })),
    padded([], [], []),
    padded([0, 4], [1, 0], [1, 0], { value: 2 }),
    padded([4, 8], [2, 4], [1, 8], { value: 0.1 }),
    padded([4, 6, 8], [2, 0, 0], [1, 0, 0]),
    padded([2, 5, 5, 4], [0, 1, 1, 0], [0, 1, 1, 0]),
    padded([3, 4], [1, 2], [0, 1], { inside: [2, 1] }),
    padded([3, 5, 8], [0, 1, 0], [2, 0, 0], { inside: [0, 1, 0], value: 3 }),
    padded([1, 5], [0, 0], [0, 0], { inside: [3, 2] }),
    padded([5, 3], [1, 1], [1, 1], { value: -7 }, "i32"),
    padded([5, 4], [1, 4], [1, 0], { value: 4000000000 }, "u32"),
  ],
};

const concatSamples: OpSamples<ConcatAttributes> = {
  op: concatOp,
  samples: () => [
    ...RAGGED.map((n) =>
      joined(0, [
        [n, 5],
        [2, 5],
      ]),
    ),
    ...RAGGED.map((n) =>
      joined(1, [
        [3, n],
        [3, 4],
      ]),
    ),
    joined(0, [[7]]),
    joined(0, [
      [3, 4],
      [0, 4],
      [5, 4],
    ]),
    joined(1, [
      [6, 8],
      [6, 4],
      [6, 12],
    ]),
    joined(1, [
      [3, 4, 2],
      [3, 6, 2],
      [3, 2, 2],
    ]),
    joined(
      2,
      Array.from({ length: 12 }, (_, i) => [2, 3, i + 1]),
    ),
    joined(
      0,
      [
        [5, 2],
        [3, 2],
      ],
      "i32",
    ),
    joined(
      1,
      [
        [5, 4],
        [5, 4],
      ],
      "u32",
    ),
  ],
};

const reshapeSamples: OpSamples<ReshapeAttributes> = {
  op: reshapeOp,
  samples: () => [
    { inputs: [{ shape: [6, 4] }], attributes: { shape: [3, -1] } },
    { inputs: [{ shape: [1] }], attributes: { shape: [] } },
    { inputs: [{ shape: [2, 3, 4] }], attributes: { shape: [24] } },
  ],
};

const copySamples: OpSamples = {
  op: copyOp,
  samples: () => [
    ...[1, 3, 64, 130].map((n) => ({ inputs: [{ shape: [n] }], attributes: {} })),
    { inputs: [{ shape: [3, 5, 17] }], attributes: {} },
    { inputs: [{ shape: [7, 9], dtype: "i32" }], attributes: {} },
    { inputs: [{ shape: [65], dtype: "u32", value: (_, i) => 65 * i }], attributes: {} },
    { inputs: [{ shape: [66], dtype: "f16" }], attributes: {}, note: "two in a word" },
  ],
};

export const shapeSamples: readonly OpSamples[] = [copySamples, reshapeSamples, transposeSamples, sliceSamples, padSamples, concatSamples];
