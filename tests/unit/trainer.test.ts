import { describe, expect, test } from "vitest";
import {
  adam,
  constant,
  createTrainer,
  crossEntropy,
  dense,
  dropoutLayer,
  Engine,
  type Loss,
  rnnLayer,
  sequential,
  sgd,
  squaredError,
} from "../../src/index.ts";

const [T, V] = [3, 5];
const make = (engine: Engine, batch: number, loss: Loss, rate = 0, name = "model") =>
  createTrainer(engine, sequential(rnnLayer({ units: 4, vocabulary: V }), dense({ units: V })), {
    ...{ input: [T], batch, loss, seed: 2, name },
    optimizer: sgd({ learningRate: rate }),
  });

/** Batches of examples with these numbers, time-major. */
function batchOf(examples: readonly number[], target: (token: number) => number = (token) => (token + 1) % V) {
  const tokens = Uint32Array.from(
    { length: T * examples.length },
    (_, i) => (3 * examples[i % examples.length] + Math.floor(i / examples.length)) % V,
  );
  return [tokens, Int32Array.from(tokens, target)] as const;
}

describe("the loss of several batches", () => {
  const kinds: readonly (readonly [string, () => Loss])[] = [
    ["a mean counts by examples", () => crossEntropy()],
    ["a sum is added up", () => crossEntropy({ reduction: "sum" })],
    ["a mean with ignored labels counts what it divided by", () => crossEntropy({ ignoreIndex: 2 })],
    ["a mean with class weights counts what it divided by", () => crossEntropy({ classWeights: constant([1, 0.5, 3, 0.1, 2], [V]) })],
  ];
  for (const [what, loss] of kinds)
    test(`${what}: cut into uneven batches it is that of all at once`, async () => {
      const engine = await Engine.create({ reference: true });
      const trainer = await make(engine, 4, loss());
      const whole = await trainer.evaluate([batchOf([0, 1, 2, 3, 4, 5, 6])]);
      const cut = await trainer.evaluate([batchOf([0, 1, 2, 3]), batchOf([4, 5]), batchOf([6])]);
      expect(cut).toBeCloseTo(whole, 5);
      // a learning rate of 0: the losses before each step are those of the same model
      const { loss: epoch, steps } = await trainer.epoch([batchOf([0, 1, 2, 3]), batchOf([4, 5]), batchOf([6])]);
      expect(steps).toBe(3);
      expect(epoch).toBeCloseTo(whole, 5);
    });

  test("a batch in which every label is ignored changes nothing", async () => {
    const engine = await Engine.create({ reference: true });
    const trainer = await make(engine, 2, crossEntropy({ ignoreIndex: -100 }), 0.1);
    const full = batchOf([0, 1]);
    const empty = batchOf([2, 3, 4], () => -100);
    expect(await trainer.evaluate([full, empty])).toBeCloseTo(await trainer.evaluate([full]), 6);
    expect(await trainer.evaluate([empty])).toBe(0);
    const before = await trainer.save();
    await trainer.step(...empty);
    const after = await trainer.save();
    expect(after["model/0.rnn/W"].data).toEqual(before["model/0.rnn/W"].data);
  });

  test("of squared errors, mean and sum", async () => {
    for (const reduction of ["mean", "sum"] as const) {
      const engine = await Engine.create({ reference: true });
      const model = sequential(dense({ units: 1 }));
      const trainer = await createTrainer(engine, model, {
        ...{ input: [2], batch: 3, loss: squaredError({ reduction }) },
        optimizer: sgd({ learningRate: 0 }),
      });
      const x = Float32Array.from({ length: 8 }, (_, i) => Math.sin(i + 1));
      const y = Float32Array.from({ length: 4 }, (_, i) => Math.cos(i));
      const whole = await trainer.evaluate([[x, y]]);
      const cut = await trainer.evaluate([
        [x.subarray(0, 6), y.subarray(0, 3)],
        [x.subarray(6), y.subarray(3)],
      ]);
      expect(cut).toBeCloseTo(whole, 5);
    }
  });
});

describe("steps", () => {
  test("a batch that does not fit counts as no step", async () => {
    const engine = await Engine.create({ reference: true });
    const trainer = await make(engine, 2, crossEntropy());
    const [tokens] = batchOf([0, 1]);
    await expect(trainer.step(tokens, new Int32Array(1))).rejects.toMatchObject({ code: "size" });
    expect(trainer.steps).toBe(0);
  });

  test("training goes on from a checkpoint with the same bits, dropout too", async () => {
    const build = (engine: Engine) =>
      createTrainer(engine, sequential(rnnLayer({ units: 4, vocabulary: V }), dropoutLayer({ rate: 0.5 }), dense({ units: V })), {
        ...{ input: [T], batch: 2, loss: crossEntropy(), optimizer: adam({ learningRate: 0.05 }), clipNorm: 1, seed: 2 },
      });
    const first = await build(await Engine.create({ reference: true }));
    for (let i = 0; i < 3; i++) await first.step(...batchOf([i, i + 1]));
    const checkpoint = await first.save();
    const second = await build(await Engine.create({ reference: true }));
    await second.load(checkpoint);
    expect(second.steps).toBe(3);
    const next = batchOf([7, 8]);
    const read = { read: true } as const;
    // The GPU's arrays are f32; the references hold f64, which a checkpoint rounds.
    const [a, b] = [await first.step(...next, read), await second.step(...next, read)];
    expect(a.loss).toBeCloseTo(b.loss, 6);
    expect(a.gradientNorm).toBeCloseTo(b.gradientNorm, 6);
  });
});
