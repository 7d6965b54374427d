import {
  activationLayer,
  adam,
  averagePool1dLayer,
  averagePoolLayer,
  batchNormLayer,
  conv1dLayer,
  conv2dLayer,
  convTranspose2dLayer,
  createTrainer,
  crossEntropy,
  dense,
  dropoutLayer,
  Engine,
  type EngineOptions,
  flattenLayer,
  globalAveragePoolLayer,
  globalLpPoolLayer,
  globalMaxPoolLayer,
  type Layer,
  layerNormLayer,
  leakyReluActivation,
  lpPool1dLayer,
  lpPoolLayer,
  maxoutLayer,
  maxPool1dLayer,
  maxPoolLayer,
  reluActivation,
  reshapeLayer,
  resizeLayer,
  sequential,
  sgd,
  sigmoidActivation,
  squaredError,
  tanhActivation,
} from "../../../src/index.ts";
import { failure } from "./models.ts";

interface Network {
  readonly input: readonly number[];
  readonly layers: () => readonly Layer[];
}

const CLASSES = 5;

export const NETWORKS: Readonly<Record<string, Network>> = {
  /** What most networks for images are made of. */
  classifier: {
    input: [12, 12, 3],
    layers: () => [
      conv2dLayer({ filters: 8, size: 3, padding: "same", bias: false }),
      batchNormLayer(),
      activationLayer(reluActivation),
      maxPoolLayer({ size: 2 }),
      conv2dLayer({ filters: 12, size: 3, activation: reluActivation }),
      averagePoolLayer({ size: 2 }),
      dropoutLayer({ rate: 0.25 }),
      flattenLayer(),
      dense({ units: 16, activation: tanhActivation }),
      dense({ units: CLASSES }),
    ],
  },
  /** Every layer for images. */
  images: {
    input: [12, 12, 3],
    layers: () => [
      conv2dLayer({ filters: 8, size: 3, padding: "same", groups: 1, bias: false }),
      batchNormLayer({ momentum: 0.3 }),
      activationLayer(leakyReluActivation(0.1)),
      maxPoolLayer({ size: 2 }),
      convTranspose2dLayer({ filters: 6, size: 3, stride: 2, padding: "same", activation: sigmoidActivation }),
      layerNormLayer(),
      lpPoolLayer({ size: 2, p: 3 }),
      maxoutLayer({ size: 2 }),
      resizeLayer({ scale: 2, mode: "bilinear" }),
      conv2dLayer({ filters: 4, size: 3, stride: 2, padding: "same", activation: tanhActivation }),
      averagePoolLayer({ size: 3, stride: 2, padding: 1, countIncludePad: true }),
      dropoutLayer({ rate: 0.2 }),
      flattenLayer(),
      dense({ units: 32, bias: false }),
      reshapeLayer([2, 2, 8]),
      resizeLayer({ size: 3 }),
      globalMaxPoolLayer(),
      flattenLayer(),
      batchNormLayer({ scale: false, bias: false }),
      dense({ units: CLASSES }),
    ],
  },
  /** Every layer for rows. */
  rows: {
    input: [24, 3],
    layers: () => [
      conv1dLayer({ filters: 8, size: 5, padding: "same", activation: reluActivation }),
      maxPool1dLayer({ size: 2 }),
      batchNormLayer(),
      conv1dLayer({ filters: 8, size: 3, dilation: 2, groups: 2 }),
      averagePool1dLayer({ size: 2 }),
      layerNormLayer({ bias: false }),
      lpPool1dLayer({ size: 2 }),
      flattenLayer(),
      dense({ units: CLASSES }),
    ],
  },
  globalAverage: {
    input: [6, 7, 3],
    layers: () => [conv2dLayer({ filters: CLASSES, size: 3 }), globalAveragePoolLayer(), flattenLayer()],
  },
  globalLp: {
    input: [6, 7, 3],
    layers: () => [conv2dLayer({ filters: CLASSES, size: 3 }), globalLpPoolLayer({ p: 2 }), flattenLayer(), layerNormLayer()],
  },
};

const OPTIMIZERS = { sgd: () => sgd({ learningRate: 0.05, momentum: 0.9 }), adam: () => adam({ learningRate: 0.005 }) };

export interface Course {
  readonly losses: readonly number[];
  readonly norms: readonly number[];
  /** All variables at the end, by name. */
  readonly variables: Readonly<Record<string, readonly number[]>>;
  /** Of the trained network: the loss of two batches of unequal size, and the scores of one. */
  readonly evaluated: number;
  readonly scores: readonly number[];
}

const BATCH = 8;

/** Images whose class is how they wave, with noise; the same on every machine. */
export function batchOf(input: readonly number[], seed: number, size = BATCH): readonly [Float32Array, Int32Array] {
  let state = seed;
  const draw = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  };
  const each = input.reduce((a, b) => a * b, 1);
  const labels = Int32Array.from({ length: size }, (_, n) => (n + seed) % CLASSES);
  const x = Float32Array.from(
    { length: size * each },
    (_, i) => Math.sin((i % each) * 0.1 * (1 + labels[Math.floor(i / each)])) + 0.5 * draw(),
  );
  return [x, labels];
}

/** Trains a network on four batches in turn. */
export async function course(name: string, optimizer: "sgd" | "adam", steps: number, options: EngineOptions = {}): Promise<Course> {
  const engine = await Engine.create(options);
  try {
    const { input, layers } = NETWORKS[name];
    const trainer = await createTrainer(engine, sequential(...layers()), {
      ...{ input, batch: BATCH, loss: crossEntropy(), optimizer: OPTIMIZERS[optimizer](), seed: 4 },
    });
    const losses: number[] = [];
    const norms: number[] = [];
    for (let step = 0; step < steps; step++) {
      const { loss, gradientNorm } = await trainer.step(...batchOf(input, 1 + (step % 4)), { read: true });
      losses.push(loss);
      norms.push(gradientNorm);
    }
    const saved = Object.entries(await trainer.save()).filter(([key]) => !key.includes("#") && !key.startsWith("trainer/"));
    return {
      losses,
      norms,
      variables: Object.fromEntries(saved.map(([key, { data }]) => [key, Array.from(data)])),
      evaluated: await trainer.evaluate([batchOf(input, 9), batchOf(input, 10, 3)]),
      scores: Array.from(await trainer.predict(batchOf(input, 11, 5)[0])),
    };
  } finally {
    engine.dispose();
  }
}

/** Running statistics before and after a step whose loss is infinite, and after a good one. */
export async function nonFiniteStatistics(reference: boolean) {
  const engine = await Engine.create({ reference });
  const model = sequential(batchNormLayer(), dense({ units: 2 }));
  const trainer = await createTrainer(engine, model, {
    ...{ input: [3], batch: 4, loss: squaredError(), optimizer: sgd({ learningRate: 0.1 }) },
  });
  const statistics = async () => {
    const saved = await trainer.save();
    return ["mean", "variance"].flatMap((name) => Array.from(saved[`model/0.batchNorm/${name}`].data));
  };
  const x = Float32Array.from({ length: 12 }, (_, i) => Math.sin(i));
  const target = new Float32Array(8);
  await trainer.step(x, target);
  const before = await statistics();
  const error = await failure(() =>
    trainer.step(
      x,
      target.map(() => 3e38),
      { read: true },
    ),
  );
  const after = await statistics();
  engine.clearNonFinite();
  await trainer.step(x, target);
  const next = await statistics();
  engine.dispose();
  return { code: error?.code, before, after, next };
}
