import type { Activation } from "../../graph/op.ts";
import type { RandomSource } from "../../graph/tensor.ts";
import { leakyReluActivation, reluActivation, sigmoidActivation, tanhActivation } from "../../ops/activation.ts";
import type { WalkAttributes } from "../../ops/rnn/check.ts";
import { rnnWalkOp } from "../../ops/rnn/walk.ts";
import { rnnWalkGradientOp } from "../../ops/rnn/walk-gradient.ts";
import type { OpSamples, Sample, SampleInput } from "../sample.ts";

const RAGGED = [1, 3, 7, 17, 33, 65, 130];

type Sizes = readonly [steps: number, batch: number, hidden: number];

interface Kind {
  readonly activation?: Activation;
  readonly start?: boolean;
  /** Of the addends, and of the weights relative to 1 / √H, below which a state neither dies out nor explodes. */
  readonly addend?: number;
  readonly gain?: number;
  readonly note?: string;
  readonly skipFiniteDifferences?: boolean;
}

const normal =
  (scale: number): SampleInput["value"] =>
  (random) =>
    scale * random.normal();

function walk([steps, batch, hidden]: Sizes, kind: Kind = {}): Sample<WalkAttributes> {
  const { activation = tanhActivation, start = false, addend = 1, gain = 0.8, ...rest } = kind;
  const inputs: SampleInput[] = [
    { shape: [steps, batch, hidden], value: normal(addend) },
    { shape: [hidden, hidden], value: normal(gain / Math.sqrt(hidden)) },
    ...(start ? [{ shape: [batch, hidden], value: normal(0.5) }] : []),
  ];
  return { inputs, attributes: { activation }, ...rest };
}

function walkBack([steps, batch, hidden]: Sizes, kind: Kind = {}): Sample<WalkAttributes> {
  const { activation = tanhActivation, addend = 1, gain = 0.8, start: _, ...rest } = kind;
  const inputs: SampleInput[] = [
    { shape: [steps, batch, hidden], value: normal(addend) },
    { shape: [steps, batch, hidden], value: (random) => activation.reference(0.7 * random.normal()) },
    { shape: [hidden, hidden], value: normal(gain / Math.sqrt(hidden)) },
  ];
  return { inputs, attributes: { activation }, ...rest };
}

/** Each size ragged in turn, tanh and relu, with and without a first state. */
function ragged(random: RandomSource, make: typeof walk): Sample<WalkAttributes>[] {
  const draw = (most: number) => RAGGED[Math.floor(random.uniform() * most)];
  const kind = (i: number): Kind =>
    i % 2 === 0 ? { start: true } : { activation: reluActivation, addend: 0.5, skipFiniteDifferences: true };
  return [
    ...RAGGED.map((n, i) => make([n, 3, 8], kind(i))),
    ...RAGGED.map((n, i) => make([3, n, 8], kind(i))),
    ...RAGGED.map((n, i) => make([3, 5, n], kind(i))),
    ...Array.from({ length: 3 }, (_, i) => make([draw(6), draw(6), draw(4)], kind(i))),
    make([5, 16, 64], { note: "whole tiles" }),
    make([4, 18, 20], { start: true, note: "more rows than a tile, columns of one quad and a quarter" }),
    make([512, 1, 8], { start: true, note: "long" }),
    make([70, 5, 20], { start: true, note: "in pieces" }),
    make([66, 4, 68], { note: "in pieces, in place" }),
    make([6, 4, 8], { activation: sigmoidActivation }),
    make([6, 4, 8], { activation: leakyReluActivation(0.2), addend: 0.5, skipFiniteDifferences: true }),
  ];
}

const forward = (random: RandomSource): Sample<WalkAttributes>[] => [
  ...ragged(random, walk),
  walk([1, 2, 8], { start: true, note: "one step from a state" }),
  walk([40, 3, 20], { addend: 8, gain: 6, start: true, note: "saturated", skipFiniteDifferences: true }),
  walk([3, 2, 8], { addend: 1e4, start: true, note: "large values", skipFiniteDifferences: true }),
  walk([8, 3, 8], { activation: reluActivation, addend: 1e4, gain: 2, note: "growing", skipFiniteDifferences: true }),
];

const backward = (random: RandomSource): Sample<WalkAttributes>[] => [
  ...ragged(random, walkBack),
  walkBack([8, 3, 20], { addend: 1e10, gain: 2, note: "large values", skipFiniteDifferences: true }),
];

/** A device so slow that each walk is cut into the shortest pieces: dispatches that go on where another ended. */
const alsoTold = [{ walkFlops: 1 }];

export const rnnSamples: readonly OpSamples<WalkAttributes>[] = [
  { op: rnnWalkOp, samples: forward, alsoTold },
  { op: rnnWalkGradientOp, samples: backward, alsoTold },
];
