import { describe, expect, test } from "vitest";
import {
  adamw,
  batchNormLayer,
  createTrainer,
  dense,
  Engine,
  formatSummary,
  gradient,
  input,
  type Layer,
  lambda,
  mean,
  type NamedArrays,
  sequential,
  sgd,
  squaredError,
  summary,
  type Trainer,
} from "../../src/index.ts";

const C = 3;
const SHAPE = [2, 2, C];

const imagesOf = (batch: number, seed: number): Float32Array =>
  Float32Array.from({ length: batch * 4 * C }, (_, i) => Math.sin(1 + seed * 7 + i * i) * (1 + (i % C)) + 2 * (i % C));

/** Mean, and variance divided by n and by n − 1, of each channel; by the textbook. */
function moments(x: Float32Array) {
  const rows = x.length / C;
  return Array.from({ length: C }, (_, c) => {
    const values = Array.from({ length: rows }, (_, r) => x[r * C + c]);
    const average = values.reduce((sum, v) => sum + v, 0) / rows;
    const squares = values.reduce((sum, v) => sum + (v - average) ** 2, 0);
    return { mean: average, biased: squares / rows, unbiased: squares / (rows - 1) };
  });
}

const make = async (layer: Layer, rate = 0, engine?: Engine): Promise<Trainer> =>
  createTrainer(engine ?? (await Engine.create({ reference: true })), sequential(layer), {
    ...{ input: SHAPE, batch: 4, loss: squaredError(), optimizer: sgd({ learningRate: rate }) },
  });

const statistics = (arrays: NamedArrays) => ({
  mean: Array.from(arrays["model/0.batchNorm/mean"].data),
  variance: Array.from(arrays["model/0.batchNorm/variance"].data),
});

const expectClose = (seen: ArrayLike<number>, right: ArrayLike<number>) => {
  expect(seen.length).toBe(right.length);
  for (let i = 0; i < right.length; i++) expect(seen[i]).toBeCloseTo(right[i], 5);
};

describe("batchNormLayer", () => {
  test("trains by the batch, and moves the running statistics by momentum: batches of two sizes", async () => {
    const trainer = await make(batchNormLayer({ momentum: 0.2, epsilon: 1e-3 }));
    const running = { mean: [0, 0, 0], variance: [1, 1, 1] };
    expect(statistics(await trainer.save())).toEqual(running);
    for (const [batch, seed] of [
      [4, 1],
      [2, 2],
      [4, 3],
    ]) {
      const x = imagesOf(batch, seed);
      const own = moments(x);
      const { loss } = await trainer.step(x, new Float32Array(x.length), { read: true });
      // The mean square of what is normalised, against a target of 0.
      expect(loss).toBeCloseTo(own.reduce((sum, { biased }) => sum + biased / (biased + 1e-3), 0) / C, 5);
      own.forEach((m, c) => {
        running.mean[c] = 0.8 * running.mean[c] + 0.2 * m.mean;
        running.variance[c] = 0.8 * running.variance[c] + 0.2 * m.unbiased;
      });
      const seen = statistics(await trainer.save());
      expectClose(seen.mean, running.mean);
      expectClose(seen.variance, running.variance);
    }
    // What predicts and evaluates takes the running ones, whatever the size of the batch, and changes nothing.
    for (const batch of [4, 1, 3]) {
      const x = imagesOf(batch, 9);
      const right = x.map((v, i) => (v - running.mean[i % C]) / Math.sqrt(running.variance[i % C] + 1e-3));
      expectClose(await trainer.predict(x), right);
      const loss = await trainer.evaluate([[x, new Float32Array(x.length)]]);
      expect(loss).toBeCloseTo(right.reduce((sum, v) => sum + v * v, 0) / right.length, 4);
    }
    const after = statistics(await trainer.save());
    expectClose(after.mean, running.mean);
    expectClose(after.variance, running.variance);
  });

  test("statistics are saved and loaded, before a step and after", async () => {
    const first = await make(batchNormLayer(), 0.1);
    for (const seed of [1, 2, 3]) await first.step(imagesOf(4, seed), new Float32Array(4 * 4 * C));
    const checkpoint = await first.save();
    const x = imagesOf(2, 8);
    const second = await make(batchNormLayer());
    expect(Array.from(await second.predict(x))).not.toEqual(Array.from(await first.predict(x)));
    await second.load(checkpoint);
    expectClose(await second.predict(x), await first.predict(x));
    expect(statistics(await second.save())).toEqual(statistics(checkpoint));
  });

  test("no optimizer touches them: weight decay takes nothing away", async () => {
    const engine = await Engine.create({ reference: true });
    const model = sequential(
      batchNormLayer({ momentum: 0 }),
      lambda((x) => x),
    );
    const trainer = await createTrainer(engine, model, {
      ...{ input: SHAPE, batch: 4, loss: squaredError(), optimizer: adamw({ learningRate: 0.1, weightDecay: 0.5 }) },
    });
    await trainer.step(imagesOf(4, 1), new Float32Array(4 * 4 * C));
    const saved = await trainer.save();
    expect(statistics(saved)).toEqual({ mean: [0, 0, 0], variance: [1, 1, 1] });
    expect(Array.from(saved["model/0.batchNorm/scale"].data)).not.toEqual([1, 1, 1]);
    expect(Object.keys(saved).filter((name) => /batchNorm\/(mean|variance)#/.test(name))).toEqual([]);
    expect(model.parameters.map(({ name }) => name)).toEqual(["model/0.batchNorm/scale", "model/0.batchNorm/bias"]);
    expect(model.variables).toHaveLength(4);
  });

  test("without scale and bias it has no parameters, and a gradient still passes through", () => {
    const model = sequential(batchNormLayer({ scale: false, bias: false }));
    const x = input([4, C]);
    const { output, updates } = model.apply(x, { training: true });
    expect(model.parameters).toEqual([]);
    expect(updates.map((update) => update.kind === "assign" && update.variable.name)).toEqual([
      "model/0.batchNorm/mean",
      "model/0.batchNorm/variance",
    ]);
    expect(gradient(mean(output as never), [x]).tensors[0].shape).toEqual([4, C]);
    expect(model.apply(x).updates).toEqual([]);
  });

  test("summary tells parameters and statistics apart", () => {
    const given = summary(sequential(batchNormLayer(), dense({ units: 2 })), { input: [C], batch: 4 });
    expect(given.layers.map(({ parameters, statistics: n }) => [parameters, n])).toEqual([
      [2 * C, 2 * C],
      [2 * C + 2, 0],
    ]);
    expect([given.parameters, given.statistics]).toEqual([4 * C + 2, 2 * C]);
    expect(given.layers[0].flops).toBe(5 * 4 * C);
    expect(formatSummary(given)).toMatch(/\nstatistics +6$/);
  });

  test.each([
    ["momentum beyond 1", () => batchNormLayer({ momentum: 1.1 }), "batchNormLayer: momentum must be a number from 0 to 1, not 1.1"],
    ["a negative epsilon", () => batchNormLayer({ epsilon: -1 }), "batchNormLayer: epsilon must be a number of at least 0, not -1"],
    ["a scale that is a number", () => batchNormLayer({ scale: 1 as never }), "batchNormLayer: scale must be true or false, not 1"],
    ["an option of PyTorch", () => batchNormLayer({ affine: true } as never), 'there is no option "affine"; options are momentum, epsilon'],
    ["tokens", () => sequential(batchNormLayer()).apply(input([2, 3], "u32")), "batchNormLayer: the input is u32[2, 3]; expected f32"],
    ["a batch of one value", () => sequential(batchNormLayer()).apply(input([1, 3]), { training: true }), "needs more than one value"],
  ])("refuses %s", (_what, wrong, message) => {
    expect(wrong).toThrow(message);
  });
});
