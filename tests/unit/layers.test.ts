import { describe, expect, test } from "vitest";
import {
  activationLayer,
  averagePool1d,
  averagePool1dLayer,
  averagePoolLayer,
  batchNormLayer,
  conv1dLayer,
  conv2dLayer,
  convTranspose2dLayer,
  createTrainer,
  crossEntropy,
  dense,
  Engine,
  evaluate,
  flattenLayer,
  globalAveragePoolLayer,
  globalLpPool2d,
  globalLpPoolLayer,
  globalMaxPool2d,
  globalMaxPoolLayer,
  input,
  type Layer,
  layerNormLayer,
  leakyReluActivation,
  lpPool1d,
  lpPool1dLayer,
  lpPool2d,
  lpPoolLayer,
  maxoutLayer,
  maxPool1d,
  maxPool1dLayer,
  maxPoolLayer,
  reluActivation,
  reshape,
  reshapeLayer,
  resize2d,
  resizeLayer,
  sequential,
  sgd,
  type Tensor,
  tanh,
  tanhActivation,
} from "../../src/index.ts";
import { nodesOf } from "../../src/program/order.ts";
import { simplify } from "../../src/program/plan/simplify.ts";
import { randomSource } from "../../src/random.ts";

/** Shape of what `layer` makes of f32 of that shape. */
const shapeAfter = (layer: Layer, shape: readonly number[]) => sequential(layer).apply(input(shape)).output.shape;

/** Layers without variables, and the ops that they stand for. */
const SAME: readonly (readonly [name: string, Layer, (x: never) => unknown, shape: readonly number[]])[] = [
  ["lpPoolLayer", lpPoolLayer({ size: 2, p: 3, stride: 1 }), (x) => lpPool2d(x, { size: 2, p: 3, stride: 1 }), [2, 4, 5, 3]],
  ["globalMaxPoolLayer", globalMaxPoolLayer(), (x) => globalMaxPool2d(x), [2, 4, 5, 3]],
  ["globalLpPoolLayer", globalLpPoolLayer({ p: 3 }), (x) => globalLpPool2d(x, { p: 3 }), [2, 4, 5, 3]],
  ["maxPool1dLayer", maxPool1dLayer({ size: 3, padding: 1 }), (x) => maxPool1d(x, { size: 3, padding: 1 }), [2, 7, 3]],
  [
    "averagePool1dLayer",
    averagePool1dLayer({ size: 3, padding: 1, countIncludePad: true }),
    (x) => averagePool1d(x, { size: 3, padding: 1, countIncludePad: true }),
    [2, 7, 3],
  ],
  ["lpPool1dLayer", lpPool1dLayer({ size: 2, p: 4 }), (x) => lpPool1d(x, { size: 2, p: 4 }), [2, 7, 3]],
  [
    "resizeLayer",
    resizeLayer({ scale: 1.5, mode: "bilinear", coordinates: "align_corners" }),
    (x) => resize2d(x, { scale: 1.5, mode: "bilinear", coordinates: "align_corners" }),
    [1, 4, 6, 2],
  ],
  ["activationLayer", activationLayer(tanhActivation), (x) => tanh(x), [3, 4]],
  ["reshapeLayer", reshapeLayer([2, 2]), (x) => reshape(x as Tensor, [3, 2, 2]), [3, 4]],
];

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
    expect(shapeAfter(lpPoolLayer({ size: [2, 3], p: 3 }), [2, 7, 9, 3])).toEqual([2, 3, 3, 3]);
    expect(shapeAfter(globalMaxPoolLayer(), [2, 7, 9, 3])).toEqual([2, 1, 1, 3]);
    expect(shapeAfter(globalLpPoolLayer(), [2, 7, 9, 3])).toEqual([2, 1, 1, 3]);
    expect(shapeAfter(convTranspose2dLayer({ filters: 6, size: 3, stride: 2, padding: "same" }), [2, 7, 9, 4])).toEqual([2, 14, 18, 6]);
    expect(shapeAfter(convTranspose2dLayer({ filters: 6, size: 3, stride: 2 }), [2, 7, 9, 4])).toEqual([2, 15, 19, 6]);
    expect(shapeAfter(convTranspose2dLayer({ filters: 2, size: 2, stride: 2, outputPadding: 1 }), [1, 3, 3, 1])).toEqual([1, 7, 7, 2]);
    expect(shapeAfter(convTranspose2dLayer({ filters: 2, size: 3, stride: 2, outputSize: [6, 7] }), [1, 3, 3, 1])).toEqual([1, 6, 7, 2]);
    expect(shapeAfter(resizeLayer({ scale: 2 }), [2, 7, 9, 3])).toEqual([2, 14, 18, 3]);
    expect(shapeAfter(resizeLayer({ size: [3, 4], mode: "bilinear" }), [2, 7, 9, 3])).toEqual([2, 3, 4, 3]);
    expect(shapeAfter(conv1dLayer({ filters: 6, size: 5, stride: 2, padding: "same" }), [2, 9, 3])).toEqual([2, 5, 6]);
    expect(shapeAfter(maxPool1dLayer({ size: 2 }), [2, 9, 3])).toEqual([2, 4, 3]);
    expect(shapeAfter(averagePool1dLayer({ size: 2, ceilMode: true }), [2, 9, 3])).toEqual([2, 5, 3]);
    expect(shapeAfter(lpPool1dLayer({ size: 3, stride: 1 }), [2, 9, 3])).toEqual([2, 7, 3]);
    expect(shapeAfter(reshapeLayer([3, 2]), [5, 6])).toEqual([5, 3, 2]);
    for (const layer of [batchNormLayer(), layerNormLayer(), activationLayer(reluActivation)])
      expect(shapeAfter(layer, [2, 7, 9, 3])).toEqual([2, 7, 9, 3]);
  });

  test.each(SAME)("%s does what its op does", (_name, layer, op, shape) => {
    const x = input(shape);
    const values = new Map([[x, Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(3 * i))]]);
    const [seen] = evaluate([sequential(layer).apply(x).output], values as never);
    const [right] = evaluate([op(x as never) as Tensor], values as never);
    expect(seen.length).toBeGreaterThan(0);
    expect(seen).toEqual(right);
  });

  test("have variables of the documented shapes, and start rectified filters from He's range", () => {
    const model = sequential(
      conv2dLayer({ filters: 8, size: [3, 5], groups: 2, activation: reluActivation }),
      conv2dLayer({ filters: 4, size: 1, bias: false }),
      convTranspose2dLayer({ filters: 6, size: [2, 3], groups: 2 }),
      layerNormLayer(),
      reshapeLayer([42, 6]),
      conv1dLayer({ filters: 8, size: 3, groups: 2 }),
      layerNormLayer({ scale: false }),
    );
    model.apply(input([1, 8, 8, 6]));
    expect(model.variables.map(({ name, shape }) => [name, shape])).toEqual([
      ["model/0.conv2d/W", [3, 5, 3, 8]],
      ["model/0.conv2d/b", [8]],
      ["model/1.conv2d/W", [1, 1, 8, 4]],
      ["model/2.convTranspose2d/W", [2, 3, 3, 4]],
      ["model/2.convTranspose2d/b", [6]],
      ["model/3.layerNorm/scale", [6]],
      ["model/3.layerNorm/bias", [6]],
      ["model/5.conv1d/W", [3, 3, 8]],
      ["model/5.conv1d/b", [8]],
      ["model/6.layerNorm/bias", [8]],
    ]);
    expect(model.parameters).toEqual(model.variables);
  });

  test("a transposed filter before relu starts within He's bound for the channels that come in", () => {
    const model = sequential(convTranspose2dLayer({ filters: 2, size: 3, activation: reluActivation }));
    model.apply(input([1, 2, 2, 50]));
    const [W] = model.variables;
    const values = Array.from(W.initializer(W.shape, randomSource(1, "W")));
    const bound = Math.sqrt(6 / (9 * 50));
    const largest = values.reduce((most, w) => Math.max(most, Math.abs(w)), 0);
    expect(largest).toBeLessThanOrEqual(bound);
    expect(largest).toBeGreaterThan(0.98 * bound);
  });

  test("an activation of its own goes into the convolution's kernel, as the option does", () => {
    const options = { filters: 2, size: 3 } as const;
    const x = input([1, 6, 6, 1]);
    const nodes = (...layers: readonly Layer[]) => {
      const { output } = sequential(...layers).apply(x);
      return simplify(nodesOf([output]), [output]).nodes.map(({ op, attributes }) => [
        op.name,
        (attributes as { activation?: { name: string } }).activation?.name,
      ]);
    };
    expect(nodes(conv2dLayer(options), activationLayer(reluActivation))).toEqual([["conv2d", "relu"]]);
    expect(nodes(conv2dLayer({ ...options, activation: reluActivation }))).toEqual([["conv2d", "relu"]]);
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
    [
      "images for rows",
      () => shapeAfter(conv1dLayer({ filters: 1, size: 3 }), [2, 5, 5, 1]),
      "conv1dLayer: the input is f32[2, 5, 5, 1]; expected rows",
    ],
    [
      "rows for images",
      () => shapeAfter(convTranspose2dLayer({ filters: 1, size: 3 }), [2, 5, 1]),
      "convTranspose2dLayer: the input is f32[2, 5, 1]",
    ],
    [
      "two sizes along one axis",
      () => conv1dLayer({ filters: 1, size: [3, 3] as never }),
      "conv1dLayer: size must be a whole number above 0",
    ],
    [
      "more output padding than the stride",
      () => shapeAfter(convTranspose2dLayer({ filters: 1, size: 3, outputPadding: 1 }), [1, 5, 5, 1]),
      "convTranspose2d: a plane of 5×5",
    ],
    [
      "an output size for a convolution",
      () => conv2dLayer({ filters: 1, size: 3, outputSize: 5 } as never),
      'conv2dLayer: there is no option "outputSize"',
    ],
    [
      "groups that do not fit a transposed filter",
      () => shapeAfter(convTranspose2dLayer({ filters: 3, size: 1, groups: 2 }), [1, 4, 4, 2]),
      "2 channels and 3 filters",
    ],
    ["half an exponent", () => lpPoolLayer({ size: 2, p: 1.5 }), "lpPoolLayer: p must be a whole number above 0, not 1.5"],
    ["an exponent of 0", () => globalLpPoolLayer({ p: 0 }), "globalLpPoolLayer: p must be a whole number above 0, not 0"],
    ["a pair along one axis", () => maxPool1dLayer({ size: [2, 2] as never }), "maxPool1dLayer: size must be a whole number above 0"],
    ["rows in a global pool", () => shapeAfter(globalMaxPoolLayer(), [2, 9]), "globalMaxPoolLayer: the input is f32[2, 9]"],
    ["size and scale", () => resizeLayer({ size: 2, scale: 2 }), "resizeLayer: give size or scale, one of them"],
    ["neither", () => resizeLayer({}), "resizeLayer: give size or scale, one of them"],
    [
      "a mode that is none",
      () => shapeAfter(resizeLayer({ scale: 2, mode: "cubic" as never }), [1, 2, 2, 1]),
      "resize2d: mode must be one of",
    ],
    [
      "a shape of another size",
      () => shapeAfter(reshapeLayer([4, 2]), [5, 6]),
      "reshapeLayer: the input is f32[5, 6]: an example of it cannot become [4, 2]",
    ],
    ["a shape with a gap", () => reshapeLayer([4, -1]), "reshapeLayer: give the sizes of one example"],
    [
      "a name for an activation",
      () => activationLayer("relu" as never),
      'activationLayer: activation must be an activation such as tanhActivation, not "relu"',
    ],
    ["no activation", () => activationLayer(undefined as never), "activationLayer: give an activation such as reluActivation"],
    [
      "to train with a falling slope",
      () => sequential(activationLayer(leakyReluActivation(-1))).apply(input([2, 2]), { training: true }),
      "leakyRelu has no gradient that needs only its result",
    ],
    ["tokens", () => sequential(layerNormLayer()).apply(input([2, 3], "u32")), "layerNormLayer: the input is u32[2, 3]"],
    [
      "a scale that is a tensor",
      () => layerNormLayer({ scale: input([3]) as never }),
      "layerNormLayer: scale must be true or false, not a Tensor",
    ],
  ])("refuse %s", (_what, wrong, message) => {
    expect(wrong).toThrow(message);
  });
});

function later(): void {
  const model = sequential(conv2dLayer({ filters: 1, size: 3 }));
  model.apply(input([1, 8, 8, 2]));
  model.apply(input([1, 8, 8, 3]));
}
