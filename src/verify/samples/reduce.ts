import type { Op } from "../../graph/op.ts";
import type { RandomSource } from "../../graph/tensor.ts";
import type { Shape } from "../../graph/types.ts";
import type { ReduceAttributes } from "../../ops/reduce/define.ts";
import { maxOp, minOp } from "../../ops/reduce/extremes.ts";
import { logSumExpOp, logSumOp } from "../../ops/reduce/logs.ts";
import { prodOp } from "../../ops/reduce/products.ts";
import { sumOverOp } from "../../ops/reduce/sum-over.ts";
import { sumToOp } from "../../ops/reduce/sum-to.ts";
import { meanOp, normL1Op, normL2Op, sumOfSquaresOp, sumOp } from "../../ops/reduce/sums.ts";
import type { OpSamples, Sample, SampleInput } from "../sample.ts";

type Value = SampleInput["value"];
type Call = readonly [shape: Shape, axes: readonly number[] | undefined, note?: string];

const RAGGED = [1, 3, 7, 17, 33, 65, 130];

/** Rows, columns, the middle, mixed axes, all, none, nothing. */
const layouts: readonly Call[] = [
  [[], undefined, "scalar"],
  [[5, 6], [], "no axis"],
  [[9], []],
  [[3, 5, 4], [1], "middle, vec4"],
  [[3, 5, 6], [-2], "middle"],
  [[3, 5, 4], [0, 2], "outer and inner"],
  [[2, 3, 4, 5], [1, 3], "alternating"],
  [[2, 3, 4, 5], [0, 2], "alternating from the outermost"],
  [[2, 1, 3, 1, 2, 5], [5, 1, 2], "many axes"],
];
const empties: readonly Call[] = [
  [[0], undefined, "nothing"],
  [[3, 0], [1], "nothing, in rows"],
  [[0, 4], [0], "nothing, in columns"],
  [[0, 4], [1], "no results"],
];
const ragged: readonly Call[] = RAGGED.flatMap((n): Call[] => [
  [[n, 12], [1]],
  [[5, n], [1]],
  [[n, 8], [0]],
  [[12, n], [0]],
]);
const long: readonly Call[] = [
  [[3001], undefined, "long"],
  [[140000], undefined, "in two passes"],
  [[2050, 4], [0], "long columns, vec4"],
  [[2050, 3], [0], "long columns"],
  [[3, 1111], [1], "long rows"],
];

function drawn(random: RandomSource): Call[] {
  return Array.from({ length: 4 }, (): Call => {
    const shape = Array.from({ length: 2 + Math.floor(3 * random.uniform()) }, () => 1 + Math.floor(7 * random.uniform()));
    return [shape, shape.map((_, axis) => axis).filter(() => random.uniform() < 0.5), "drawn"];
  });
}

function sample([shape, axes, note]: Call, value?: Value, keepDimensions = false): Sample<ReduceAttributes> {
  return { inputs: [{ shape, value }], attributes: { axes, keepDimensions }, note };
}

interface Plan {
  readonly value?: Value;
  /** All ragged sizes and lengths; else only some of each, for ops whose kernels others prove. */
  readonly whole?: boolean;
  readonly withEmpty?: boolean;
  readonly more?: readonly Sample<ReduceAttributes>[];
}

function samplesOf(op: Op<ReduceAttributes>, { value, whole = false, withEmpty = true, more = [] }: Plan): OpSamples<ReduceAttributes> {
  return {
    op,
    samples: (random) => [
      ...[...layouts, ...ragged.filter((_, i) => whole || i % 5 === 0), ...(whole ? long : long.slice(2)), ...drawn(random)].map((call) =>
        sample(call, value),
      ),
      ...(withEmpty ? empties.map((call) => ({ ...sample(call, value), skipFiniteDifferences: true })) : []),
      sample([[4, 5, 6], [0, 2], "kept dimensions"], value, true),
      ...more,
    ],
  };
}

/** Values for which nothing is differentiated. */
const special = (shape: Shape, axes: readonly number[], value: Value, note: string): Sample<ReduceAttributes> => ({
  ...sample([shape, axes, note], value),
  skipFiniteDifferences: true,
});

const choose =
  (...values: number[]): Value =>
  (_random, index) =>
    values[index % values.length];
const positive: Value = (random) => 0.2 + random.uniform();
const nearOne: Value = (random) => (random.uniform() < 0.3 ? -1 : 1) * (0.7 + 0.6 * random.uniform());
/** No two alike, and no two so near that a finite difference would change their order. */
const distinct: Value = (random, index) => ((index * 7919) % 100003) / 1000 - 50 + 1e-4 * random.uniform();
const infinite = choose(Number.NEGATIVE_INFINITY, 1, Number.NEGATIVE_INFINITY, -2);

export const reduceSamples: readonly OpSamples[] = [
  samplesOf(sumOp, {
    whole: true,
    more: [
      sample([[7, 1030], [1], "one sign"], positive),
      special([5, 64], [1], (random) => 1e30 * random.normal(), "large"),
      special([4, 17], [1], choose(1e8, 1, -1e8, 1), "cancellation"),
    ],
  }),
  samplesOf(meanOp, { withEmpty: false }),
  samplesOf(normL1Op, { value: nearOne }),
  samplesOf(normL2Op, { more: [special([3, 4], [1], choose(0), "0")] }),
  samplesOf(sumOfSquaresOp, {}),
  samplesOf(maxOp, {
    value: distinct,
    more: [
      special([3, 16], [1], infinite, "−∞ among them"),
      special([2, 8], [1], choose(Number.NEGATIVE_INFINITY), "−∞ only"),
      sample([[3, 12], [0]], distinct),
      special([3, 5], [1], choose(1, 2, 2), "ties"),
    ],
  }),
  samplesOf(minOp, { value: distinct, more: [special([3, 5], [0], choose(1, 2, 2), "ties")] }),
  samplesOf(prodOp, {
    value: nearOne,
    more: [sample([[5, 4], [1], "zeros"], choose(0, 1, 2, 3, 4)), special([2, 6], [1], choose(0, 2, 0, 3), "several zeros")],
  }),
  samplesOf(logSumOp, { value: positive, withEmpty: false }),
  samplesOf(logSumExpOp, {
    whole: true,
    more: [
      special([3, 16], [1], infinite, "−∞ among them"),
      special([2, 8], [1], choose(Number.NEGATIVE_INFINITY), "−∞ only"),
      special([2, 64], [1], (random) => 1e4 * random.normal(), "large"),
      special([2, 64], [1], (_, i) => 100 + i / 64, "ascending"),
    ],
  }),
  {
    op: sumToOp,
    samples: () => [
      { inputs: [{ shape: [5, 33] }], attributes: { shape: [33] } },
      { inputs: [{ shape: [5, 8] }], attributes: { shape: [5, 1] } },
      { inputs: [{ shape: [2, 3, 4, 5] }], attributes: { shape: [3, 1, 5] } },
      { inputs: [{ shape: [2, 3] }], attributes: { shape: [] } },
    ],
  },
  {
    op: sumOverOp,
    samples: () => [
      { inputs: [{ shape: [5, 33] }], attributes: { axes: [1], shape: [5, 1], scale: 0.3 } },
      { inputs: [{ shape: [3, 4, 5] }], attributes: { axes: [0, 2], shape: [4], scale: 2 } },
    ],
  },
];
