import {
  adam,
  createImageReader,
  createTrainer,
  crossEntropy,
  dense,
  dropoutLayer,
  Engine,
  type EngineOptions,
  exportTrainer,
  lambda,
  loadTrainer,
  type NamedArrays,
  sequential,
  tanhActivation,
} from "../../../src/index.ts";

export type Kind = "gpu" | "reference" | "loaded";

export const FEATURES = 5;
export const CLASSES = 3;
export const BATCH = 4;

/** Numbers in [-1, 1) that depend on the seed alone. */
export function numbers(seed: number) {
  let state = Math.imul(seed + 1, 0x9e3779b1) >>> 0;
  return () => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x3c6ef372) >>> 0;
    return ((state ^ (state >>> 13)) >>> 0) / 2 ** 31 - 1;
  };
}

export function batchOf(seed: number, size = BATCH): { x: Float32Array; target: Int32Array } {
  const next = numbers(seed);
  return {
    x: Float32Array.from({ length: size * FEATURES }, next),
    target: Int32Array.from({ length: size }, () => Math.floor(((next() + 1) / 2) * CLASSES)),
  };
}

/** Batches of 7 cannot be compiled. */
export const model = () =>
  sequential(
    dense({ units: 6, activation: tanhActivation }),
    dropoutLayer({ rate: 0.5 }),
    lambda((x) => {
      if (x.shape[0] === 7) throw new RangeError("seven");
      return x;
    }),
    dense({ units: CLASSES }),
  );

export const OPTIONS = {
  ...{ input: [FEATURES], batch: BATCH, loss: crossEntropy(), clipNorm: 1, seed: 3 },
  optimizer: adam({ learningRate: 0.05 }),
};

export async function start(kind: Kind, options: EngineOptions = {}) {
  const engine = await Engine.create({ ...options, ...(kind === "reference" ? { reference: true } : {}) });
  const reader = await createImageReader(engine, { size: [1, FEATURES], channels: 1, batch: BATCH });
  if (kind !== "loaded") return { engine, reader, trainer: await createTrainer(engine, model(), OPTIONS) };
  const sizes = [BATCH, 1, 2];
  const exported = await exportTrainer(model(), { ...OPTIONS, batches: { step: sizes, predict: sizes, evaluate: sizes } });
  return { engine, reader, trainer: await loadTrainer(engine, JSON.parse(JSON.stringify(exported))) };
}

export type Started = Awaited<ReturnType<typeof start>>;

/** Bits of all arrays, by name. */
export const bitsOf = (arrays: NamedArrays): Record<string, number[]> =>
  Object.fromEntries(
    Object.entries(arrays)
      .map(([name, { data }]): [string, number[]] => [
        name,
        [...new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength)],
      ])
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );

export const values = ({ x, target }: { x: Float32Array; target: Int32Array }): [Float32Array, Int32Array] => [x, target];
