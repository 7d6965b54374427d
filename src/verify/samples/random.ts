import type { Shape } from "../../graph/types.ts";
import { type DrawAttributes, randomNormalOp, randomUniformOp } from "../../ops/random/draw.ts";
import { type DropoutAttributes, dropoutOp } from "../../ops/random/dropout.ts";
import type { OpSamples, Sample, SampleInput } from "../sample.ts";

const RAGGED: readonly Shape[] = [[1], [3], [7], [17], [33], [65], [130], [4, 16], [0], [], [5, 60]];

const counter = (run: number): SampleInput => ({ shape: [1], dtype: "u32", value: () => run });

const draws: readonly Sample<DrawAttributes>[] = [
  ...RAGGED.map((shape, run) => ({ inputs: [counter(run)], attributes: { shape, seed: 1, stream: 0 } })),
  { inputs: [counter(4294967295)], attributes: { shape: [40, 50], seed: 4294967295, stream: 4294967295 } },
  { inputs: [counter(7)], attributes: { shape: [100, 101], seed: 12345, stream: 6 } },
];

const dropped = (shape: Shape, rate: number, run = 3): Sample<DropoutAttributes> => ({
  inputs: [{ shape }, counter(run)],
  attributes: { rate, seed: 9, stream: 2 },
});

const dropoutSamples: OpSamples<DropoutAttributes> = {
  op: dropoutOp,
  samples: () => [
    ...RAGGED.map((shape, run) => dropped(shape, 0.5, run)),
    dropped([33, 7], 0),
    dropped([33, 7], 0.999),
    dropped([64, 40], 0.1),
    { ...dropped([8, 8], 0.3), inputs: [{ shape: [8, 8], value: (random) => 1e30 * random.normal() }, counter(1)] },
  ],
};

export const randomSamples: readonly OpSamples[] = [
  { op: randomUniformOp, samples: () => draws },
  { op: randomNormalOp, samples: () => draws },
  dropoutSamples,
];
