import { describe, expect, test } from "vitest";
import {
  adam,
  adamw,
  add,
  batchNormLayer,
  clamp,
  clipNorm,
  clipValue,
  createTrainer,
  crossEntropy,
  dense,
  Engine,
  fill,
  input,
  layerNorm,
  load,
  mul,
  normal,
  rmsprop,
  save,
  sequential,
  sgd,
  uniform,
  variable,
} from "../../src/index.ts";
import * as page from "../program/pages/time.ts";
import { timeTests } from "../program/time-cases.ts";

timeTests("reference", async (name, ...args) => (page as unknown as Record<string, (...a: unknown[]) => Promise<never>>)[name](...args));

test("arrays that are loaded before what they belong to is there may be changed", async () => {
  using engine = await Engine.create({ reference: true });
  const data = Float32Array.of(1, 2);
  await load(engine, { w: { dtype: "f32", shape: [2], data } });
  data.fill(9);
  (await save(engine)).w.data.fill(8);
  expect([...(await engine.read(variable("w", [2])))]).toEqual([1, 2]);
});

describe("numbers that f32 does not hold", () => {
  const refused = (make: () => unknown) => expect(make).toThrow(expect.objectContaining({ code: "argument" }));

  test("are refused as options of optimizers and limits", () => {
    for (const learningRate of [1e39, 1e-50, Number.POSITIVE_INFINITY, Number.NaN, -1]) {
      refused(() => sgd({ learningRate }));
      refused(() => adam({ learningRate }));
      refused(() => adamw({ learningRate }));
      refused(() => rmsprop({ learningRate }));
    }
    for (const value of [1e39, 1e-50]) {
      refused(() => adam({ epsilon: value }));
      refused(() => adamw({ weightDecay: value }));
      refused(() => rmsprop({ epsilon: value }));
      refused(() => rmsprop({ momentum: value }));
      refused(() => sgd({ learningRate: 1, momentum: value }));
      refused(() => clipNorm({} as never, value));
      refused(() => clipValue({} as never, value));
    }
    expect(adam({ epsilon: 0, weightDecay: 0, learningRate: 0 }).optimizer.name).toBe("adam");
  });

  test("are refused as operands, bounds, initial values and epsilons", () => {
    const x = input([2]);
    for (const value of [1e39, -1e39]) {
      refused(() => add(x, value));
      refused(() => mul(x, value));
      refused(() => clamp(x, { max: value }));
      refused(() => fill(value));
      refused(() => uniform({ min: -2e39, max: value }));
      refused(() => normal({ mean: value }));
    }
    for (const epsilon of [1e39, 1e-50]) {
      refused(() => layerNorm(x, { scale: x, bias: x, epsilon } as never));
      refused(() => batchNormLayer({ epsilon }));
    }
    add(x, 3.4e38);
  });

  test("are refused as a trainer's learning rate, which stays as it was", async () => {
    using engine = await Engine.create({ reference: true });
    const options = { input: [2], batch: 1, loss: crossEntropy(), optimizer: sgd({ learningRate: 0.5 }) };
    const trainer = await createTrainer(engine, sequential(dense({ units: 2 })), options);
    for (const rate of [1e39, 1e-50, Number.POSITIVE_INFINITY, Number.NaN, -1])
      refused(() => {
        trainer.learningRate = rate;
      });
    expect(trainer.learningRate).toBe(0.5);
    trainer.learningRate = 0;
  });
});
