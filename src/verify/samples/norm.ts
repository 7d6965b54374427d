import type { RandomSource } from "../../graph/tensor.ts";
import type { Shape } from "../../graph/types.ts";
import { batchNormOp } from "../../ops/norm/batch-norm.ts";
import { batchNormGradientOp, batchNormSumsOp } from "../../ops/norm/batch-norm-gradient.ts";
import { batchNormInferenceOp } from "../../ops/norm/batch-norm-inference.ts";
import { layerNormOp } from "../../ops/norm/layer-norm.ts";
import { layerNormGradientOp, layerNormSumsOp } from "../../ops/norm/layer-norm-gradient.ts";
import { runningAverageOp } from "../../ops/norm/running.ts";
import type { OpSamples, Sample, SampleInput } from "../sample.ts";

type Value = SampleInput["value"];

const RAGGED = [1, 3, 7, 17, 33, 65, 130];
const EPSILON = 1e-5;

const positive: Value = (random) => 0.2 + random.uniform();
/** Far from 0: what E[x²] − E[x]² would lose. */
const shifted: Value = (random) => 300 + random.normal();
const constant: Value = () => 7.3;

/** Shapes [..., C]: rows and channels ragged, one element, many rows (in parts), one channel, images. */
const channelShapes = (random: RandomSource): Shape[] => [
  ...RAGGED.map((rows) => [rows, 5]),
  ...[1, 2, 3, 5, 7, 8, 65, 130].map((channels) => [9, channels]),
  [2, 3, 5, 4],
  [3, 7, 2],
  [2100, 16],
  [2600, 3],
  [9001, 1],
  [40000, 1],
  [4],
  [6, 10],
  [5, 12],
  ...Array.from({ length: 2 }, () => [1 + Math.floor(20 * random.uniform()), 1 + Math.floor(9 * random.uniform())]),
];

/** Shapes with the first axis that is normalised. */
const rowShapes = (random: RandomSource): (readonly [Shape, number])[] => [
  ...RAGGED.map((n): readonly [Shape, number] => [[5, n], -1]),
  ...[1, 7, 65].map((rows): readonly [Shape, number] => [[rows, 12], 1]),
  [[2, 3, 5, 4], 1],
  [[2, 3, 5], -2],
  [[6, 7], 0],
  [[3, 1032], 1],
  [[2, 2051], 1],
  [[1, 40000], 1],
  ...Array.from({ length: 2 }, (): readonly [Shape, number] => [
    [1 + Math.floor(9 * random.uniform()), 1 + Math.floor(40 * random.uniform())],
    1,
  ]),
];

const channels = (shape: Shape): Shape => [shape[shape.length - 1]];
/** Two values that tie, or one alone, have no variance: 1 / √ε makes finite differences useless. */
const few = (n: number): boolean => n < 4;
const rowsBefore = (shape: Shape): number => shape.slice(0, -1).reduce((a, b) => a * b, 1);

const batch = (shape: Shape, value?: Value, note?: string): Sample<{ readonly epsilon: number }> => ({
  inputs: [{ shape, value }, { shape: channels(shape) }, { shape: channels(shape) }],
  attributes: { epsilon: EPSILON },
  note,
  skipFiniteDifferences: few(rowsBefore(shape)) || value !== undefined,
});

const layer = ([shape, axis]: readonly [Shape, number], value?: Value, note?: string): Sample<{ axis: number; epsilon: number }> => {
  const part = shape.slice(axis < 0 ? axis + shape.length : axis);
  return {
    inputs: [{ shape, value }, { shape: part }, { shape: part }],
    attributes: { axis, epsilon: EPSILON },
    note,
    skipFiniteDifferences: few(part.reduce((a, b) => a * b, 1)) || value !== undefined,
  };
};

/** What reaches the gradients' kernels in training reaches them through the samples above; here every shape has statistics of its own. */
const sums = (shape: Shape, statistics: Shape, deviation: Value): SampleInput[] => [
  { shape },
  { shape: statistics },
  { shape: statistics, value: deviation },
  { shape },
];

const rowsOf = ([shape, axis]: readonly [Shape, number]): { part: Shape; rows: Shape } => {
  const from = axis < 0 ? axis + shape.length : axis;
  return { part: shape.slice(from), rows: shape.map((n, i) => (i < from ? n : 1)) };
};

export const normSamples: readonly OpSamples[] = [
  {
    op: batchNormOp,
    samples: (random) => [
      ...channelShapes(random).map((shape) => batch(shape)),
      batch([700, 8], shifted, "far from 0"),
      batch([130, 5], shifted, "far from 0"),
      batch([64, 4], constant, "no variance"),
      batch([64, 4], (source) => 1e15 * source.normal(), "large"),
    ],
  },
  {
    op: batchNormSumsOp,
    samples: (random) =>
      channelShapes(random).map((shape) => ({ inputs: sums(shape, channels(shape), positive), attributes: { epsilon: EPSILON } })),
  },
  {
    op: batchNormGradientOp,
    samples: (random) =>
      channelShapes(random)
        .filter((_, i) => i % 3 === 0 || i % 7 === 1)
        .map((shape) => {
          const vector = { shape: channels(shape) };
          return {
            inputs: [{ shape }, vector, vector, { ...vector, value: positive }, { shape }, vector, vector],
            attributes: { epsilon: EPSILON, rows: rowsBefore(shape) },
          };
        }),
  },
  {
    op: batchNormInferenceOp,
    samples: (random) =>
      channelShapes(random)
        .filter((_, i) => i % 3 === 1 || i % 4 === 0)
        .map((shape) => {
          const vector = { shape: channels(shape) };
          return { inputs: [{ shape }, vector, vector, vector, { ...vector, value: positive }], attributes: { epsilon: 1e-3 } };
        }),
  },
  {
    op: runningAverageOp,
    samples: () =>
      [...RAGGED, 4, 64].flatMap((n) =>
        [0.1, 0.9, 1].map((momentum) => ({ inputs: [{ shape: [n] }, { shape: [n] }], attributes: { momentum, factor: n / (n + 1) } })),
      ),
  },
  {
    op: layerNormOp,
    samples: (random) => [
      ...rowShapes(random).map((shape) => layer(shape)),
      layer([[40, 64], 1], shifted, "far from 0"),
      layer([[2, 16500], 1], shifted, "far from 0, in parts"),
      layer([[6, 8], 1], constant, "no variance"),
    ],
  },
  {
    op: layerNormSumsOp,
    samples: (random) =>
      [...rowShapes(random), [[5000, 8], 1] as const, [[3000, 3], 1] as const].map((call) => ({
        inputs: sums(call[0], rowsOf(call).rows, positive),
        attributes: { axis: call[1] },
      })),
  },
  {
    op: layerNormGradientOp,
    samples: (random) =>
      rowShapes(random).map((call) => {
        const { part, rows } = rowsOf(call);
        return {
          inputs: [{ shape: call[0] }, { shape: part }, { shape: rows }, { shape: rows, value: positive }, { shape: call[0] }],
          attributes: { axis: call[1] },
        };
      }),
  },
];
