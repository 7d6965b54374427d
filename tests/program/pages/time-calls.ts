import { type ImageReader, type NamedArrays, save, type Trainer } from "../../../src/index.ts";

import { BATCH, batchOf, bitsOf, FEATURES, type Kind, numbers, type Started, start, values } from "./time-start.ts";

/** A call, and what its caller does to the arrays that it gave as soon as the call returned. */
interface Call {
  readonly name: string;
  /** Makes the call; `spoil` is done right after it. */
  make(at: Started, saved: NamedArrays): { readonly result: Promise<unknown>; spoil(): void };
}

const nothing = () => {};

export function fill(a: number, x: Float32Array, b: number, target: Int32Array): void {
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
