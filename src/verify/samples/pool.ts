import type { RandomSource } from "../../graph/tensor.ts";
import { reluActivation, tanhActivation } from "../../ops/activation.ts";
import { type AveragePoolAttributes, averagePoolOp } from "../../ops/pool/average.ts";
import { type IndicesAttributes, maxPoolIndicesOp } from "../../ops/pool/indices.ts";
import { type LpPoolAttributes, lpPoolOp } from "../../ops/pool/lp.ts";
import { type MaxPoolAttributes, maxPoolOp } from "../../ops/pool/max.ts";
import { maxUnpoolOp, type UnpoolAttributes } from "../../ops/pool/unpool.ts";
import type { Pair, Window } from "../../ops/window.ts";
import type { OpSamples, Sample, SampleInput } from "../sample.ts";

type Value = SampleInput["value"];
type Images = readonly [n: number, h: number, w: number, c: number];

const RAGGED = [1, 3, 7, 17, 33, 65, 130];

const window = (size: Pair, { stride = size, dilation = [1, 1], padding = [0, 0, 0, 0] }: WindowParts = {}): Window => ({
  size,
  stride,
  dilation,
  padding: [
    [padding[0], padding[1]],
    [padding[2], padding[3]],
  ],
});
interface WindowParts {
  readonly stride?: Pair;
  readonly dilation?: Pair;
  /** Top, bottom, left, right. */
  readonly padding?: readonly [number, number, number, number];
}

interface Layout {
  readonly shape: Images;
  readonly window: Window;
  readonly ceilMode?: boolean;
  readonly note?: string;
}

/** Whole cells, rests, overlaps, gaps, dilation, padding of all kinds, one tap, whole planes, more taps than a byte can count. */
const layouts: readonly Layout[] = [
  { shape: [2, 6, 8, 4], window: window([2, 2]), note: "whole cells, vec4" },
  { shape: [2, 6, 8, 3], window: window([2, 2]), note: "whole cells" },
  { shape: [1, 7, 9, 8], window: window([2, 2]), note: "a rest" },
  { shape: [1, 7, 9, 5], window: window([2, 3]), ceilMode: true, note: "ceil" },
  { shape: [2, 5, 7, 4], window: window([3, 3], { stride: [1, 1], padding: [1, 1, 1, 1] }), note: "overlapping" },
  { shape: [1, 9, 8, 2], window: window([3, 3], { stride: [2, 2], padding: [1, 1, 1, 1] }), note: "overlapping" },
  { shape: [1, 8, 10, 4], window: window([3, 2], { stride: [2, 1], padding: [0, 2, 1, 0] }), note: "asymmetric padding" },
  { shape: [1, 6, 7, 4], window: window([3, 3], { stride: [2, 2], padding: [1, 1, 1, 1] }), ceilMode: true, note: "padded, ceil" },
  { shape: [1, 10, 9, 4], window: window([3, 3], { stride: [2, 2], dilation: [2, 2], padding: [1, 1, 1, 1] }), note: "dilated" },
  { shape: [1, 11, 9, 3], window: window([2, 3], { stride: [3, 1], dilation: [3, 2] }), note: "dilated" },
  { shape: [1, 9, 11, 4], window: window([2, 1], { stride: [4, 3], padding: [1, 0, 0, 0] }), note: "gaps" },
  { shape: [1, 5, 6, 3], window: window([1, 1], { stride: [2, 1] }), note: "one tap" },
  { shape: [2, 4, 6, 4], window: window([4, 6]), note: "the whole plane" },
  { shape: [1, 17, 16, 4], window: window([17, 16]), note: "more taps than a byte counts" },
  { shape: [1, 16, 16, 4], window: window([16, 16]), note: "as many taps as a byte counts" },
  { shape: [1, 5, 1, 130], window: window([3, 1], { stride: [1, 1] }) },
  { shape: [2, 2, 1, 4], window: window([3, 2], { stride: [2, 2] }), ceilMode: true, note: "ceil, a plane smaller than the window" },
];

/** More elements than where a software GPU begins to take neighbours two by two. */
const large: readonly Layout[] = [
  { shape: [1, 362, 364, 4], window: window([2, 2]), note: "large, vec4" },
  { shape: [1, 418, 420, 3], window: window([2, 2]), note: "large" },
  { shape: [1, 363, 365, 4], window: window([2, 2]), note: "large, a rest, vec4" },
  { shape: [1, 419, 421, 3], window: window([2, 2]), note: "large, a rest" },
];

const ragged: readonly Layout[] = RAGGED.flatMap((n): Layout[] => [
  { shape: [n, 4, 4, 4], window: window([2, 2]) },
  { shape: [1, n + 1, 4, 4], window: window([2, 2]) },
  { shape: [1, 3, n + 2, 3], window: window([3, 3], { stride: [1, 2] }) },
  { shape: [1, 4, 4, n], window: window([2, 2]) },
]);

function drawn(random: RandomSource): Layout[] {
  const below = (n: number) => Math.floor(n * random.uniform());
  return Array.from({ length: 6 }, (): Layout => {
    const size: Pair = [1 + below(3), 1 + below(3)];
    const pad = (axis: 0 | 1) => below(size[axis]);
    return {
      shape: [1 + below(2), 6 + below(5), 6 + below(5), 1 + below(8)],
      window: window(size, {
        stride: [1 + below(3), 1 + below(3)],
        dilation: [1 + below(2), 1 + below(2)],
        padding: [pad(0), pad(0), pad(1), pad(1)],
      }),
      ceilMode: random.uniform() < 0.5,
      note: "drawn",
    };
  });
}

/** Some of the ragged sizes are enough for ops whose kernels others prove. */
const all = (random: RandomSource, whole: boolean): readonly Layout[] => [
  ...layouts,
  ...ragged.filter((_, i) => whole || i % 5 === 0),
  ...drawn(random),
];

const sample = <A>({ shape, note }: Layout, attributes: A, value?: Value): Sample<A> => ({
  inputs: [{ shape, value }],
  attributes,
  note,
  skipFiniteDifferences: note?.startsWith("large"),
});

/** No two alike, and no two so near that a finite difference would change their order. */
const distinct: Value = (random, index) => ((index * 7919) % 100003) / 1000 - 50 + 1e-4 * random.uniform();
const choose =
  (...values: number[]): Value =>
  (_, index) =>
    values[index % values.length];
const away: Value = (random) => (random.uniform() < 0.4 ? -1 : 1) * (0.3 + random.uniform());

const maxSamples = (random: RandomSource): Sample<MaxPoolAttributes>[] => {
  const plain = ({ window, ceilMode = false }: Layout) => ({ window, ceilMode });
  const special = (layout: Layout, value: Value, note: string): Sample<MaxPoolAttributes> => ({
    ...sample({ ...layout, note }, plain(layout), value),
    skipFiniteDifferences: true,
  });
  const [cells, , , , overlapping] = layouts;
  return [
    ...[...all(random, true), ...large].map((layout) => sample(layout, plain(layout), distinct)),
    special(cells, choose(1, 2, 2, 1, 0), "ties"),
    special(overlapping, choose(1, 2, 2), "ties"),
    special(overlapping, choose(Number.NEGATIVE_INFINITY), "−∞ only"),
    special(overlapping, choose(Number.NEGATIVE_INFINITY, 3, Number.POSITIVE_INFINITY, -1), "±∞"),
    special(overlapping, (source) => 1e37 * source.normal(), "large"),
    sample({ ...overlapping, note: "relu" }, { ...plain(overlapping), activation: reluActivation }, distinct),
    sample({ ...cells, note: "tanh" }, { ...plain(cells), activation: tanhActivation }, away),
  ];
};

const averageSamples = (random: RandomSource): Sample<AveragePoolAttributes>[] => [
  ...[...all(random, true), ...large].map((layout) =>
    sample(layout, { window: layout.window, ceilMode: layout.ceilMode ?? false, countIncludePad: false }),
  ),
  ...layouts
    .filter(({ note }) => /padd|ceil|overlap/.test(note ?? ""))
    .map((layout) => sample(layout, { window: layout.window, ceilMode: layout.ceilMode ?? false, countIncludePad: true })),
  sample(layouts[5], { window: layouts[5].window, ceilMode: false, countIncludePad: false, divisor: 4 }),
  sample(
    { ...layouts[12], note: "one sign" },
    { window: layouts[12].window, ceilMode: false, countIncludePad: false },
    (r) => 1 + r.uniform(),
  ),
];

const lpSamples = (random: RandomSource): Sample<LpPoolAttributes>[] => [
  ...[2, 3, 4].flatMap((p) =>
    [0, 1].map((i) => ({
      ...sample(
        { ...layouts[i], note: "±∞ and NaN" },
        { window: layouts[i].window, ceilMode: false, p },
        choose(1, 2, -Infinity, Number.NaN),
      ),
      skipFiniteDifferences: true,
    })),
  ),
  ...[...all(random, false), ...large].map((layout, i) =>
    sample(layout, { window: layout.window, ceilMode: layout.ceilMode ?? false, p: 1 + (i % 4) }, away),
  ),
  { ...sample({ ...layouts[0], note: "0" }, { window: layouts[0].window, ceilMode: false, p: 2 }, choose(0)), skipFiniteDifferences: true },
  {
    ...sample({ ...layouts[0], note: "0 among them" }, { window: layouts[0].window, ceilMode: false, p: 3 }, choose(0, 1, -2)),
    skipFiniteDifferences: true,
  },
];

/** [OH, OW] of a layout. */
const countsOf = ({ shape, window: w, ceilMode = false }: Layout): Pair => {
  const [{ shape: y }] = maxPoolOp.shape([{ dtype: "f32", shape }], { window: w, ceilMode });
  return [y[1], y[2]];
};

/** Plane indices, most of them under a tap of their window, some not; every third with a gate. */
const unpoolSamples = (random: RandomSource): Sample<UnpoolAttributes>[] =>
  [...all(random, false), large[0]].map((layout, at) => {
    const { shape, window: w, note } = layout;
    const counts = countsOf(layout);
    const c = shape[3];
    const index: Value = (source, i) => {
      const pixel = Math.floor(i / c);
      const [oy, ox] = [Math.floor(pixel / counts[1]) % counts[0], pixel % counts[1]];
      if (source.uniform() < 0.1) return Math.floor(source.uniform() * (shape[1] * shape[2] + 2)) - 1;
      const along = (axis: 0 | 1, o: number) =>
        Math.min(
          shape[axis + 1] - 1,
          Math.max(0, o * w.stride[axis] - w.padding[axis][0] + w.dilation[axis] * Math.floor(source.uniform() * w.size[axis])),
        );
      return along(0, oy) * shape[2] + along(1, ox);
    };
    const values: SampleInput = { shape: [shape[0], ...counts, c] };
    const inputs: SampleInput[] = [
      values,
      { ...values, dtype: "i32", value: index },
      ...(at % 3 === 0 ? [{ ...values, value: away }] : []),
    ];
    return { inputs, attributes: { window: w, plane: [shape[1], shape[2]] }, note, skipFiniteDifferences: layout === large[0] };
  });

/** Winners as max pooling writes them, all of them under a tap. */
function winnersOf(layout: Layout): SampleInput {
  const { shape, window: w } = layout;
  const [n, , , c] = shape;
  const taps = w.size[0] * w.size[1];
  const bytes = c % 4 === 0 && taps <= 256;
  const position: Value = (random) => Math.floor(random.uniform() * taps);
  const word: Value = (random) => [0, 1, 2, 3].reduce((sum, lane) => sum + Math.floor(random.uniform() * taps) * 256 ** lane, 0);
  return { shape: [n, ...countsOf(layout), bytes ? c / 4 : c], dtype: "u32", value: bytes ? word : position };
}

const indicesSamples = (): Sample<IndicesAttributes>[] =>
  [layouts[0], layouts[1], layouts[13], layouts[14]].map((layout) => {
    const { shape, window: w } = layout;
    return { inputs: [winnersOf(layout)], attributes: { window: w, plane: [shape[1], shape[2]], c: shape[3] } };
  });

/** What remains of relu's gradient and that of max pooling in one: the winners are those of the pooling. */
const gatedSamples = (): Sample<UnpoolAttributes>[] =>
  [layouts[0], layouts[1], layouts[4], layouts[12]].map((layout) => {
    const { shape, window: w } = layout;
    const values: SampleInput = { shape: [shape[0], ...countsOf(layout), shape[3]] };
    return {
      inputs: [values, winnersOf(layout), { ...values, value: (random) => Math.floor(3 * random.uniform()) - 1 }],
      attributes: { window: w, plane: [shape[1], shape[2]] },
      note: "gated",
      skipFiniteDifferences: true, // a gate of 0 is a kink
    };
  });

export const poolSamples: readonly OpSamples[] = [
  { op: maxPoolOp, samples: maxSamples },
  { op: averagePoolOp, samples: averageSamples },
  { op: lpPoolOp, samples: lpSamples },
  { op: maxUnpoolOp, samples: (random: RandomSource) => [...unpoolSamples(random), ...gatedSamples()] },
  { op: maxPoolIndicesOp, samples: indicesSamples },
] as readonly OpSamples[];
