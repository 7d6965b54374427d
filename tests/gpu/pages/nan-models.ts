import {
  activationLayer,
  averagePoolLayer,
  batchNormLayer,
  conv1dLayer,
  conv2dLayer,
  convTranspose2dLayer,
  createTrainer,
  dense,
  dropoutLayer,
  Engine,
  embedding,
  flattenLayer,
  globalAveragePoolLayer,
  globalMaxPoolLayer,
  type Layer,
  layerNormLayer,
  leakyReluActivation,
  lpPoolLayer,
  maxoutLayer,
  maxPoolLayer,
  reluActivation,
  resizeLayer,
  rnnLayer,
  sequential,
  sgd,
  sigmoidActivation,
  squaredError,
  tanhActivation,
} from "../../../src/index.ts";

const PLANE = [6, 6, 4];

interface Kind {
  readonly input: readonly number[];
  readonly layers: () => readonly Layer[];
  readonly tokens?: boolean;
}

const images = (...layers: readonly Layer[]): Kind => ({ input: PLANE, layers: () => [...layers, flattenLayer(), dense({ units: 3 })] });
const activations = { relu: reluActivation, tanh: tanhActivation, sigmoid: sigmoidActivation, leakyRelu: leakyReluActivation(0.1) };

/** One model for each kind of layer, and for each activation in an epilogue and in a walk. */
const KINDS: Readonly<Record<string, Kind>> = {
  ...Object.fromEntries(
    Object.entries(activations).flatMap(([name, activation]): [string, Kind][] => [
      [`dense ${name}`, { input: [5], layers: () => [dense({ units: 8, activation }), dense({ units: 3 })] }],
      [`conv2d ${name}`, images(conv2dLayer({ filters: 4, size: 3, activation }))],
      [`conv2d ${name}, pooled`, images(conv2dLayer({ filters: 4, size: 3, activation }), maxPoolLayer({ size: 2 }))],
      [`activation ${name}`, images(conv2dLayer({ filters: 4, size: 3 }), activationLayer(activation))],
    ]),
  ),
  "rnn tanh": { input: [7, 5], layers: () => [rnnLayer({ units: 8 }), dense({ units: 3 })] },
  "rnn relu": { input: [7, 5], layers: () => [rnnLayer({ units: 8, activation: reluActivation }), dense({ units: 3 })] },
  conv1d: { input: [12, 4], layers: () => [conv1dLayer({ filters: 4, size: 3 }), flattenLayer(), dense({ units: 3 })] },
  "conv2d, depthwise": images(conv2dLayer({ filters: 4, size: 3, groups: 4, activation: reluActivation })),
  "conv2d transpose": images(convTranspose2dLayer({ filters: 4, size: 2, stride: 2 })),
  "batch norm": images(conv2dLayer({ filters: 4, size: 1 }), batchNormLayer()),
  "layer norm": images(conv2dLayer({ filters: 4, size: 1 }), layerNormLayer()),
  "max pool": images(maxPoolLayer({ size: 3, stride: 2, padding: 1 })),
  "average pool": images(averagePoolLayer({ size: 2 })),
  "lp pool": images(lpPoolLayer({ size: 2, p: 3 })),
  "global max pool": { input: PLANE, layers: () => [globalMaxPoolLayer(), dense({ units: 3 })] },
  "global average pool": { input: PLANE, layers: () => [globalAveragePoolLayer(), dense({ units: 3 })] },
  maxout: { input: [8], layers: () => [dense({ units: 12 }), maxoutLayer({ size: 3 }), dense({ units: 3 })] },
  resize: images(resizeLayer({ size: [9, 9] })),
  dropout: { input: [8], layers: () => [dense({ units: 12 }), dropoutLayer({ rate: 0.2 }), dense({ units: 3 })] },
  embedding: {
    input: [4],
    tokens: true,
    layers: () => [embedding({ vocabulary: 6, units: 4 }), rnnLayer({ units: 5 }), dense({ units: 3 })],
  },
};

export interface NanModelResult {
  /** Weights with a NaN that did not end the step with `non-finite`. */
  readonly missed: readonly string[];
  /** Positions of predictions where the GPU and the reference disagree about NaN, for NaN in each of some positions of the input. */
  readonly differing: readonly string[];
  /** How many predictions were NaN. */
  readonly nan: number;
}

const BATCH = 3;
const product = (sizes: readonly number[]): number => sizes.reduce((a, b) => a * b, 1);
const draw = (n: number): Float32Array<ArrayBuffer> => Float32Array.from({ length: n }, (_, i) => Math.sin(12.9898 * (i + 1)));

export const nanKinds = (): string[] => Object.keys(KINDS);

/** Of all kinds: they share pipelines. */
let engines: Promise<[gpu: Engine, reference: Engine]> | undefined;

/** A NaN in each weight must end a step, and a NaN in the data must reach what depends on it. */
export async function nanModel(kind: string): Promise<NanModelResult> {
  engines ??= Promise.all([Engine.create(), Engine.create({ reference: true })]);
  const [engine, reference] = await engines;
  const { input, layers, tokens } = KINDS[kind];
  const make = (on: Engine) =>
    createTrainer(on, sequential(...layers()), {
      input,
      batch: BATCH,
      loss: squaredError(),
      optimizer: sgd({ learningRate: 0.01 }),
      seed: 1,
      name: kind.replaceAll(/\W+/g, "-"),
    });
  const trainer = await make(engine);
  const size = BATCH * product(input);
  const x = tokens ? Uint32Array.from({ length: size }, (_, i) => i % 6) : draw(size);
  const saved = await trainer.save();
  const outputs = (await trainer.predict(x as never)).length;
  const target = draw(outputs);
  const missed: string[] = [];
  for (const [name, value] of Object.entries(saved)) {
    const values = value.data;
    // running statistics take no part in training
    if (!(values instanceof Float32Array) || values.length < 2 || /mean|variance/.test(name)) continue;
    const poisoned = values.slice();
    poisoned[Math.floor(values.length / 2)] = Number.NaN;
    await trainer.load({ ...saved, [name]: { ...value, data: poisoned } });
    const code = await trainer.step(x as never, target, { read: true }).then(
      () => "no error",
      (error: { code?: string }) => error.code ?? String(error),
    );
    if (code !== "non-finite") missed.push(`${name}: ${code}`);
    engine.clearNonFinite();
  }
  await trainer.load(saved);
  const twin = await make(reference);
  await twin.load(saved);
  const differing: string[] = [];
  let nan = 0;
  if (!tokens)
    for (const at of [0, Math.floor(size / 2), size - 1]) {
      const poisoned = (x as Float32Array).slice();
      poisoned[at] = Number.NaN;
      const [actual, expected] = [await trainer.predict(poisoned as never), await twin.predict(poisoned as never)];
      expected.forEach((value, i) => {
        if (Number.isNaN(value)) nan++;
        if (Number.isNaN(value) !== Number.isNaN(actual[i]))
          differing.push(`NaN at ${at}: output ${i} is ${actual[i]} instead of ${value}`);
      });
    }
  trainer.dispose();
  twin.dispose();
  return { missed, differing, nan };
}
