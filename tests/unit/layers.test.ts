import { describe, expect, test } from "vitest";
import {
  averagePoolLayer,
  conv2dLayer,
  createTrainer,
  crossEntropy,
  dense,
  Engine,
  flattenLayer,
  formatSummary,
  globalAveragePoolLayer,
  input,
  type Layer,
  leakyReluActivation,
  maxoutLayer,
  maxPoolLayer,
  reluActivation,
  sequential,
  sgd,
  summary,
} from "../../src/index.ts";

/** Shape of what `layer` makes of f32 of that shape. */
const shapeAfter = (layer: Layer, shape: readonly number[]) => sequential(layer).apply(input(shape)).output.shape;

describe("layers of convolutional networks", () => {
  test("give the shapes that the windows say", () => {
    expect(shapeAfter(conv2dLayer({ filters: 6, size: 5 }), [2, 28, 28, 1])).toEqual([2, 24, 24, 6]);
    expect(shapeAfter(conv2dLayer({ filters: 6, size: [3, 1], stride: 2, padding: "same" }), [2, 7, 9, 3])).toEqual([2, 4, 5, 6]);
    expect(shapeAfter(conv2dLayer({ filters: 4, size: 3, dilation: 2, padding: 1, groups: 2 }), [1, 9, 9, 2])).toEqual([1, 7, 7, 4]);
    expect(shapeAfter(maxPoolLayer({ size: 2 }), [2, 7, 9, 3])).toEqual([2, 3, 4, 3]);
    expect(shapeAfter(maxPoolLayer({ size: 2, ceilMode: true }), [2, 7, 9, 3])).toEqual([2, 4, 5, 3]);
    expect(shapeAfter(averagePoolLayer({ size: 3, stride: 1 }), [2, 7, 9, 3])).toEqual([2, 5, 7, 3]);
    expect(shapeAfter(globalAveragePoolLayer(), [2, 7, 9, 3])).toEqual([2, 1, 1, 3]);
    expect(shapeAfter(maxoutLayer({ size: 3 }), [2, 7, 9, 6])).toEqual([2, 7, 9, 2]);
    expect(shapeAfter(flattenLayer(), [2, 7, 9, 3])).toEqual([2, 189]);
  });

  test("have variables of the documented shapes, and start rectified filters from He's range", () => {
    const model = sequential(
      conv2dLayer({ filters: 8, size: [3, 5], groups: 2, activation: reluActivation }),
      conv2dLayer({ filters: 4, size: 1, bias: false }),
    );
    model.apply(input([1, 8, 8, 6]));
    expect(model.variables.map(({ name, shape }) => [name, shape])).toEqual([
      ["model/0.conv2d/W", [3, 5, 3, 8]],
      ["model/0.conv2d/b", [8]],
      ["model/1.conv2d/W", [1, 1, 8, 4]],
    ]);
  });

  test.each([
    ["relu", reluActivation, Math.sqrt(6 / 25)],
    ["leakyRelu", leakyReluActivation(0.1), Math.sqrt(6 / 25)],
    ["none", undefined, Math.sqrt(6 / (25 + 25 * 40))],
  ])("filters before %s start within the bound of their paper", async (_name, activation, bound) => {
    const engine = await Engine.create({ reference: true });
    const model = sequential(
      conv2dLayer({ filters: 40, size: 5, ...(activation ? { activation } : {}) }),
      flattenLayer(),
      dense({ units: 2 }),
    );
    const trainer = await createTrainer(engine, model, {
      ...{ input: [6, 6, 1], batch: 1 },
      ...{ loss: crossEntropy(), optimizer: sgd({ learningRate: 0.1 }) },
    });
    const W = await engine.read(model.variables[0]);
    const largest = W.reduce((most, w) => Math.max(most, Math.abs(w)), 0);
    expect(largest).toBeLessThanOrEqual(bound * (1 + 1e-6));
    expect(largest).toBeGreaterThan(0.98 * bound);
    await trainer.dispose();
  });

  test("train: a small network tells which quarter of a picture is bright", async () => {
    const engine = await Engine.create({ reference: true, seed: 1 });
    const model = sequential(
      conv2dLayer({ filters: 4, size: 3, padding: "same", activation: reluActivation }),
      maxPoolLayer({ size: 2 }),
      conv2dLayer({ filters: 6, size: 3, padding: "same" }),
      maxoutLayer({ size: 2 }),
      averagePoolLayer({ size: 2 }),
      flattenLayer(),
      dense({ units: 4 }),
    );
    const trainer = await createTrainer(engine, model, {
      ...{ input: [8, 8, 1], batch: 8, seed: 3 },
      ...{ loss: crossEntropy(), optimizer: sgd({ learningRate: 0.3 }) },
    });
    const labels = Int32Array.from({ length: 8 }, (_, n) => n % 4);
    const x = Float32Array.from({ length: 8 * 64 }, (_, i) => {
      const [n, row, column] = [i >> 6, (i >> 3) & 7, i & 7];
      const bright = row >> 2 === labels[n] >> 1 && column >> 2 === (labels[n] & 1);
      return (bright ? 1 : 0) + ((i * 37) % 11) / 50;
    });
    const { loss: first } = await trainer.step(x, labels, { read: true });
    for (let step = 0; step < 60; step++) await trainer.step(x, labels);
    const { loss: last } = await trainer.step(x, labels, { read: true });
    expect(first).toBeGreaterThan(1);
    expect(last).toBeLessThan(0.1);
    await trainer.dispose();
  });

  test.each([
    ["no filters", () => conv2dLayer({ filters: 0, size: 3 }), "conv2dLayer: filters must be a whole number above 0, not 0"],
    ["half a size", () => conv2dLayer({ filters: 1, size: 1.5 }), "conv2dLayer: size is 1.5"],
    ["no step", () => shapeAfter(conv2dLayer({ filters: 1, size: 1, stride: 0 }), [1, 4, 4, 1]), "conv2d: stride is 0"],
    ["groups that do not fit", () => shapeAfter(conv2dLayer({ filters: 4, size: 1, groups: 2 }), [1, 4, 4, 3]), "3 channels and 4 filters"],
    ["rows instead of images", () => shapeAfter(maxPoolLayer({ size: 2 }), [2, 9]), "maxPoolLayer: the input is f32[2, 9]"],
    ["another input later", later, "is now applied to an input that needs"],
  ])("refuse %s", (_what, wrong, message) => {
    expect(wrong).toThrow(message);
  });
});

describe("summary", () => {
  const lenet = () =>
    sequential(
      conv2dLayer({ filters: 8, size: 5, activation: reluActivation }),
      maxPoolLayer({ size: 2 }),
      conv2dLayer({ filters: 16, size: 5, activation: reluActivation }),
      maxPoolLayer({ size: 2 }),
      flattenLayer(),
      dense({ units: 10 }),
    );

  test("tells shapes, parameters and FLOPs, and leaves the model alone", () => {
    const model = lenet();
    const { layers, parameters, flops } = summary(model, { input: [28, 28, 1], batch: 2 });
    expect(layers.map(({ name, output, parameters: n }) => [name, output, n])).toEqual([
      ["0.conv2d", [2, 24, 24, 8], 5 * 5 * 8 + 8],
      ["1.maxPool", [2, 12, 12, 8], 0],
      ["2.conv2d", [2, 8, 8, 16], 5 * 5 * 8 * 16 + 16],
      ["3.maxPool", [2, 4, 4, 16], 0],
      ["4.flatten", [2, 256], 0],
      ["5.dense", [2, 10], 256 * 10 + 10],
    ]);
    expect(parameters).toBe(5994);
    // Multiplications and additions of the products, and at most a tenth more for bias, activation and maxima.
    const products = [2 * 25 * 24 * 24 * 8 * 2, 2 * 25 * 8 * 8 * 8 * 16 * 2, 2 * 256 * 10 * 2];
    for (const [i, at] of [0, 2, 5].entries()) {
      expect(layers[at].flops).toBeGreaterThanOrEqual(products[i]);
      expect(layers[at].flops).toBeLessThan(1.1 * products[i]);
    }
    expect(layers[1].flops).toBeLessThan(0.1 * layers[0].flops);
    expect(flops).toBe(layers.reduce((sum, layer) => sum + layer.flops, 0));
    expect(model.variables).toEqual([]);
  });

  test("is a table", () => {
    const table = formatSummary(summary(lenet(), { input: [28, 28, 1] }));
    expect(table.split("\n")).toHaveLength(8);
    expect(table).toMatch(/^2\.conv2d +f32\[1, 8, 8, 16\] +3,216 +\d\.\d{3}$/m);
  });

  test("refuses layers that do not fit", () => {
    expect(() => summary(lenet(), { input: [6, 6, 1] })).toThrow("does not fit into a plane");
    expect(() => summary(lenet(), { input: [28, 28, 1], batch: 0 })).toThrow("summary: batch must be a whole number above 0, not 0");
  });
});

function later(): void {
  const model = sequential(conv2dLayer({ filters: 1, size: 3 }));
  model.apply(input([1, 8, 8, 2]));
  model.apply(input([1, 8, 8, 3]));
}
