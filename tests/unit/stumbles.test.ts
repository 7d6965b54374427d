import { beforeAll, describe, expect, test } from "vitest";
import { article, describe as described, UnrollError } from "../../src/errors.ts";
import {
  activationLayer,
  add,
  compile,
  constant,
  conv2dLayer,
  createTrainer,
  crossEntropy,
  dense,
  Engine,
  embedding,
  exportTrainer,
  flattenLayer,
  gather,
  input,
  loadTrainer,
  matmul,
  maxPoolLayer,
  meanSquaredError,
  mul,
  relu,
  reluActivation,
  rnnLayer,
  sequential,
  sgd,
  softmaxCrossEntropy,
  squaredError,
  type Tensor,
  variable,
} from "../../src/index.ts";
import { fakeDevice } from "../support/fake-device.ts";

/* Where people stumble: what they wrote, and what they are told. */

let engine: Engine;
let names = 0;

beforeAll(async () => {
  engine = await Engine.create({ reference: true });
});

const told = async (work: () => unknown): Promise<string> => {
  try {
    await work();
  } catch (error) {
    if (error instanceof UnrollError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return "nothing";
};

const wrong = (value: unknown): never => value as never;
const options = () => ({ input: [8, 8, 1], batch: 2, loss: crossEntropy(), optimizer: sgd({ learningRate: 0.1 }), name: `m${names++}` });
const convolutions = () => [conv2dLayer({ filters: 4, size: 3 }), maxPoolLayer({ size: 2 })] as const;

describe("a forgotten layer", () => {
  const images = new Float32Array(128);

  test("flattenLayer: the message names layers and shapes, and the cure", async () => {
    const trainer = await createTrainer(engine, sequential(...convolutions(), dense({ units: 10 })), options());
    const cure =
      "target, i32[2, 3, 3], needs 18 values, not 2: crossEntropy compares it with the model's output, f32[2, 3, 3, 10], of layer 2 (dense). For one value for each example, put flattenLayer() before layer 2 (dense), whose input is f32[2, 3, 3, 4]";
    expect(await told(() => trainer.step(images, Int32Array.of(1, 2)))).toBe(`size: step: ${cure}`);
    expect(await told(() => trainer.evaluate([[images, Int32Array.of(1, 2)]]))).toBe(`size: evaluate: ${cure}`);
    expect(await told(() => trainer.epoch([[images, Int32Array.of(1, 2)]]))).toBe(`size: epoch: ${cure}`);
    const cured = await createTrainer(engine, sequential(...convolutions(), flattenLayer(), dense({ units: 10 })), options());
    expect(await told(() => cured.step(images, Int32Array.of(1, 2)))).toBe("nothing");
    // One label too many is no forgotten layer.
    expect(await told(() => cured.step(images, Int32Array.of(1, 2, 3)))).toBe(
      "size: step: target, i32[2], needs 2 values, not 3: crossEntropy compares it with the model's output, f32[2, 10], of layer 3 (dense)",
    );
  });

  test("of a trainer that was exported: what is known there", async () => {
    const file = await exportTrainer(sequential(...convolutions(), dense({ units: 10 })), options());
    const trainer = await loadTrainer(await Engine.create({ device: fakeDevice(), selfTest: false }), file);
    expect(await told(() => trainer.step(images, Int32Array.of(1, 2)))).toBe("size: step: target, i32[2, 3, 3], needs 18 values, not 2");
  });

  test("lastOnly", async () => {
    const model = sequential(rnnLayer({ units: 4 }), dense({ units: 3 }));
    const trainer = await createTrainer(engine, model, { ...options(), input: [5, 2] });
    expect(await told(() => trainer.step(new Float32Array(20), Int32Array.of(1, 2)))).toBe(
      "size: step: target, i32[5, 2], needs 10 values, not 2: crossEntropy compares it with the model's output, f32[5, 2, 3], of layer 1 (dense). For one value for each sequence, give the last recurrent layer the option lastOnly: true",
    );
  });
});

test("errors of a trainer's calls name the call and its own arguments", async () => {
  const model = sequential(embedding({ vocabulary: 9, units: 3 }), rnnLayer({ units: 4 }), dense({ units: 9 }));
  const trainer = await createTrainer(engine, model, { ...options(), input: [3] });
  const x = new Uint32Array(6);
  const y = new Int32Array(6);
  expect(await told(() => trainer.step(x, wrong(undefined)))).toBe("name: step: target, i32[3, 2], is missing");
  expect(await told(() => trainer.step(x, wrong([1, 2])))).toBe(
    "dtype: step: target is i32[3, 2]; give an Int32Array or a GPUBuffer, not an array",
  );
  expect(await told(() => trainer.predict(new Float32Array(6)))).toBe(
    "dtype: predict: x is u32[3, 2]; give a Uint32Array or a GPUBuffer, not a Float32Array",
  );
  expect(await told(() => trainer.evaluate([[x, new Float32Array(6)]]))).toBe(
    "dtype: evaluate: target is i32[3, 2]; give an Int32Array or a GPUBuffer, not a Float32Array",
  );
  expect(await told(() => trainer.epoch([[x, new Int32Array(5)]]))).toMatch(/^size: epoch: target, i32\[3, 2\], needs 6 values, not 5/);
  expect(await told(() => trainer.step(wrong([0]), y))).toBe("dtype: step: x must be a typed array or a GPUBuffer, not an array");
  const stream = await trainer.stream();
  expect(await told(() => stream.next(new Uint32Array(2)))).toBe("size: next: x, u32[1, 1], needs 1 values, not 2");
  // either kind of integers will do
  expect(await told(() => trainer.step(new Int32Array(6), new Uint32Array(6)))).toBe("nothing");
});

const stumbles: [string, () => unknown, string | RegExp][] = [
  [
    "an op as loss",
    () => createTrainer(engine, sequential(dense({ units: 2 })), { ...options(), loss: wrong(meanSquaredError) }),
    "argument: createTrainer: loss must be a loss such as crossEntropy() or squaredError(), not the function meanSquaredError; give squaredError()",
  ],
  [
    "another op as loss",
    () => exportTrainer(sequential(dense({ units: 2 })), { ...options(), loss: wrong(softmaxCrossEntropy) }),
    "argument: exportTrainer: loss must be a loss such as crossEntropy() or squaredError(), not the function softmaxCrossEntropy; give crossEntropy()",
  ],
  [
    "a loss that was not called",
    () => createTrainer(engine, sequential(dense({ units: 2 })), { ...options(), loss: wrong(squaredError) }),
    /give squaredError\(\)$/,
  ],
  [
    "a loss by name",
    () => createTrainer(engine, sequential(dense({ units: 2 })), { ...options(), loss: wrong("crossEntropy") }),
    /not "crossEntropy"; give crossEntropy\(\)$/,
  ],
  [
    "an optimizer that was not called",
    () => createTrainer(engine, sequential(dense({ units: 2 })), { ...options(), optimizer: wrong(sgd) }),
    "argument: createTrainer: optimizer must be one such as adam() or sgd({ learningRate }), not the function sgd; give sgd({ learningRate: 0.01 })",
  ],
  [
    "an op as activation",
    () => dense({ units: 2, activation: wrong(relu) }),
    "argument: dense: activation must be an activation such as tanhActivation, not the function relu; give reluActivation",
  ],
  ["an activation by name", () => conv2dLayer({ filters: 2, size: 3, activation: wrong("relu") }), /not "relu"; give reluActivation$/],
  [
    "an op as the activation of a product",
    () => matmul(input([2, 2]), input([2, 2]), { activation: wrong(relu) }),
    /not the function relu; give reluActivation$/,
  ],
  [
    "an op as a layer's activation",
    () => activationLayer(wrong(relu)),
    /^argument: activationLayer: .*not the function relu; give reluActivation$/,
  ],
  [
    "a layer that was not called",
    () => sequential(wrong(dense)),
    "argument: sequential: the function dense is no layer; call it, as in dense({ units: 10 })",
  ],
  [
    "flattenLayer that was not called",
    () => sequential(dense({ units: 1 }), wrong(flattenLayer)),
    /the function flattenLayer is no layer; call it/,
  ],
  [
    "an op as a layer",
    () => sequential(wrong(relu)),
    "argument: sequential: the function relu is no layer; give activationLayer(reluActivation)",
  ],
  [
    "an activation as a layer",
    () => sequential(wrong(reluActivation)),
    /an Object is no layer; wrap it: activationLayer\(reluActivation\)$/,
  ],
  [
    "a model as a layer",
    () => sequential(wrong(sequential(flattenLayer())), dense({ units: 1 })),
    "argument: sequential: a Model is no layer; give its layers, ...model.layers",
  ],
  [
    "an array of layers",
    () => sequential(wrong([flattenLayer()])),
    "argument: sequential: an array is no layer; give the layers one by one, or ...layers",
  ],
  [
    "a layer as a model",
    () => createTrainer(engine, wrong(dense({ units: 1 })), options()),
    "argument: createTrainer: the model must be made by sequential(…), not the layer dense alone; give sequential(layer)",
  ],
  [
    "layers as a model",
    () => createTrainer(engine, wrong([dense({ units: 1 })]), options()),
    /not an array; give sequential\(\.\.\.layers\)$/,
  ],
  ["a number first", () => mul(wrong(2), input([2])), /^argument: mul: a must be a tensor, not 2/],
  ["a fraction for integers", () => add(input([2], "i32"), 1.5), "argument: add: b is 1.5, which is no i32; the other operand is i32"],
  ["a negative number for u32", () => mul(input([2], "u32"), -1), /^argument: mul: b is -1, which is no u32/],
  ["a fraction as a constant", () => constant([1, 2.5], [2], "i32"), "argument: constant: 2.5 is no i32"],
  ["a constant that is too large", () => constant(2 ** 31, [1], "i32"), "argument: constant: 2147483648 is no i32"],
  [
    "tokens as signed integers in a run",
    async () => {
      const x = input([2], "u32");
      const program = await compile(engine, { inputs: { x }, outputs: { y: gather(variable("t", [3]) as Tensor, x) } });
      return program.run({ x: wrong(new Int32Array(2)) });
    },
    'dtype: run: input "x" is u32[2]; give a Uint32Array or a GPUBuffer, not an Int32Array',
  ],
];

test.each(stumbles)("%s", async (_, work, message) => {
  const said = await told(work);
  if (typeof message === "string") expect(said).toBe(message);
  else expect(said).toMatch(message);
});

test("a number beside a tensor is one: mul(x, 2) doubles", async () => {
  const x = input([3]);
  const i = input([3], "i32");
  const program = await compile(engine, { inputs: { x, i }, outputs: { doubled: mul(x, 2), more: add(i, 2) } });
  const { doubled, more } = await program.run({ x: Float32Array.of(1, 2, 3), i: Int32Array.of(1, 2, 3) }, { read: ["doubled", "more"] });
  expect([...doubled, ...more]).toEqual([2, 4, 6, 3, 4, 5]);
});

test("a and an", () => {
  const right: Record<string, string> = {
    a: "Float32Array Uint32Array Uint8ClampedArray GPUBuffer Map Set Promise Date Buffer u32 Tensor Model Variable NodeList UserData",
    an: "Int32Array Array ArrayBuffer Object Engine UnrollError HTMLImageElement ImageData OffscreenCanvas f32 i32 f16 SVGElement MLTensor RNN",
  };
  for (const [word, names] of Object.entries(right)) for (const name of names.split(" ")) expect(article(name)).toBe(`${word} ${name}`);
  expect(described(new Int32Array(1))).toBe("an Int32Array");
  expect(described({})).toBe("an Object");
  expect(described(Object.create(null))).toBe("an object");
  expect(described(() => 0)).toBe("a function");
});
