import { describe, expect, test } from "vitest";
import {
  adam,
  add,
  assign,
  clipNorm,
  compile,
  constant,
  createTrainer,
  crossEntropy,
  dense,
  dropoutLayer,
  Engine,
  embedding,
  evaluate,
  gradient,
  input,
  kernel,
  load,
  matmul,
  mul,
  type Program,
  read,
  report,
  rnnLayer,
  runKernel,
  sequential,
  sgd,
  squaredError,
  sum,
  UnrollError,
  variable,
  verify,
  verifyKernel,
  write,
} from "../../src/index.ts";

const engine = await Engine.create({ reference: true });
const wrong = (value: unknown) => value as never;

const x = input([2, 3]);
const w = variable("w", [3, 4], () => new Float32Array(12).fill(0.5));
const y = matmul(x, w);
const loss = sum(mul(y, y));
const train = await compile(engine, { inputs: { x }, outputs: { loss, y }, updates: sgd({ learningRate: 0.1 })(gradient(loss, [w])) });
const loose = train as unknown as Program;

const double = kernel({
  name: "double",
  wgsl: "",
  bindings: { a: read("f32"), b: write("f32") },
  params: { size: "u32" },
  reference({ a, b }) {
    b.set(a.map((value) => 2 * value));
  },
});
const model = () => sequential(rnnLayer({ units: 4, vocabulary: 5 }), dense({ units: 5 }));
const options = { input: [3], batch: 2, loss: crossEntropy(), optimizer: adam() };
const disposed = await Engine.create({ reference: true });
const disposedProgram = await compile(disposed, { inputs: { x }, outputs: { y } });
disposed.dispose();
const closed = await compile(engine, { inputs: { x }, outputs: { y } });
closed.dispose();
const trainer = await createTrainer(engine, model(), options);

/** What is done, the code and a piece of the message: in the user's words, with the argument and what was seen. */
const table: readonly (readonly [what: string, work: () => unknown, code: string, message: RegExp])[] = [
  ["input: a size that is no number", () => input([2, Number.NaN]), "shape", /\[2, NaN\]: every size must be a whole number/],
  ["input: a negative size", () => input([-1]), "shape", /\[-1\]/],
  ["input: no shape", () => input(wrong(3)), "shape", /a shape is an array of sizes, not 3/],
  ["input: dtype", () => input([1], wrong("f64")), "dtype", /"f64" is no dtype; use "f32"/],
  ["constant: too few values", () => constant([1, 2], [3]), "size", /shape \[3\] needs 3 values, not 2/],
  ["variable: no name", () => variable("", [1]), "name", /must be a string that is not empty/],
  [
    "variable: an initialiser of the wrong length",
    () =>
      compile(engine, {
        inputs: {},
        outputs: {
          v: add(
            variable("short", [3], () => [1]),
            1,
          ),
        },
      }),
    "size",
    /variable "short", f32\[3\], gave 1 values instead of 3/,
  ],
  [
    "variable: two of one name",
    () => compile(engine, { inputs: {}, outputs: { v: add(variable("w", [2, 2]), 1) } }),
    "name",
    /two variables are named "w": one is f32\[3, 4\], the other f32\[2, 2\]/,
  ],
  ["matmul: inner sizes", () => matmul(x, input([4, 2])), "shape", /matmul: .*\[2, 3\].*\[4, 2\]/],
  ["gradient: a loss that is no scalar", () => gradient(y, [w]), "shape", /gradient: the loss must be one f32, not f32\[2, 4\]/],
  ["gradient: nothing to differentiate by", () => gradient(loss, wrong([])), "argument", /array of tensors that is not empty/],
  ["gradient: an integer", () => gradient(loss, wrong([input([1], "i32")])), "dtype", /i32\[1\]/],
  ["gradient: no dependence", () => gradient(loss, [variable("free", [2])]), "gradient", /does not depend on variable "free"/],
  [
    "gradient: of what was not asked for",
    () => gradient(loss, [w]).of(wrong(x)),
    "gradient",
    /no gradient was taken with respect to this f32\[2, 3\]/,
  ],
  ["clipNorm: threshold", () => clipNorm(gradient(loss, [w]), -1), "argument", /clipNorm: .*-1/],
  ["clipNorm: twice", () => clipNorm(clipNorm(gradient(loss, [w]), 1), 1), "argument", /clipped already/],
  ["sgd: rate", () => sgd({ learningRate: -1 }), "argument", /learningRate must be a number of at least 0/],
  ["sgd: not gradients", () => sgd({ learningRate: 1 })(wrong([w])), "argument", /must be what gradient/],
  ["assign: shapes", () => assign(w, wrong(x)), "shape", /variable "w" is f32\[3, 4\], the value is f32\[2, 3\]/],
  ["assign: no variable", () => assign(wrong(x), x), "argument", /first argument must be a variable/],
  [
    "Engine.create: a device and the reference",
    () => Engine.create({ reference: true, device: wrong({}) }),
    "argument",
    /a device, or reference: true, not both/,
  ],
  ["Engine.create: seed", () => Engine.create({ reference: true, seed: wrong("x") }), "argument", /seed must be a number, not x/],
  ["Engine.create: no WebGPU", () => Engine.create({}), "adapter", /there is no WebGPU here/],
  ["compile: no engine", () => compile(wrong({}), { inputs: {} }), "argument", /first argument must be an engine/],
  ["compile: a disposed engine", () => compile(disposed, { inputs: { x }, outputs: { y } }), "disposed", /the engine was disposed/],
  ["compile: nothing to do", () => compile(engine, { inputs: {} }), "argument", /nothing to compute/],
  [
    "compile: an input without a name",
    () => compile(engine, { inputs: {}, outputs: { y } }),
    "name",
    /reads an input f32\[2, 3\] that has no name/,
  ],
  [
    "compile: an input that nothing reads",
    () => compile(engine, { inputs: { x, z: input([1]) }, outputs: { y } }),
    "name",
    /input "z", f32\[1\], is not used/,
  ],
  [
    "compile: one input under two names",
    () => compile(engine, { inputs: { x, z: x }, outputs: { y } }),
    "name",
    /"x" and "z" are the same tensor/,
  ],
  [
    "compile: an input that is none",
    () => compile(engine, { inputs: { x, y }, outputs: { y } }),
    "argument",
    /input "y" must be a tensor made by input/,
  ],
  [
    "compile: an output that is none",
    () => compile(engine, { inputs: { x }, outputs: { y: wrong(3) } }),
    "argument",
    /output "y" is no tensor/,
  ],
  [
    "compile: updates that are none",
    () => compile(engine, { inputs: { x }, updates: wrong({}) }),
    "argument",
    /updates must come from an optimizer/,
  ],
  [
    "compile: gradients by an input",
    () => compile(engine, { inputs: { x }, updates: sgd({ learningRate: 1 })(gradient(loss, [x])) }),
    "argument",
    /updates need gradients of variables/,
  ],
  [
    "compile: a variable updated twice",
    () => compile(engine, { inputs: { x }, updates: [assign(w, add(w, 1)), sgd({ learningRate: 1 })(gradient(loss, [w]))] }),
    "name",
    /variable "w" is updated twice/,
  ],
  [
    "compile: the norm of other gradients",
    () => compile(engine, { inputs: { x }, outputs: { norm: gradient(loss, [w]).norm } }),
    "gradient",
    /output "norm" is the norm of gradients that no update/,
  ],
  ["run: a missing input", () => loose.run({}), "name", /input "x", f32\[2, 3\], is missing/],
  ["run: an unknown input", () => loose.run({ x: new Float32Array(6), z: new Float32Array(1) }), "name", /no input "z"; inputs are x/],
  ["run: the wrong length", () => loose.run({ x: new Float32Array(5) }), "size", /input "x", f32\[2, 3\], needs 6 values, not 5/],
  [
    "run: the wrong array",
    () => loose.run({ x: new Int32Array(6) }),
    "dtype",
    /input "x" is f32\[2, 3\]; give a Float32Array or a GPUBuffer, not an Int32Array/,
  ],
  ["run: a plain array", () => loose.run({ x: wrong([1, 2, 3, 4, 5, 6]) }), "dtype", /not an array/],
  ["run: no batch", () => loose.run(wrong(null)), "argument", /first argument must be an object/],
  [
    "run: an unknown output",
    () => loose.run({ x: new Float32Array(6) }, { read: ["nothing"] }),
    "name",
    /no output "nothing"; outputs are loss, y/,
  ],
  ["run: a disposed engine", () => disposedProgram.run({ x: new Float32Array(6) }), "disposed", /the engine was disposed/],
  ["run: a disposed program", () => closed.run({ x: new Float32Array(6) }), "disposed", /the program "program" was disposed/],
  ["read: a disposed engine", () => disposed.read(w), "disposed", /the engine was disposed/],
  ["write: length", () => engine.write(w, new Float32Array(3)), "size", /variable "w", f32\[3, 4\], needs 12 values, not 3/],
  ["write: array", () => engine.write(w, wrong(new Int32Array(12))), "dtype", /give a Float32Array, not an Int32Array/],
  [
    "load: another shape",
    () => load(engine, { w: { dtype: "f32", shape: [2], data: new Float32Array(2) } }),
    "shape",
    /"w" is f32\[3, 4\], but f32\[2\] was given/,
  ],
  ["load: not an array", () => load(engine, { w: wrong({ shape: [12] }) }), "format", /"w" must have dtype, shape and data/],
  [
    "load: dtype and data differ",
    () => load(engine, { w: { dtype: "i32", shape: [2], data: new Float32Array(2) } }),
    "format",
    /says i32 but holds a Float32Array/,
  ],
  ["evaluate: no feed", () => evaluate([y], new Map()), "name", /no values were given for a tensor of kind "input", f32\[2, 3\]/],
  ["evaluate: length", () => evaluate([y], new Map([[x, [1]]]) as never), "size", /f32\[2, 3\] needs 6 values, not 1/],
  ["report: a reference program", () => report(train), "argument", /only a program on a GPU has dispatches/],
  ["verify: a reference program", () => verify(train, { x: new Float32Array(6) }), "argument", /there is nothing to compare/],
  [
    "kernel: a name that WGSL does not allow",
    () => kernel({ name: "k", wgsl: "", bindings: { "a b": read("f32") } }),
    "argument",
    /kernel "k": "a b" is no WGSL identifier/,
  ],
  [
    "runKernel: a missing buffer",
    () => runKernel(engine, double, wrong({ buffers: { b: 2 }, params: { size: 2 } })),
    "name",
    /nothing is given for the binding "a"/,
  ],
  [
    "runKernel: a length for what is read",
    () => runKernel(engine, double, wrong({ buffers: { a: 2, b: 2 }, params: { size: 2 } })),
    "argument",
    /"a" is read, so it needs values, not a length/,
  ],
  [
    "runKernel: an unknown buffer",
    () => runKernel(engine, double, wrong({ buffers: { a: new Float32Array(2), b: 2, c: 2 }, params: { size: 2 } })),
    "name",
    /has no binding "c"; it has a, b/,
  ],
  [
    "runKernel: a missing param",
    () => runKernel(engine, double, wrong({ buffers: { a: new Float32Array(2), b: 2 } })),
    "argument",
    /param "size" must be a number/,
  ],
  [
    "verifyKernel: on the references",
    () => verifyKernel(engine, double, { buffers: { a: new Float32Array(2), b: 2 }, params: { size: 2 } }),
    "argument",
    /nothing to compare/,
  ],
  ["sequential: no layer", () => sequential(), "argument", /at least one layer/],
  ["sequential: what is no layer", () => sequential(wrong(3)), "argument", /3 is no layer/],
  ["dense: units", () => dense({ units: 0 }), "argument", /dense: units must be a whole number above 0, not 0/],
  ["rnnLayer: units", () => rnnLayer({ units: 1.5 }), "argument", /rnnLayer: units .* not 1.5/],
  ["embedding: vocabulary", () => embedding({ vocabulary: -1, units: 3 }), "argument", /embedding: vocabulary .* not -1/],
  ["dropoutLayer: rate", () => dropoutLayer({ rate: 1 }), "argument", /rate must be at least 0 and below 1, not 1/],
  [
    "createTrainer: input",
    () => createTrainer(engine, model(), { ...options, input: [] }),
    "shape",
    /input must be the sizes of one example/,
  ],
  [
    "createTrainer: batch",
    () => createTrainer(engine, model(), { ...options, batch: 0 }),
    "argument",
    /batch must be a whole number above 0, not 0/,
  ],
  [
    "createTrainer: loss",
    () => createTrainer(engine, model(), { ...options, loss: wrong(undefined) }),
    "argument",
    /loss must be a loss such as crossEntropy/,
  ],
  [
    "createTrainer: optimizer",
    () => createTrainer(engine, model(), { ...options, optimizer: wrong({}) }),
    "argument",
    /optimizer must be one such as adam/,
  ],
  [
    "createTrainer: features where there are tokens",
    () => createTrainer(engine, sequential(rnnLayer({ units: 3 })), { ...options, name: "t", loss: squaredError() }),
    "shape",
    /rnnLayer: the input is f32\[3, 2\]/,
  ],
  [
    "step: not a whole batch",
    () => trainer.step(new Uint32Array(4), new Uint32Array(4)),
    "size",
    /step: x has 4 values; one example, \[3\], has 3/,
  ],
  [
    "step: a target of another length",
    () => trainer.step(new Uint32Array(6), new Uint32Array(3)),
    "size",
    /^step: target, i32\[3, 2\], needs 6 values, not 3/,
  ],
  [
    "step: features for tokens",
    () => trainer.step(new Float32Array(6), new Uint32Array(6)),
    "dtype",
    /^step: x is u32\[3, 2\]; give a Uint32Array or a GPUBuffer, not a Float32Array/,
  ],
  [
    "trainer.learningRate",
    () => {
      trainer.learningRate = Number.NaN;
    },
    "argument",
    /learningRate must be a number of at least 0, not NaN/,
  ],
  ["evaluate: no batch", () => trainer.evaluate([]), "argument", /at least one batch/],
  [
    "stream: a model without time",
    async () => (await createTrainer(engine, sequential(dense({ units: 2 })), { ...options, name: "flat", loss: squaredError() })).stream(),
    "argument",
    /no layer that works along time/,
  ],
];

describe("misuse: one clear error, before anything is done", () => {
  test.each(table)("%s", async (_what, work, code, message) => {
    const before = await engine.read(w);
    let error: unknown;
    try {
      await work();
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(UnrollError);
    expect((error as UnrollError).message).toMatch(message);
    expect((error as UnrollError).code).toBe(code);
    expect(await engine.read(w)).toEqual(before);
  });
});
