import type { Op } from "../../graph/op.ts";
import type { RandomSource } from "../../graph/tensor.ts";
import type { Shape } from "../../graph/types.ts";
import type { SoftmaxAttributes } from "../../ops/softmax/define.ts";
import { logSoftmaxGradientOp, logSoftmaxOp, softmaxGradientOp, softmaxOp } from "../../ops/softmax/softmax.ts";
import type { OpSamples, Sample, SampleInput } from "../sample.ts";

type Value = SampleInput["value"];
type Call = readonly [shape: Shape, axis: number];

const RAGGED = [1, 3, 7, 17, 33, 65, 130];

const ragged: readonly Call[] = RAGGED.flatMap((n): Call[] => [
  [[3, n], 1],
  [[n, 8], -1],
  [[n, 3], 0],
  [[5, n], 0],
]);
const others: readonly Call[] = [
  [[7], 0],
  [[3, 5, 4], 1],
  [[2, 3, 5], -2],
  [[4, 8], 0],
  [[2, 1040], 1],
  [[0, 3], 1],
];

function drawn(random: RandomSource): Call[] {
  return Array.from({ length: 4 }, (): Call => {
    const shape = Array.from({ length: 1 + Math.floor(3 * random.uniform()) }, () => 1 + Math.floor(9 * random.uniform()));
    return [shape, Math.floor(shape.length * random.uniform())];
  });
}

/** `values` has one entry for each input. */
const sample = ([shape, axis]: Call, values: readonly Value[], note?: string): Sample<SoftmaxAttributes> => ({
  inputs: values.map((value) => ({ shape, value })),
  attributes: { axis },
  note,
});

const wide: Value = (random) => 4 * random.normal();

const forward = (op: Op<SoftmaxAttributes>): OpSamples<SoftmaxAttributes> => ({
  op,
  samples: (random) => [
    ...[...ragged, ...others, ...drawn(random)].map((call) => sample(call, [wide])),
    { ...sample([[3, 64], 1], [(source) => 1e4 * source.normal()], "large"), skipFiniteDifferences: true },
    { ...sample([[2, 8], 1], [(_, i) => (i % 3 === 0 ? Number.NEGATIVE_INFINITY : i)], "−∞ among them"), skipFiniteDifferences: true },
  ],
});

const backward = (op: Op<SoftmaxAttributes>, y: Value): OpSamples<SoftmaxAttributes> => ({
  op,
  samples: (random) => [...ragged.filter((_, i) => i % 5 === 0), ...others, ...drawn(random)].map((call) => sample(call, [y, undefined])),
});

export const softmaxSamples: readonly OpSamples[] = [
  forward(softmaxOp),
  forward(logSoftmaxOp),
  backward(softmaxGradientOp, (random) => random.uniform()),
  backward(logSoftmaxGradientOp, (random) => -3 * random.uniform()),
];
