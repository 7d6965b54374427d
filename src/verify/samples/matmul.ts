import type { RandomSource } from "../../graph/tensor.ts";
import type { Shape } from "../../graph/types.ts";
import { tanhActivation } from "../../ops/activation.ts";
import { matmulOp } from "../../ops/matmul/matmul.ts";
import type { MatmulAttributes } from "../../ops/matmul/problem.ts";
import { stateOuterProductOp } from "../../ops/matmul/state-outer-product.ts";
import type { OpSamples, Sample, SampleInput } from "../sample.ts";

type Value = SampleInput["value"];

/** A product of matrices M×K and K×N under the leading axes given, stored as the transposes say. */
function product(
  [m, k, n]: readonly [number, number, number],
  attributes: Partial<MatmulAttributes> & { readonly bias?: boolean } = {},
  { leadingA = [] as Shape, leadingB = [] as Shape, value = undefined as Value } = {},
): Sample<MatmulAttributes> {
  const { transposeA = false, transposeB = false, activation, bias } = attributes;
  const inputs: SampleInput[] = [
    { shape: [...leadingA, ...(transposeA ? [k, m] : [m, k])], value },
    { shape: [...leadingB, ...(transposeB ? [n, k] : [k, n])], value },
    ...(bias ? [{ shape: [n] }] : []),
  ];
  return { inputs, attributes: { transposeA, transposeB, ...(activation ? { activation } : {}) } };
}

const RAGGED = [1, 3, 7, 17, 33, 65, 130];
const FORMS = [0, 1, 2, 3].map((i) => ({ transposeA: i % 2 === 1, transposeB: i > 1 }));

function samples(random: RandomSource): Sample<MatmulAttributes>[] {
  const ragged = FORMS.flatMap((form) =>
    RAGGED.flatMap((size) => [product([size, 8, 12], form), product([12, size, 8], form), product([8, 12, size], form)]),
  );
  const draw = () => RAGGED[Math.floor(random.uniform() * RAGGED.length)];
  const draws = FORMS.flatMap((form) => Array.from({ length: 3 }, () => product([draw(), draw(), draw()], { ...form, bias: true })));
  const positive = (source: RandomSource) => 0.5 + source.uniform();
  const note = (text: string, sample: Sample<MatmulAttributes>) => ({ ...sample, note: text });
  return [
    ...ragged,
    ...draws,
    ...FORMS.flatMap((form) => [product([33, 12, 36], form), product([36, 7, 64], form), product([64, 8, 33], form)]),
    note("whole tiles", product([64, 64, 64], { bias: true, activation: tanhActivation })),
    ...FORMS.slice(0, 2).map((form) => note("long sum, split", product([49, 2049, 43], form))),
    ...FORMS.slice(0, 2).map((form) =>
      note("long sum, split, vec4", product([48, 2048, 44], { ...form, bias: true, activation: tanhActivation })),
    ),
    note("one sign", product([9, 1030, 7], {}, { value: positive })),
    note("large values", product([7, 17, 5], {}, { value: (source) => 1e15 * source.normal() })),
    note("one b for all of a", product([3, 5, 4], { bias: true }, { leadingA: [2, 3] })),
    note("transposed a keeps its batch", product([3, 5, 4], { transposeA: true }, { leadingA: [2, 3] })),
    note("one a for all of b", product([3, 5, 4], {}, { leadingB: [6] })),
    note("batches broadcast both ways", product([5, 4, 6], { transposeB: true }, { leadingA: [3, 1], leadingB: [2] })),
    note("three batch dimensions", product([4, 4, 4], {}, { leadingA: [2, 1, 3], leadingB: [2, 1] })),
    { inputs: [{ shape: [7] }, { shape: [7] }], attributes: { transposeA: false, transposeB: false }, note: "vector · vector" },
    { inputs: [{ shape: [7] }, { shape: [2, 7, 5] }], attributes: { transposeA: false, transposeB: false }, note: "vector · matrix" },
    { inputs: [{ shape: [2, 5, 7] }, { shape: [7] }], attributes: { transposeA: false, transposeB: false }, note: "matrix · vector" },
  ];
}

const states = (t: number, b: number, h: number, g: number, value?: Value) => ({
  inputs: [
    { shape: [t, b, h], value },
    { shape: [t, b, g], value },
    { shape: [b, h], value },
  ],
  attributes: {},
});

/** Without an initial state. */
const zeroStart = (t: number, b: number, h: number, g: number) => {
  const { inputs, attributes } = states(t, b, h, g);
  return { inputs: inputs.slice(0, 2), attributes, note: "no h0" };
};

const stateSamples = (): Sample<Record<never, never>>[] => [
  ...RAGGED.flatMap((size) => [states(size, 4, 8, 12), states(2, size, 8, 12), states(3, 4, size, 8), states(3, 4, 8, size)]),
  ...[1, 2, 17].map((size) => zeroStart(size, 3, 8, 12)),
  { ...zeroStart(130, 8, 65, 67), note: "no h0, split" },
  states(5, 3, 33, 36),
  states(4, 4, 36, 65),
  { ...states(130, 17, 65, 33), note: "split" },
  { ...states(128, 16, 64, 36), note: "split, vec4" },
  { ...states(33, 7, 9, 5, (source) => 0.5 + source.uniform()), note: "one sign" },
  { ...states(3, 2, 4, 4, (source) => 1e15 * source.normal()), note: "large values" },
];

export const matmulSamples: readonly (OpSamples<MatmulAttributes> | OpSamples<Record<never, never>>)[] = [
  { op: matmulOp, samples },
  { op: stateOuterProductOp, samples: stateSamples },
];
