import type { RandomSource } from "../../graph/tensor.ts";
import type { Shape } from "../../graph/types.ts";
import type { Reduction } from "../../ops/loss/common.ts";
import { type ArgmaxAttributes, argmaxOp, argminOp } from "../../ops/rank/argmax.ts";
import { type TopKAttributes, topKAccuracyOp } from "../../ops/rank/top-k.ts";
import type { OpSamples, Sample, SampleInput } from "../sample.ts";

type Value = SampleInput["value"];

const RAGGED = [1, 3, 7, 17, 33, 65, 130];
const choose =
  (...values: number[]): Value =>
  (_, index) =>
    values[index % values.length];

const along = (
  shape: Shape,
  axis: number,
  more: { value?: Value; dtype?: SampleInput["dtype"]; keepDimensions?: boolean; note?: string } = {},
): Sample<ArgmaxAttributes> => ({
  inputs: [{ shape, value: more.value, dtype: more.dtype }],
  attributes: { axis, keepDimensions: more.keepDimensions ?? false },
  note: more.note,
});

const whole: Value = (random) => Math.floor(7 * random.uniform()) - 3;

/** Rows, columns and the middle at ragged sizes, short and long, in one pass and in parts; ties, signs of 0, infinities, NaN, integers. */
const argSamples = (random: RandomSource): Sample<ArgmaxAttributes>[] => [
  ...RAGGED.flatMap((n) => [along([n, 12], 1), along([5, n], 1), along([n, 8], 0), along([12, n], 0), along([3, n, 5], 1)]),
  along([2, 3, 4, 5], 2, { keepDimensions: true, note: "kept dimensions" }),
  along([5, 6], 0, { value: whole, note: "ties" }),
  along([7, 16], 1, { value: whole, note: "ties, vec4" }),
  along([3, 1032], 1, { value: whole, note: "ties, long" }),
  along([3, 2051], 1, { value: whole, note: "ties, long, ragged" }),
  along([140000], 0, { note: "in parts" }),
  along([140001], 0, { value: whole, note: "in parts, ties, ragged" }),
  along([2, 33001], 1, { note: "in parts" }),
  along([5000, 3], 0, { value: whole, note: "columns in parts, ties" }),
  along([5000, 4], 0, { note: "columns in parts, vec4" }),
  along([2, 3000, 8], 1, { value: whole, note: "columns in parts, ties, vec4" }),
  along([40000], 0, { value: choose(2), note: "all equal" }),
  along([4, 6], 1, { value: choose(-0, 0, -0, 0, -0), note: "signs of 0" }),
  along([4, 8], 1, { value: choose(0, -0, 1e-42, -1e-42, 2e-42), note: "below the normal range" }),
  along([6, 7], 1, { value: choose(1, Number.POSITIVE_INFINITY, -3, Number.NEGATIVE_INFINITY, 3e38), note: "infinities" }),
  along([6, 8], 1, { value: choose(Number.NEGATIVE_INFINITY), note: "−∞ only" }),
  along([6, 8], 1, { value: choose(Number.POSITIVE_INFINITY), note: "∞ only" }),
  along([6, 8], 1, { value: choose(1, Number.POSITIVE_INFINITY, Number.NaN, -2, 0.5, 3, 1), note: "NaN" }),
  along([9, 4], 0, { value: choose(1, 2, Number.NaN, -2, 0.5, 3, Number.NEGATIVE_INFINITY), note: "NaN in columns" }),
  along([40000], 0, { value: (_, i) => (i === 31234 || i === 39999 ? Number.NaN : Math.sin(i)), note: "NaN, in parts" }),
  along([7, 9], 1, { dtype: "i32", value: (source) => Math.floor(source.uniform() * 2 ** 32) - 2 ** 31, note: "integers" }),
  along([7, 12], 0, { dtype: "u32", value: (source) => Math.floor(source.uniform() * 2 ** 32), note: "integers" }),
  along([3, 5], 1, { dtype: "u32", value: choose(0, 2 ** 32 - 1, 0), note: "the ends of the integers" }),
  along([3, 5], 1, { dtype: "i32", value: choose(-(2 ** 31), 2 ** 31 - 1, -(2 ** 31)), note: "the ends of the integers" }),
  along([0, 5], 1, { note: "no results" }),
  ...Array.from({ length: 4 }, () => {
    const shape = Array.from({ length: 3 }, () => 1 + Math.floor(9 * random.uniform()));
    return along(shape, Math.floor(3 * random.uniform()), { value: whole, note: "drawn" });
  }),
];

interface TopKCase extends Partial<TopKAttributes> {
  readonly shape: Shape;
  readonly target?: "i32" | "u32";
  readonly value?: Value;
  readonly label?: Value;
  readonly note?: string;
}

function topKSample({ shape, target = "i32", value, label, note, ...rest }: TopKCase): Sample<TopKAttributes> {
  const attributes: TopKAttributes = {
    k: rest.k ?? 1,
    axis: rest.axis ?? shape.length - 1,
    mask: rest.mask ?? false,
    ignoreIndex: rest.ignoreIndex,
    reduction: rest.reduction ?? "mean",
  };
  const { ignoreIndex, axis } = attributes;
  const rows = shape.filter((_, i) => i !== axis);
  const labels: Value = (random) =>
    ignoreIndex !== undefined && random.uniform() < 0.3 ? ignoreIndex : Math.floor(random.uniform() * shape[axis]);
  const inputs: SampleInput[] = [
    { shape, value },
    { shape: rows, dtype: target, value: label ?? labels },
  ];
  if (attributes.mask) inputs.push({ shape: rows, value: (random) => (random.uniform() < 0.3 ? 0 : 0.25 + random.uniform()) });
  return { inputs, attributes, note };
}

const REDUCTIONS: readonly Reduction[] = ["mean", "sum", "none"];

const topKCases: readonly TopKCase[] = [
  ...RAGGED.flatMap((n): TopKCase[] => [
    { shape: [n, 10], k: 3, reduction: REDUCTIONS[n % 3] },
    { shape: [7, n], k: Math.min(n, 5), reduction: "none" },
    { shape: [2, 6, n], axis: 1, k: 2 },
  ]),
  ...REDUCTIONS.flatMap((reduction): TopKCase[] => [
    { shape: [33, 5], k: 2, reduction, mask: true },
    { shape: [33, 5], k: 2, reduction, ignoreIndex: -100 },
    { shape: [5, 4, 3], axis: 1, reduction, mask: true, ignoreIndex: 2, target: "u32" },
    { shape: [9, 300], k: 5, reduction, ignoreIndex: -1, note: "many classes" },
    { shape: [8210, 3], k: 2, reduction, note: "many rows" },
    { shape: [8210, 3], reduction, mask: true, note: "many rows" },
    { shape: [12, 6], k: 3, reduction, value: choose(1, 2, 2, 1, 0), note: "ties" },
  ]),
  { shape: [7], k: 2, note: "one row" },
  { shape: [70, 4], k: 1, value: choose(0), reduction: "none", note: "all equal" },
  {
    shape: [40, 5],
    k: 2,
    value: choose(1, Number.NaN, 3, Number.POSITIVE_INFINITY, -1, 2, Number.NEGATIVE_INFINITY),
    reduction: "none",
    note: "NaN",
  },
  { shape: [6, 5], k: 1, value: choose(0, -0, -0), reduction: "none", note: "signs of 0" },
  { shape: [9, 5], k: 1, ignoreIndex: 3, label: choose(3), note: "all ignored" },
  { shape: [9, 5], k: 1, label: choose(0, 5, 1), reduction: "none", note: "labels that are no class" },
  { shape: [9, 5], k: 1, label: choose(0, -1, 1), reduction: "mean", note: "labels that are no class" },
];

export const rankSamples: readonly OpSamples[] = [
  { op: argmaxOp, samples: argSamples },
  { op: argminOp, samples: argSamples },
  { op: topKAccuracyOp, samples: () => topKCases.map(topKSample) },
] as readonly OpSamples[];
