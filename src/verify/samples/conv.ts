import type { RandomSource } from "../../graph/tensor.ts";
import type { Shape } from "../../graph/types.ts";
import { reluActivation, tanhActivation } from "../../ops/activation.ts";
import { conv2dFilterGradientOp, conv2dInputGradientOp, conv2dOp } from "../../ops/conv/ops.ts";
import { type ConvPoolAttributes, conv2dMaxPoolOp } from "../../ops/conv/pooled.ts";
import type { ConvAttributes, InputGradientAttributes } from "../../ops/conv/problem.ts";
import { maxPoolOp } from "../../ops/pool/max.ts";
import { type Pair, resolveWindow, type WindowOptions, windowCounts } from "../../ops/window.ts";
import type { OpSamples, Sample, SampleInput } from "../sample.ts";

interface Case extends WindowOptions {
  /** [N, H, W, C_in]. */
  readonly x: readonly [number, number, number, number];
  readonly size: Pair;
  readonly out: number;
  readonly groups?: number;
  readonly note?: string;
  readonly value?: SampleInput["value"];
  /** Whether it has a bias; else every third sample has. */
  readonly bias?: boolean;
}

const RAGGED = [1, 3, 7, 17, 33, 65, 130];

const ragged: readonly Case[] = [
  ...RAGGED.map((n): Case => ({ x: [n, 3, 4, 4], size: [2, 3], out: 4, padding: "same" })),
  ...RAGGED.map((h): Case => ({ x: [1, h, 3, 5], size: [3, 2], out: 4, padding: "same" })),
  ...RAGGED.map((w): Case => ({ x: [2, 2, w, 4], size: [2, 3], out: 8, padding: "same" })),
  ...RAGGED.map((c): Case => ({ x: [1, 5, 4, c], size: [3, 3], out: 8, padding: 1 })),
  ...RAGGED.map((out): Case => ({ x: [1, 4, 5, 8], size: [3, 3], out, padding: 1 })),
];

const options: readonly Case[] = [
  { x: [2, 9, 8, 3], size: [3, 3], out: 5, stride: 2, note: "stride" },
  { x: [2, 9, 11, 4], size: [3, 3], out: 8, stride: [2, 3], padding: "same", note: "strides, same" },
  { x: [1, 7, 8, 4], size: [2, 4], out: 4, stride: [1, 2], padding: "same-lower", note: "same-lower" },
  { x: [1, 8, 9, 4], size: [2, 2], out: 8, stride: 3, note: "stride over pixels" },
  {
    x: [1, 11, 12, 4],
    size: [3, 3],
    out: 8,
    dilation: [2, 3],
    padding: [
      [3, 1],
      [0, 5],
    ],
    note: "dilation, uneven padding",
  },
  { x: [2, 12, 11, 3], size: [3, 2], out: 4, dilation: [3, 2], stride: [2, 4], padding: 2, note: "dilation and stride" },
  { x: [2, 10, 11, 4], size: [3, 3], out: 4, dilation: 2, stride: 2, padding: 3, note: "dilation that the stride divides" },
  { x: [1, 9, 9, 2], size: [5, 1], out: 3, dilation: [2, 5], padding: [4, 0], note: "one column" },
  { x: [1, 3, 3, 4], size: [3, 3], out: 4, padding: 4, note: "windows in the padding" },
  { x: [1, 4, 4, 4], size: [4, 4], out: 9, note: "one window" },
  { x: [2, 5, 6, 12], size: [3, 3], out: 8, groups: 4, padding: 1, note: "groups" },
  { x: [1, 5, 6, 16], size: [3, 3], out: 24, groups: 2, stride: 2, padding: 1, note: "groups, vec4" },
  { x: [2, 5, 7, 8], size: [3, 3], out: 8, groups: 8, padding: 1, note: "depthwise" },
  { x: [1, 6, 7, 12], size: [3, 2], out: 12, groups: 12, stride: 2, dilation: 2, padding: 2, note: "depthwise, stride, dilation" },
  { x: [1, 6, 5, 7], size: [3, 3], out: 7, groups: 7, padding: "same", note: "depthwise, ragged" },
  { x: [2, 5, 4, 3], size: [3, 3], out: 6, groups: 3, padding: 1, note: "depthwise, two filters each" },
  { x: [2, 6, 5, 8], size: [1, 1], out: 12, note: "1×1" },
  { x: [3, 5, 5, 7], size: [1, 1], out: 9, note: "1×1, ragged" },
  { x: [2, 3, 5, 8], size: [1, 1], out: 9, note: "1×1, vec4 in" },
  { x: [2, 3, 5, 7], size: [1, 1], out: 12, note: "1×1, vec4 out" },
  { x: [2, 6, 5, 8], size: [1, 1], out: 12, stride: 2, note: "1×1, stride" },
  { x: [2, 14, 13, 1], size: [5, 5], out: 8, padding: "same", note: "one channel" },
  { x: [2, 13, 14, 1], size: [5, 5], out: 16, note: "one channel, valid" },
  { x: [1, 11, 13, 3], size: [7, 7], out: 20, stride: 2, padding: 3, note: "three channels" },
  { x: [2, 9, 10, 2], size: [3, 4], out: 6, stride: [1, 2], padding: 1, note: "two channels" },
  { x: [1, 18, 17, 16], size: [3, 3], out: 36, padding: 1, note: "whole tiles" },
  { x: [1, 7, 7, 130], size: [3, 3], out: 66, padding: 1, note: "small map" },
  { x: [1, 7, 6, 160], size: [3, 3], out: 64, padding: 1, note: "small map, vec4" },
];

/**
 * Channels, in and out, that are multiples of 4 and that are not, with sums and widths that are or not, with bias and without: as few as
 * reach every form of the kernels (tests/unit/alignment.test.ts).
 */
const aligned: readonly Case[] = (
  [
    [1, 4, 2, 7, false],
    [2, 3, 4, 8, false],
    [2, 5, 3, 8, true],
    [3, 2, 3, 8, false],
    [4, 8, 2, 8, true],
    [5, 4, 4, 8, false],
    [5, 5, 4, 7, true],
    [7, 4, 3, 8, true],
    [7, 8, 4, 7, true],
    [8, 1, 4, 7, false],
    [8, 3, 3, 8, false],
    [8, 5, 4, 7, true],
    [8, 7, 3, 7, true],
    [8, 8, 4, 7, false],
  ] as const
).map(([c, out, taps, width, bias]) => ({ x: [1, 3, width, c], size: [2, taps], out, bias, note: "alignment" }));

/** So many terms in so small a map that the sum is cut, in the filter's gradient too: tests/unit/alignment.test.ts says whether it is. */
const CUT = [172, 173];
const cut: readonly Case[] = [
  ...CUT.flatMap((c) => CUT.map((out): Case => ({ x: [1, 4, 4, c], size: [3, 3], out, padding: 1, bias: c === out, note: "cut" }))),
  ...[6, 8].flatMap((c) =>
    [18, 20].map((out): Case => ({ x: [4, 20, 19, c], size: [3, 3], out, padding: 1, note: "filter's gradient cut" })),
  ),
];

/** Few channels out of many, forward and in the gradient of x. */
const narrow: readonly Case[] = [
  ...[1, 2, 3].flatMap((few): Case[] => [
    ...[1, 7, 17].map((w): Case => ({ x: [2, 4, w, 8], size: [3, 3], out: few, padding: 1, note: "narrow" })),
    { x: [1, 7, 9, 12], size: [2, 5], out: few, note: "narrow, valid" },
    {
      x: [2, 9, 10, 4],
      size: [3, 3],
      out: few,
      stride: [2, 3],
      dilation: 2,
      padding: [
        [3, 0],
        [1, 4],
      ],
      note: "narrow, strides, dilation",
    },
    ...[1, 7, 17].map((w): Case => ({ x: [2, 4, w, few], size: [3, 3], out: 8, padding: 1, note: "narrow" })),
    { x: [1, 7, 9, few], size: [2, 5], out: 12, note: "narrow, valid" },
    {
      x: [2, 9, 10, few],
      size: [3, 2],
      out: 4,
      dilation: [2, 3],
      padding: [
        [3, 0],
        [1, 4],
      ],
      note: "narrow, dilation",
    },
    { x: [1, 5, 8, few], size: [5, 5], out: 132, padding: "same", note: "narrow, long sums" },
  ]),
];

/** Depthwise: `multiplier` filters for each of `channels`. */
const each = (channels: number, multiplier: number, [h, w]: Pair, size: Pair, rest: Partial<Case> = {}): Case => ({
  x: [2, h, w, channels],
  size,
  out: channels * multiplier,
  groups: channels,
  ...rest,
  note: `depthwise${rest.note ? `, ${rest.note}` : ""}`,
});

const depthwise: readonly Case[] = [
  ...[3, 4, 5, 7, 8, 17, 33].map((c) => each(c, 1, [5, 6], [3, 3], { padding: 1 })),
  ...[1, 2, 3, 5, 9].map((w) => each(4, 1, [7, w], [3, 3], { padding: "same", note: "narrow" })),
  ...[1, 2, 9, 13].map((h) => each(3, 1, [h, 5], [3, 3], { padding: "same-lower", note: "heights" })),
  each(5, 2, [6, 7], [3, 3], { padding: 1, note: "two filters each" }),
  each(4, 3, [7, 6], [3, 2], { padding: 1, note: "three filters each" }),
  each(3, 2, [9, 8], [3, 3], { stride: 2, padding: 1, note: "two filters each, stride" }),
  each(8, 1, [9, 10], [3, 3], { stride: 2, padding: 1, note: "stride" }),
  each(7, 1, [11, 10], [3, 3], {
    stride: [2, 1],
    padding: [
      [0, 1],
      [2, 0],
    ],
    note: "stride of lines, uneven padding",
  }),
  each(4, 1, [10, 13], [3, 3], { stride: [1, 2], padding: "same", note: "stride within lines" }),
  each(4, 1, [8, 9], [2, 2], { stride: 3, note: "stride over pixels" }),
  each(6, 1, [9, 9], [1, 1], { stride: 2, note: "one tap" }),
  each(8, 1, [11, 12], [3, 3], {
    dilation: [2, 3],
    padding: [
      [3, 1],
      [0, 5],
    ],
    note: "dilation, uneven padding",
  }),
  each(4, 1, [5, 5], [3, 3], { dilation: 7, padding: 7, note: "dilation beyond the image" }),
  each(4, 1, [12, 11], [3, 3], { dilation: 2, stride: 2, padding: 3, note: "dilation and stride" }),
  each(3, 1, [10, 11], [2, 3], { dilation: [2, 1], stride: [1, 2], padding: 1, note: "dilation and stride of two axes" }),
  each(4, 1, [8, 9], [5, 5], { padding: 2, note: "5×5" }),
  each(5, 1, [9, 8], [4, 6], { stride: 2, padding: "same", note: "4×6" }),
  each(4, 1, [9, 8], [7, 7], { padding: 3, note: "7×7" }),
  each(4, 1, [1, 20], [1, 5], { padding: [0, 2], note: "one line" }),
  each(4, 1, [3, 3], [3, 3], { padding: 4, note: "windows in the padding" }),
  each(4, 1, [33, 40], [3, 3], { padding: 1, note: "filter's gradient split" }),
  each(3, 2, [41, 35], [3, 3], { stride: 2, note: "filter's gradient split, two filters each" }),
];

const draws = (random: RandomSource): Case[] =>
  Array.from({ length: 12 }, () => {
    const whole = (least: number, most: number) => least + Math.floor(random.uniform() * (most - least + 1));
    const groups = whole(1, 3);
    return {
      x: [whole(1, 3), whole(7, 12), whole(7, 12), groups * whole(1, 5)],
      size: [whole(1, 4), whole(1, 4)],
      out: groups * whole(1, 9),
      stride: [whole(1, 3), whole(1, 3)],
      dilation: [whole(1, 2), whole(1, 2)],
      padding: [
        [whole(0, 3), whole(0, 3)],
        [whole(0, 3), whole(0, 3)],
      ],
      groups,
      note: "drawn",
    };
  });

const values: readonly Case[] = [
  { x: [1, 6, 6, 9], size: [3, 3], out: 5, note: "one sign", value: (random) => 0.5 + random.uniform() },
  { x: [1, 6, 6, 3], size: [3, 3], out: 5, padding: 1, note: "large values", value: (random) => 1e15 * random.normal() },
];

const geometryOf = ({ x, size, out, groups = 1, ...rest }: Case) => {
  const window = resolveWindow("conv2d", [x[1], x[2]], size, rest);
  const filter: Shape = [...size, x[3] / groups, out];
  const y: Shape = [x[0], ...windowCounts("conv2d", [x[1], x[2]], window), out];
  return { attributes: { window, groups }, filter, y };
};

const depthwiseDraws = (random: RandomSource): Case[] =>
  Array.from({ length: 8 }, () => {
    const whole = (least: number, most: number) => least + Math.floor(random.uniform() * (most - least + 1));
    const pair = (least: number, most: number): Pair => [whole(least, most), whole(least, most)];
    return each(whole(2, 9), whole(1, 4) === 1 ? 2 : 1, pair(7, 12), pair(1, 4), {
      stride: pair(1, 3),
      dilation: pair(1, 2),
      padding: [pair(0, 3), pair(0, 3)],
      note: "drawn",
    });
  });

const all = (random: RandomSource): Case[] => [
  ...ragged,
  ...options,
  ...depthwise,
  ...narrow,
  ...draws(random),
  ...depthwiseDraws(random),
  ...values,
  ...aligned,
  ...cut,
];

/** Every third sample with a bias, every third of these with an activation, where the case does not say. Long sums are not differentiated. */
const epilogue = (i: number, channels: number, { bias = i % 3 === 0, note }: Case) => {
  const activation = i % 9 === 0 ? { activation: tanhActivation } : i % 9 === 5 ? { activation: reluActivation } : {};
  const addend: SampleInput[] = bias ? [{ shape: [channels] }] : [];
  return { bias: addend, activation, skip: i % 9 === 5 || note === "cut" };
};

const forward = (random: RandomSource): Sample<ConvAttributes>[] =>
  all(random).map((one, i) => {
    const { attributes, filter } = geometryOf(one);
    const { bias, activation, skip } = epilogue(one.note === "large values" ? 1 : i, one.out, one);
    return {
      inputs: [{ shape: one.x, value: one.value }, { shape: filter, value: one.value }, ...bias],
      attributes: { ...attributes, ...activation },
      note: one.note,
      skipFiniteDifferences: skip,
    };
  });

const backward = (random: RandomSource): Sample<InputGradientAttributes>[] =>
  all(random).map((one, i) => {
    const { attributes, filter, y } = geometryOf(one);
    const { bias, activation, skip } = epilogue(one.note === "large values" ? 1 : i + 1, one.x[3], one);
    return {
      inputs: [{ shape: y, value: one.value }, { shape: filter, value: one.value }, ...bias],
      attributes: { ...attributes, size: [one.x[1], one.x[2]], ...activation },
      note: one.note,
      skipFiniteDifferences: skip,
    };
  });

const ofFilter = (random: RandomSource): Sample<ConvAttributes>[] => [
  ...all(random).map((one) => {
    const { attributes, y } = geometryOf(one);
    return {
      inputs: [
        { shape: one.x, value: one.value },
        { shape: y, value: one.value },
      ],
      attributes,
      note: one.note,
      skipFiniteDifferences: one.note === "cut",
    };
  }),
  ...[1, 2].map(unseen),
];

/** What no window sees adds nothing to the filter's gradient, not even where it is NaN: the last pixel of a line. */
function unseen(channels: number): Sample<ConvAttributes> {
  const { attributes, y } = geometryOf({
    x: [1, 1, 2, channels],
    size: [1, 3],
    out: channels,
    groups: channels,
    stride: [1, 2],
    padding: [
      [0, 0],
      [2, 0],
    ],
  });
  const value = (random: RandomSource, i: number) => (i >= channels ? Number.NaN : random.normal());
  return {
    inputs: [{ shape: [1, 1, 2, channels], value }, { shape: y }],
    attributes,
    note: "a pixel that no window sees",
    skipFiniteDifferences: true,
  };
}

const PAIRS = { window: resolveWindow("maxPool2d", [2, 2], 2, { stride: 2 }), ceilMode: false };

/** Convolutions with at least one window of 2 × 2 and channels in fours. */
const pooled = (random: RandomSource): Sample<ConvPoolAttributes>[] =>
  forward(random).flatMap((sample, i) => {
    const filter = sample.inputs[1];
    const { activation: _, ...attributes } = sample.attributes;
    const [, oh, ow] = conv2dOp.shape(
      sample.inputs.map(({ shape }) => ({ dtype: "f32", shape })),
      attributes,
    )[0].shape;
    if (oh < 2 || ow < 2 || (filter.shape[3] / attributes.groups) % 4 !== 0) return [];
    const pool = i % 2 === 0 ? PAIRS : { ...PAIRS, activation: i % 3 === 0 ? tanhActivation : reluActivation };
    return [
      {
        ...sample,
        attributes: { convolution: { op: conv2dOp, attributes }, pool: { op: maxPoolOp, attributes: pool } },
        skipFiniteDifferences: sample.skipFiniteDifferences || sample.note === "large values" || i % 6 !== 0,
      },
    ];
  });

export const convSamples: readonly (OpSamples<ConvAttributes> | OpSamples<InputGradientAttributes> | OpSamples<ConvPoolAttributes>)[] = [
  { op: conv2dMaxPoolOp, samples: pooled, onlyFirstOutput: true },
  { op: conv2dOp, samples: forward },
  { op: conv2dInputGradientOp, samples: backward },
  { op: conv2dFilterGradientOp, samples: ofFilter },
];
