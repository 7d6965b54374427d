import type { Op } from "../../graph/op.ts";
import type { RandomSource } from "../../graph/tensor.ts";
import type { DType, Shape } from "../../graph/types.ts";
import { leakyReluOp, reluOp, sigmoidOp, tanhOp } from "../../ops/pointwise/activations.ts";
import { affineOp, negOp } from "../../ops/pointwise/affine.ts";
import { addOp, divOp, mulOp, subOp } from "../../ops/pointwise/arithmetic.ts";
import { absOp, expm1Op, expOp, logOp, powOp, scaledProductOp, sqrtOp, squareOp } from "../../ops/pointwise/math.ts";
import { clampOp, maximumOp, minimumOp, selectOp, stepOp } from "../../ops/pointwise/select.ts";
import { spreadOp } from "../../ops/reduce/spread.ts";
import type { OpSamples, Sample, SampleInput } from "../sample.ts";

type None = Record<never, never>;
type Value = SampleInput["value"];

const RAGGED = [1, 3, 7, 17, 33, 65, 130];

/** Away from 0: divisors, and where a function has a kink there. */
const apart: Value = (random) => (random.uniform() < 0.5 ? -1 : 1) * (0.2 + 2 * random.uniform());
const positive: Value = (random) => 0.1 + 3 * random.uniform();
const choose =
  (...values: number[]): Value =>
  (_random, index) =>
    values[index % values.length];

/** Ragged vectors, vec4 vectors, a scalar, an empty tensor. */
const shapes: readonly Shape[] = [...RAGGED.map((n) => [n]), [], [0], [4], [64, 5], [3, 260]];

function unary<A>(op: Op<A>, attributes: A, value: Value, more: readonly Sample<A>[] = []): OpSamples<A> {
  return { op, samples: () => [...shapes.map((shape) => ({ inputs: [{ shape, value }], attributes })), ...more] };
}

/** Pairs that broadcast: scalars, rows, columns, both ways, in the middle, many axes. */
const pairs: readonly (readonly [Shape, Shape])[] = [
  ...RAGGED.map((n): [Shape, Shape] => [[n], [n]]),
  ...RAGGED.map((n): [Shape, Shape] => [[5, n], [n]]),
  ...RAGGED.map((n): [Shape, Shape] => [
    [n, 1],
    [n, 8],
  ]),
  [[], []],
  [[], [8]],
  [[7], []],
  [[1], [3, 1]],
  [[0], [1]],
  [[2, 0, 3], [3]],
  [[17, 12], [12]],
  [
    [17, 1],
    [1, 12],
  ],
  [
    [3, 1, 8],
    [5, 1],
  ],
  [
    [2, 3, 4, 5],
    [3, 1, 5],
  ],
  [
    [2, 1, 3, 1, 2, 1],
    [2, 1, 3, 1, 4],
  ],
  [
    [2, 1, 2, 1, 2, 1, 2, 4],
    [1, 2, 1, 2, 1, 2, 1, 4],
  ],
  [[70, 127], [127]],
  [
    [70, 1],
    [70, 500],
  ],
];

function drawnPairs(random: RandomSource): [Shape, Shape][] {
  return Array.from({ length: 4 }, () => {
    const shape = Array.from({ length: 1 + Math.floor(4 * random.uniform()) }, () => 1 + Math.floor(6 * random.uniform()));
    const thin = (sizes: Shape) => sizes.map((n) => (random.uniform() < 0.4 ? 1 : n));
    return [thin(shape), thin(shape).slice(Math.floor(2 * random.uniform()))];
  });
}

/** Those that differ in kind, for ops whose walk is proven by others. */
const fewPairs = pairs.filter((_, i) => i < RAGGED.length || i >= 3 * RAGGED.length);

function binary<A>(op: Op<A>, attributes: A, value: Value, more: readonly Sample<A>[] = [], all = pairs): OpSamples<A> {
  const call = ([a, b]: readonly [Shape, Shape]): Sample<A> => ({
    inputs: [
      { shape: a, value },
      { shape: b, value },
    ],
    attributes,
  });
  return { op, samples: (random) => [...all.map(call), ...drawnPairs(random).map(call), ...more] };
}

const whole: Value = (random) => Math.floor(1000 * random.uniform());
const integers = (dtype: DType): Sample<None>[] =>
  [[7], [8], [3, 8]].map((shape) => ({
    inputs: [
      { shape, dtype, value: (random, index) => 1000 + (whole?.(random, index) ?? 0) },
      { shape: [shape[shape.length - 1]], dtype, value: whole },
    ],
    attributes: {},
  }));

const large: Value = (random) => 1e30 * random.normal();
const at = <A>(attributes: A, shape: Shape, value: Value, note: string): Sample<A> => ({
  inputs: [{ shape, value }],
  attributes,
  note,
  skipFiniteDifferences: true,
});

const none: None = {};
const extremes = choose(1e4, -1e4, 88, -88, 15, -15, 9.1, -9.1, 0, 1e-30, -1e-20, 1e-6, -1e-4, 0.01, 0.6249, -0.6251);

const activations: readonly OpSamples[] = [
  unary(reluOp, none, apart, [at(none, [16], extremes, "extremes"), at(none, [9], choose(1, Number.NaN, -2), "NaN")]),
  unary(leakyReluOp(0.1), none, apart, [at(none, [16], extremes, "extremes")]),
  unary(leakyReluOp(-0.3), none, apart),
  unary(tanhOp, none, undefined, [
    at(none, [16], extremes, "extremes"),
    at(none, [401], (_, i) => (i - 200) / 20, "from -10 to 10"),
    at(none, [200], (_, i) => 2 ** -(i / 8), "towards 0"),
  ]),
  unary(sigmoidOp, none, undefined, [
    at(none, [16], choose(1e4, -1e4, 80, -80, 15, -15, 0, 1e-20), "extremes"),
    at(none, [401], (_, i) => (i - 200) / 10, "from -20 to 20"),
  ]),
];

const functions: readonly OpSamples[] = [
  unary(expOp, none, undefined, [at(none, [321], (_, i) => (i - 160) / 2, "from -80 to 80")]),
  unary(expm1Op, none, undefined, [at(none, [200], (_, i) => (i % 2 ? -1 : 1) * 2 ** (5 - i / 6), "towards 0")]),
  unary(logOp, none, positive, [
    at(none, [200], (_, i) => 2 ** ((i - 100) / 1.1), "all magnitudes"),
    at(none, [64], (_, i) => 0.5 + i / 40, "about 1"),
  ]),
  unary(sqrtOp, none, positive, [at(none, [200], (_, i) => 2 ** ((i - 100) / 1.1), "all magnitudes")]),
  unary(squareOp, none, undefined, [at(none, [8], choose(1e18, -1e-18), "large and small")]),
  unary(absOp, none, apart, [at(none, [8], choose(0, -1e30, 1e30), "0 and large")]),
  unary(negOp, none, undefined, [at(none, [8], large, "large")]),
  unary(affineOp, { scale: -1.7, shift: 0.3 }, undefined, [at({ scale: 2.5, shift: 0 }, [16], large, "large")]),
  unary(powOp, { exponent: 3 }, apart, [
    ...[2, -1, 1, 0].map((exponent) => ({ inputs: [{ shape: [33], value: apart }], attributes: { exponent } })),
    ...[0.5, 2.3, -1.5].map((exponent) => ({ inputs: [{ shape: [33], value: positive }], attributes: { exponent } })),
    at({ exponent: 2 }, [3], choose(0), "0"),
  ]),
];

const selections: readonly OpSamples[] = [
  unary(clampOp, { min: -0.5, max: 0.7 }, undefined, [
    ...[{ min: 0.1 }, { max: 0.1 }, {}].map((attributes) => ({ inputs: [{ shape: [33] }], attributes })),
    at({ min: 2, max: 1 }, [9], undefined, "min > max"),
    at({ min: -1, max: 1 }, [9], choose(-1, 1, 0, 1e30, -1e30), "at the bounds"),
  ]),
  {
    op: selectOp,
    samples: () =>
      [
        ...[[33], [3, 8], []].map((shape) => ({
          inputs: [{ shape, value: choose(0, 1, 1, 0, 0.5) }, { shape }, { shape }],
          attributes: none,
        })),
        { inputs: [{ shape: [3, 1], value: choose(0, 1) }, { shape: [4] }, { shape: [] }], attributes: none },
      ].map((sample) => ({ ...sample, skipFiniteDifferences: true })),
  },
  {
    op: spreadOp,
    samples: () => [
      { inputs: [{ shape: [] }], attributes: { shape: [130], axes: [0], scale: 1 } },
      { inputs: [{ shape: [7] }], attributes: { shape: [7, 8], axes: [1], scale: 0.3 } },
      { inputs: [{ shape: [8] }], attributes: { shape: [7, 8], axes: [0], scale: 1 } },
      { inputs: [{ shape: [3, 1, 4] }], attributes: { shape: [3, 5, 4], axes: [1], scale: -2 } },
      { inputs: [{ shape: [3, 5] }], attributes: { shape: [2, 3, 4, 5], axes: [0, 2], scale: 1 } },
    ],
  },
];

export const pointwiseSamples: readonly OpSamples[] = [
  binary(addOp, none, undefined, [...integers("i32"), ...integers("u32")]),
  binary(subOp, none, undefined, [...integers("i32"), ...integers("u32")], fewPairs),
  binary(mulOp, none, undefined, [...integers("i32"), ...integers("u32")], fewPairs),
  binary(divOp, none, apart, [], fewPairs),
  binary(
    maximumOp,
    none,
    undefined,
    [
      {
        inputs: [
          { shape: [9], value: choose(1) },
          { shape: [9], value: choose(1, 2) },
        ],
        attributes: none,
        note: "ties",
        skipFiniteDifferences: true,
      },
    ],
    fewPairs,
  ),
  binary(minimumOp, none, undefined, [], fewPairs),
  binary(stepOp, none, undefined, [], fewPairs),
  { op: scaledProductOp, samples: () => [[17], [12]].map((shape) => ({ inputs: [{ shape }, { shape }], attributes: { scale: 0.7 } })) },
  ...activations,
  ...functions,
  ...selections,
];
