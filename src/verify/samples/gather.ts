import type { Shape } from "../../graph/types.ts";
import { type GatherAttributes, gatherOp } from "../../ops/gather/gather.ts";
import { type GatherGradientAttributes, gatherGradientOp } from "../../ops/gather/gather-gradient.ts";
import { type OneHotAttributes, oneHotOp } from "../../ops/gather/one-hot.ts";
import type { OpSamples, Sample, SampleInput } from "../sample.ts";

const RAGGED = [1, 3, 7, 17, 33, 65, 130];

/** Whole numbers from `low` up to `high`. */
const indices = (shape: Shape, low: number, high: number, dtype: "i32" | "u32" = "u32"): SampleInput => ({
  shape,
  dtype,
  value: (random) => low + Math.floor(random.uniform() * (high - low + 1)),
});

const gathered = (table: Shape, index: SampleInput, axis = 0, bias?: Shape): Sample<GatherAttributes> => ({
  inputs: [{ shape: table }, index, ...(bias ? [{ shape: bias }] : [])],
  attributes: { axis },
});

const gatherOpSamples: OpSamples<GatherAttributes> = {
  op: gatherOp,
  samples: () => [
    ...RAGGED.map((n) => gathered([n, 6], indices([5], 0, n - 1))),
    ...RAGGED.map((n) => gathered([9, n], indices([3, 2], 0, 8, "i32"))),
    ...RAGGED.map((n) => gathered([9, 8], indices([n], -9, 8, "i32"))),
    gathered([5], indices([], 4, 4)),
    gathered([5, 4], indices([0], 0, 4)),
    { ...gathered([5, 4], indices([30], -20, 20, "i32")), note: "out of range", skipFiniteDifferences: true },
    { ...gathered([5, 3], indices([20], 0, 4294967295)), note: "out of range", skipFiniteDifferences: true },
    gathered([3, 7, 4], indices([5], 0, 6), 1),
    gathered([2, 3, 5], indices([2, 3], -5, 4, "i32"), 2),
    gathered([2, 3, 4, 2], indices([7], 0, 2), 1),
    gathered([65, 32], indices([7, 3], 0, 64), 0, [32]),
    gathered([65, 33], indices([7, 3], 0, 64, "i32"), 0, [33]),
    gathered([3, 5, 4], indices([6], 0, 4), 1, [4]),
    { inputs: [{ shape: [6, 3], dtype: "i32", value: (_, i) => i - 9 }, indices([8], 0, 5)], attributes: { axis: 0 } },
    { inputs: [{ shape: [6, 4], dtype: "u32", value: (_, i) => 4294967295 - i }, indices([8], 0, 5)], attributes: { axis: 0 } },
  ],
};

/** The gradient of gather(table [rows, ...inner], index) along axis 0. */
const summed = (rows: number, inner: Shape, index: SampleInput): Sample<GatherGradientAttributes> => ({
  inputs: [{ shape: [...index.shape, ...inner] }, index],
  attributes: { axis: 0, rows },
});

const gatherGradientSamples: OpSamples<GatherGradientAttributes> = {
  op: gatherGradientOp,
  samples: () => [
    ...RAGGED.map((n) => summed(n, [5], indices([40], 0, n - 1))),
    ...RAGGED.map((n) => summed(7, [n], indices([5, 4], 0, 6, "i32"))),
    ...RAGGED.map((n) => summed(5, [8], indices([n], -5, 4, "i32"))),
    summed(4, [4], indices([], 1, 1)),
    summed(3, [4], indices([0], 0, 2)),
    { ...summed(5, [4], indices([60], -20, 20, "i32")), note: "out of range", skipFiniteDifferences: true },
    { ...summed(2, [3], indices([5000], 0, 1)), note: "more positions than one step of the scan" },
    { ...summed(300, [4], indices([2100], 0, 299)), note: "three digits of the sort, three blocks" },
    summed(6, [300], indices([30], 0, 5)),
    { inputs: [{ shape: [3, 8, 5] }, indices([8], 0, 3)], attributes: { axis: 1, rows: 4 } },
    { inputs: [{ shape: [2, 3, 2, 4] }, indices([3, 2], 0, 6)], attributes: { axis: 1, rows: 7 } },
    { ...summed(5, [4], indices([20], 0, 4)), inputs: [{ shape: [20, 4], value: (r) => 1e20 * r.normal() }, indices([20], 0, 4)] },
  ],
};

const hot = (index: SampleInput, depth: number, axis: number, on = 1, off = 0): Sample<OneHotAttributes> => ({
  inputs: [index],
  attributes: { depth, axis, on, off },
});

const oneHotSamples: OpSamples<OneHotAttributes> = {
  op: oneHotOp,
  samples: () => [
    ...RAGGED.flatMap((n) => [
      hot(indices([n], 0, 5), 6, 1),
      hot(indices([5], 0, n - 1), n, 1),
      hot(indices([n], -8, 7, "i32"), 8, 1),
      hot(indices([3, n], 0, 3), 4, 1),
    ]),
    hot(indices([], 0, 6), 7, 0),
    hot(indices([0], 0, 6), 7, 1),
    hot(indices([3, 5], 0, 6, "i32"), 7, 0),
    hot(indices([2, 3, 4], 0, 4, "i32"), 5, 2),
    hot(indices([2, 3], 0, 7), 8, 2, 0.9, 0.1),
    hot(indices([2, 3], 0, 4), 5, 2, -3, 2.5),
    { ...hot(indices([40], -20, 20, "i32"), 5, 1), note: "out of range", skipFiniteDifferences: true },
    { ...hot(indices([40], -20, 20, "i32"), 8, 1), note: "out of range, vec4", skipFiniteDifferences: true },
    { ...hot(indices([20], 0, 4294967295), 3, 1), note: "out of range", skipFiniteDifferences: true },
    { ...hot({ shape: [4], dtype: "i32", value: (_, i) => [-(2 ** 31), 2 ** 31 - 1, -4, -5][i] }, 4, 1), note: "the ends of the integers" },
  ],
};

export const gatherSamples: readonly OpSamples[] = [gatherOpSamples, gatherGradientSamples, oneHotSamples] as readonly OpSamples[];
