import { createTrainer, dense, Engine, type NamedArrays, rnnLayer, sequential, type Trainer } from "../../../src/index.ts";
import { failure } from "./models.ts";
import { fill } from "./time-calls.ts";
import { BATCH, batchOf, bitsOf, FEATURES, type Kind, model, numbers, OPTIONS, type Started, start, values } from "./time-start.ts";

export { interleave } from "./time-calls.ts";
export type { Kind } from "./time-start.ts";

/*
 * What calls mean that nobody awaits. Each works on the GPU and on a reference engine.
 */

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

/** A stream of single steps, with its state forgotten twice: awaited, and not with arrays that are spoilt. */
export async function streamed(kind: "gpu" | "reference") {
  const rows: number[][][] = [];
  for (const together of [false, true]) {
    const engine = await Engine.create(kind === "reference" ? { reference: true } : {});
    const net = sequential(rnnLayer({ units: 4 }), dense({ units: 2 }));
    const trainer = await createTrainer(engine, net, { ...OPTIONS, input: [3, 2] });
    const stream = await trainer.stream();
    const pending: (Promise<Float32Array> | Float32Array)[] = [];
    const next = numbers(4);
    for (let i = 0; i < 9; i++) {
      const x = Float32Array.of(next(), next());
      const output = stream.next(x);
      pending.push(together ? output : await output);
      x.fill(0);
      if (i % 4 === 3) stream.reset();
    }
    rows.push((await Promise.all(pending)).map((output) => [...output]));
    engine.dispose();
  }
  return rows;
}
