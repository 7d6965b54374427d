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
  type ImageReader,
  lambda,
  loadTrainer,
  type NamedArrays,
  save,
  sequential,
  type Trainer,
  tanhActivation,
} from "../../../src/index.ts";
import { failure } from "./models.ts";

/*
 * What calls mean that nobody awaits. Each works on the GPU and on a reference engine.
 */

export type Kind = "gpu" | "reference" | "loaded";

const FEATURES = 5;
const CLASSES = 3;
const BATCH = 4;

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
const model = () =>
  sequential(
    dense({ units: 6, activation: tanhActivation }),
    dropoutLayer({ rate: 0.5 }),
    lambda((x) => {
      if (x.shape[0] === 7) throw new RangeError("seven");
      return x;
    }),
    dense({ units: CLASSES }),
  );

const OPTIONS = {
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

/** A call, and what its caller does to the arrays that it gave as soon as the call returned. */
interface Call {
  readonly name: string;
  /** Makes the call; `spoil` is done right after it. */
  make(at: Started, saved: NamedArrays): { readonly result: Promise<unknown>; spoil(): void };
}

const nothing = () => {};

function fill(a: number, x: Float32Array, b: number, target: Int32Array): void {
  x.fill(a);
  target.fill(b);
}

function stepCall(seed: number, size: number, poison: boolean): Call {
  return {
    name: `step ${size}${poison ? " (NaN)" : ""}`,
    make({ trainer }) {
      const { x, target } = batchOf(seed, size);
      if (poison) x[1] = Number.NaN;
      const result = trainer.step(x, target, { read: true });
      return { result, spoil: () => fill(9, x, 0, target) };
    },
  };
}

/** Into the third example of a batch. */
function readCall(reader: ImageReader, seed: number) {
  const next = numbers(seed);
  const image = { width: FEATURES, height: 1, data: Uint8ClampedArray.from({ length: 4 * FEATURES }, () => 128 + 120 * next()) };
  reader.read(image, { index: 2 });
  return { result: Promise.resolve(), spoil: () => image.data.fill(0) };
}

/** Of a bias; what was loaded from a file has no variables to name. */
const writeCall = (seed: number): Call => ({
  name: "write",
  make({ engine, trainer }) {
    if (!("model" in trainer)) return { result: Promise.resolve(), spoil: nothing };
    const bias = (trainer as Trainer).model.variables[1];
    const data = Float32Array.from({ length: bias.size }, numbers(seed));
    engine.write(bias, data);
    return { result: Promise.resolve(), spoil: () => data.fill(4) };
  },
});

function callOf(choice: number, seed: number): Call {
  const size = [BATCH, 1, 2][seed % 3];
  if (choice < 0.35) return stepCall(seed, size, false);
  if (choice < 0.4) return stepCall(seed, size, true);
  if (choice < 0.43) return { name: "reader.read", make: ({ reader }) => readCall(reader, seed) };
  if (choice < 0.45) return writeCall(seed);
  if (choice < 0.48)
    return { name: "clearNonFinite", make: ({ engine }) => ({ result: Promise.resolve(engine.clearNonFinite()), spoil: nothing }) };
  if (choice < 0.53)
    return {
      name: "step of images",
      make({ trainer, reader }) {
        const { target } = batchOf(seed);
        const result = trainer.step(reader.values, target, { read: true });
        return { result, spoil: () => target.fill(0) };
      },
    };
  if (choice < 0.62)
    return {
      name: `predict ${size}`,
      make({ trainer }) {
        const { x } = batchOf(seed, size);
        return { result: trainer.predict(x), spoil: () => x.fill(Number.NaN) };
      },
    };
  if (choice < 0.72)
    return {
      name: "learningRate",
      make({ trainer }) {
        trainer.learningRate = 0.01 * (1 + (seed % 5));
        return { result: Promise.resolve(trainer.learningRate), spoil: nothing };
      },
    };
  if (choice < 0.78)
    return {
      name: "evaluate",
      make({ trainer }) {
        const { x, target } = batchOf(seed, size);
        return { result: trainer.evaluate([[x, target]]), spoil: () => fill(1, x, 1, target) };
      },
    };
  if (choice < 0.85) return { name: "trainer.save", make: ({ trainer }) => ({ result: trainer.save().then(bitsOf), spoil: nothing }) };
  if (choice < 0.88)
    return {
      name: "read",
      make: ({ engine, trainer }) => ({
        result: "model" in trainer ? engine.read((trainer as Trainer).model.variables[1]) : Promise.resolve(0),
        spoil: nothing,
      }),
    };
  if (choice < 0.92) return { name: "save", make: ({ engine }) => ({ result: save(engine).then(bitsOf), spoil: nothing }) };
  return {
    name: "load",
    make({ trainer }, saved) {
      const arrays = structuredClone(saved);
      const result = trainer.load(arrays);
      const spoil = () => {
        for (const { data } of Object.values(arrays)) data.fill(7);
      };
      return { result, spoil };
    },
  };
}

/** A row of calls at random: one after another, or all at once with their arrays spoilt. Outcomes, and all variables at the end. */
export async function interleave(kind: Kind, seed: number, count: number, together: boolean) {
  const at = await start(kind);
  const next = numbers(seed);
  await at.trainer.step(...values(batchOf(1)));
  const saved = await at.trainer.save();
  const outcome = async (result: Promise<unknown>) => {
    try {
      const value = await result;
      return ArrayBuffer.isView(value) ? [...(value as Float32Array)] : (value ?? null);
    } catch (error) {
      return (error as { code: string }).code;
    }
  };
  const outcomes: unknown[] = [];
  const names: string[] = [];
  for (let i = 0; i < count; i++) {
    const call = callOf((next() + 1) / 2, 100 * seed + i);
    const { result, spoil } = call.make(at, saved);
    names.push(call.name);
    if (together) {
      outcomes.push(outcome(result));
      spoil();
    } else outcomes.push(await outcome(result));
  }
  const settled = await Promise.all(outcomes);
  at.engine.clearNonFinite();
  const end = { outcomes: settled, bits: bitsOf(await at.trainer.save()), steps: at.trainer.steps };
  at.engine.dispose();
  return { names, ...end };
}

export const values = ({ x, target }: { x: Float32Array; target: Int32Array }): [Float32Array, Int32Array] => [x, target];

/** Outputs for arrays that are filled with zeros as soon as the call returns; the first call of each size compiles. */
export async function spoilt(kind: Kind) {
  const { engine, trainer } = await start(kind);
  const outputs: number[][] = [];
  for (const spoil of [false, true, true])
    for (const size of [1, BATCH]) {
      const { x } = batchOf(5, size);
      const pending = trainer.predict(x);
      if (spoil) x.fill(0);
      outputs.push([...(await pending)]);
    }
  const fresh = await start(kind); // where nothing is compiled
  for (const size of [1, BATCH]) {
    const { x } = batchOf(5, size);
    const pending = fresh.trainer.predict(x);
    x.fill(0);
    outputs.push([...(await pending)]);
  }
  engine.dispose();
  fresh.engine.dispose();
  return outputs;
}

/** `count` steps; those at `bad` have a NaN. All at once, or one by one; cleared after each that rejects where it says so. */
async function steps(at: Started, count: number, bad: readonly number[], together: boolean, first = 0): Promise<(string | undefined)[]> {
  const pending: Promise<string | undefined>[] = [];
  for (let i = first; i < first + count; i++) {
    const { x, target } = batchOf(50 + i);
    if (bad.includes(i)) x[0] = Number.NaN;
    const result = failure(() => at.trainer.step(x, target)).then((error) => error?.code);
    x.fill(3);
    pending.push(together ? result : Promise.resolve(await result));
  }
  return Promise.all(pending);
}

/** Twenty steps at once with a NaN in the fifth: counts while they are under way and after. */
export async function poisoned(kind: Kind) {
  const at = await start(kind);
  const under: number[] = [];
  const running = steps(at, 20, [4], true);
  under.push(at.trainer.steps);
  await running;
  await at.trainer.predict(batchOf(1).x); // all is done
  const refused = at.trainer.steps;
  const checkpoint = await at.trainer.save();
  // go on here, and elsewhere from the checkpoint; a third trainer never saw the NaN
  at.engine.clearNonFinite();
  await steps(at, 3, [], true, 20);
  const other = await start(kind);
  await other.trainer.load(checkpoint);
  const loaded = other.trainer.steps;
  await steps(other, 3, [], false, 20);
  const clean = await start(kind);
  await steps(clean, 4, [], false);
  await steps(clean, 3, [], false, 20);
  const bits = [];
  for (const one of [at, other, clean]) bits.push(bitsOf(await one.trainer.save()));
  const counts = { under, refused, saved: countsOf(checkpoint), loaded, after: [at, other, clean].map(({ trainer }) => trainer.steps) };
  for (const { engine } of [at, other, clean]) engine.dispose();
  return { ...counts, bits };
}

/** A NaN in a step that still waits when the flag is cleared: it says nothing of the time after. */
export async function clearedBefore(kind: Kind) {
  const { engine, trainer } = await start(kind);
  const { x, target } = batchOf(1, 2); // compiles
  x[0] = Number.NaN;
  const bad = failure(() => trainer.step(x, target, { read: true }));
  engine.clearNonFinite();
  const good = failure(() => trainer.step(...values(batchOf(2))));
  const codes = [(await bad)?.code ?? null, (await good)?.code ?? null];
  await trainer.predict(batchOf(1).x);
  const flag = engine.nonFinite?.code ?? null;
  const later = (await failure(() => trainer.step(...values(batchOf(3)), { read: true })))?.code ?? null;
  const result = { codes, flag, later, steps: trainer.steps, counts: countsOf(await trainer.save()) };
  engine.dispose();
  return result;
}

/** The checkpoint's own counter and Adam's. */
const countsOf = (arrays: NamedArrays): number[] => [
  arrays["trainer/runs"]?.data[0] ?? -1,
  ...Object.entries(arrays).flatMap(([name, { data }]) => (name.endsWith("#adam.step") ? [data[2]] : [])),
];

/** Fifty steps that nobody awaits, a checkpoint, and the end of the trainer. */
export async function disposedAfter(kind: Kind) {
  const at = await start(kind);
  const early = failure(() => at.trainer.step(...values(batchOf(7, 2)))); // compiles
  const running = steps(at, 50, [], true);
  const saving = at.trainer.save();
  const ending = at.trainer.dispose();
  const { x, target } = batchOf(1);
  const refused = [
    await failure(() => at.trainer.step(x, target)),
    await failure(() => at.trainer.predict(x)),
    await failure(() => at.trainer.evaluate([[x, target]])),
    await failure(() => at.trainer.epoch([[x, target]])),
    await failure(() => at.trainer.save()),
    await failure(() => at.trainer.load({})),
    await failure(() => at.trainer.program),
    ...("stream" in at.trainer ? [await failure(() => (at.trainer as Trainer).stream())] : []),
  ].map((error) => error?.code);
  const outcomes = [await early, ...(await running)];
  await ending;
  const checkpoint = await saving;
  const other = await start(kind);
  await other.trainer.step(...values(batchOf(7, 2)));
  await steps(other, 50, [], false);
  const result = {
    failed: outcomes.filter(Boolean).length,
    counts: countsOf(checkpoint),
    refused,
    same: JSON.stringify(bitsOf(checkpoint)) === JSON.stringify(bitsOf(await other.trainer.save())),
  };
  at.engine.dispose();
  other.engine.dispose();
  return result;
}

/** A checkpoint of before, in which the two counts differ: the optimizer's is right. */
export async function oldCheckpoint(kind: Kind) {
  const at = await start(kind);
  await steps(at, 4, [], false);
  const arrays = await at.trainer.save();
  arrays["trainer/runs"].data[0] = 51;
  await at.trainer.load(arrays);
  const loaded = at.trainer.steps;
  const counts = countsOf(await at.trainer.save());
  at.engine.dispose();
  return { loaded, counts };
}

/** All batch sizes count as one sequence, and trainers of one model share it. */
export async function sharedCount(kind: "gpu" | "reference") {
  const engine = await Engine.create(kind === "reference" ? { reference: true } : {});
  const shared = model();
  const first = await createTrainer(engine, shared, OPTIONS);
  const second = await createTrainer(engine, shared, OPTIONS);
  for (const size of [BATCH, 1, 2, BATCH]) void first.step(...values(batchOf(size, size)));
  void second.step(...values(batchOf(1)));
  const counts = [first.steps, second.steps, ...countsOf(await second.save())];
  engine.dispose();
  return counts;
}

/** A size that cannot be compiled: its call fails, and the calls behind it go on. */
export async function failedCompile(kind: "gpu" | "reference") {
  const { engine, trainer } = await start(kind);
  const bad = failure(() => trainer.step(...values(batchOf(1, 7))));
  const counted = trainer.steps;
  const good = trainer.step(...values(batchOf(1, 2)), { read: true });
  const saved = trainer.save();
  const result = { bad: (await bad)?.message, counted, loss: (await good).loss, counts: countsOf(await saved), steps: trainer.steps };
  engine.dispose();
  return result;
}

/** Predictions from within a source of batches, and from callbacks of what is not awaited: all end. */
export async function fromSources(kind: Kind) {
  const { engine, trainer } = await start(kind);
  const inner: Promise<unknown>[] = [];
  function* source() {
    for (let i = 0; i < 3; i++) {
      inner.push(trainer.predict(batchOf(i, 1 + (i % 2)).x));
      trainer.learningRate = 0.01 * (i + 1);
      yield values(batchOf(i, i === 1 ? 2 : BATCH));
    }
  }
  const { steps: taken } = await trainer.epoch(source());
  await trainer.evaluate(source());
  async function* slow() {
    for (let i = 0; i < 3; i++) {
      await trainer.predict(batchOf(i, 2).x);
      yield values(batchOf(i));
    }
  }
  for await (const [x, target] of slow()) void trainer.step(x, target);
  const chained = trainer.step(...values(batchOf(9))).then(() => trainer.predict(batchOf(9).x).then(() => trainer.save()));
  const outer = [trainer.step(...values(batchOf(8, 1))), trainer.predict(batchOf(8, 1).x)];
  await Promise.all([...inner, ...outer, chained]);
  const result = { taken, steps: trainer.steps };
  engine.dispose();
  return result;
}

/** An epoch whose batches and rate are changed as soon as they are taken, beside one with fresh arrays. */
export async function pulled(kind: Kind) {
  const bits: unknown[] = [];
  for (const reuse of [false, true]) {
    const at = await start(kind);
    const { x, target } = batchOf(0);
    const rates = [0.01, 0.03, 0.02];
    function* source() {
      for (const [i, rate] of rates.entries()) {
        const fresh = batchOf(i);
        at.trainer.learningRate = rate;
        if (reuse) {
          x.set(fresh.x);
          target.set(fresh.target);
          queueMicrotask(() => fill(5, x, 0, target));
          queueMicrotask(() => {
            at.trainer.learningRate = 0.5;
          });
        }
        yield values(reuse ? { x, target } : fresh);
      }
    }
    await at.trainer.epoch(source());
    bits.push(bitsOf(await at.trainer.save()));
    at.engine.dispose();
  }
  return bits;
}

/** Calls that wait for a compilation hold their arrays within the option; one alone may be larger. */
export async function bounded(kind: "gpu" | "reference") {
  const bytes = 4 * FEATURES + 4 + 4;
  const { engine, trainer } = await start(kind, { maxQueuedBytes: 3 * bytes });
  const outcomes = Array.from({ length: 5 }, (_, i) => failure(() => trainer.step(...values(batchOf(i, 1)))));
  const counted = trainer.steps;
  const errors = await Promise.all(outcomes);
  const alone = await failure(() => trainer.predict(batchOf(1, 64).x));
  const result = {
    codes: errors.map((error) => error?.code ?? null),
    message: errors[4]?.message,
    counted,
    alone,
    saved: countsOf(await trainer.save()),
  };
  engine.dispose();
  return result;
}

/** How many arrays are copied by awaited steps and predictions, and by some that nobody awaits. */
export async function copies(kind: Kind) {
  const { engine, trainer } = await start(kind);
  const { x, target } = batchOf(1);
  await trainer.predict(x);
  const { slice } = Float32Array.prototype;
  let count = 0;
  Float32Array.prototype.slice = function (...args) {
    if (this.buffer === x.buffer) count++;
    return slice.apply(this, args);
  };
  try {
    for (let i = 0; i < 40; i++) {
      await trainer.step(x, target);
      if (i % 10 === 0) await trainer.step(x, target, { read: true });
      if (i % 10 === 1) await trainer.predict(x);
    }
    const awaited = count;
    await Promise.all(Array.from({ length: 20 }, () => trainer.step(x, target)));
    return { awaited, together: count - awaited };
  } finally {
    Float32Array.prototype.slice = slice;
    engine.dispose();
  }
}
