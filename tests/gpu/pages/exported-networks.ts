import {
  adam,
  batchNormLayer,
  conv2dLayer,
  crossEntropy,
  dense,
  dropoutLayer,
  embedding,
  flattenLayer,
  type HostArray,
  type Model,
  maxPoolLayer,
  reluActivation,
  rnnLayer,
  sequential,
  sgd,
  squaredError,
  type TrainerOptions,
} from "../../../src/index.ts";
import { randomSource } from "../../../src/random.ts";

/** Networks that between them use every part of an exported file; made anew each time, as a model keeps its seed. */
export const NETWORKS: Readonly<Record<string, () => { model: Model; options: TrainerOptions; classes: number; tokens?: number }>> = {
  lenet: () => ({
    model: sequential(
      conv2dLayer({ filters: 8, size: 5, activation: reluActivation }),
      maxPoolLayer({ size: 2 }),
      conv2dLayer({ filters: 16, size: 5, activation: reluActivation }),
      maxPoolLayer({ size: 2 }),
      flattenLayer(),
      dense({ units: 10 }),
    ),
    options: {
      input: [28, 28, 1],
      batch: 7,
      loss: crossEntropy(),
      optimizer: sgd({ learningRate: 0.1, momentum: 0.9 }),
      seed: 3,
      name: "lenet",
    },
    classes: 10,
  }),
  // running statistics that no optimizer changes, dropout by the number of the run, a clipped norm, values that no initialiser here draws
  perceptron: () => ({
    model: sequential(
      dense({ units: 33, initializer: (shape) => Float64Array.from({ length: shape[0] * shape[1] }, (_, i) => Math.sin(i)) }),
      batchNormLayer(),
      dropoutLayer({ rate: 0.3 }),
      dense({ units: 5 }),
    ),
    options: {
      input: [17],
      batch: 13,
      loss: crossEntropy({ ignoreIndex: 2 }),
      optimizer: adam({ learningRate: 0.01 }),
      clipNorm: 0.5,
      seed: 4,
    },
    classes: 5,
  }),
  // tokens, an orthogonal matrix, walks along time
  characters: () => ({
    model: sequential(embedding({ vocabulary: 31, units: 16 }), rnnLayer({ units: 24 }), dense({ units: 31 })),
    options: { input: [19], batch: 3, loss: crossEntropy(), optimizer: adam({ learningRate: 0.01 }), seed: 5, name: "characters" },
    classes: 31,
    tokens: 31,
  }),
  regression: () => ({
    model: sequential(dense({ units: 3 })),
    options: { input: [7], batch: 5, loss: squaredError({ reduction: "sum" }), optimizer: sgd({ learningRate: 0.01 }), seed: 6 },
    classes: 0,
  }),
};

export type Batch = readonly [x: HostArray, target: HostArray];

export function batchOf(name: string, step: number): Batch {
  const { options, classes, tokens } = NETWORKS[name]();
  const random = randomSource(step, name);
  const examples = options.batch;
  const length = examples * options.input.reduce((a, b) => a * b, 1);
  const whole = (n: number) => Math.floor(n * random.uniform());
  const x = tokens ? Uint32Array.from({ length }, () => whole(tokens)) : Float32Array.from({ length }, () => random.normal());
  const rows = tokens ? length : examples;
  return [
    x,
    classes > 0
      ? Int32Array.from({ length: rows }, () => whole(classes))
      : Float32Array.from({ length: 3 * examples }, () => random.normal()),
  ];
}

export const bitsOf = (data: HostArray): number[] => [...new Uint32Array(data.slice().buffer)];
