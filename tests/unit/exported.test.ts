import { describe, expect, test } from "vitest";
import {
  adam,
  applyOne,
  batchNormLayer,
  compile,
  constant,
  convTranspose2dLayer,
  crossEntropy,
  type Dispatch,
  dense,
  Engine,
  embedding,
  exportProgram,
  exportTrainer,
  type Initializer,
  input,
  kernel,
  loadProgram,
  loadTrainer,
  matmul,
  type Op,
  read,
  reluActivation,
  rnnLayer,
  sequential,
  sgd,
  squaredError,
  type TrainerOptions,
  variable,
  write,
} from "../../src/index.ts";
import * as initializers from "../../src/nn/initializers.ts";
import { decodeBase64, encodeBase64 } from "../../src/program/exported/base64.ts";
import { exportGraphs } from "../../src/program/exported/export.ts";
import type { Exported, ExportedBuffer, ExportedPlan } from "../../src/program/exported/format.ts";
import { loadExported, makeVariable } from "../../src/program/exported/load.ts";
import type { GpuRunner } from "../../src/program/gpu-runner.ts";
import { initialValues } from "../../src/program/store.ts";
import { fakeDevice } from "../support/fake-device.ts";

const characters = () => sequential(embedding({ vocabulary: 31, units: 16 }), rnnLayer({ units: 24 }), dense({ units: 31 }));
const options: TrainerOptions = {
  input: [19],
  batch: 3,
  loss: crossEntropy(),
  optimizer: adam({ learningRate: 0.01 }),
  clipNorm: 1,
  seed: 5,
  name: "characters",
};

const bytesOf = (buffer: ExportedBuffer, file: Exported, inputs: Exported["programs"][string]["inputs"]): number => {
  if ("bytes" in buffer) return buffer.bytes;
  if ("data" in buffer) return Math.ceil(atob(buffer.data).length / 16) * 16;
  if ("input" in buffer) return 4 * inputs[buffer.input].shape.reduce((a, b) => a * b, 1);
  if ("engine" in buffer) return 32;
  if ("control" in buffer) return 16;
  const members = file.segments[buffer.segment];
  const last = members[members.length - 1];
  return last.offset + Math.ceil((4 * last.shape.reduce((a, b) => a * b, 1)) / 256) * 256;
};

describe("an exported trainer", () => {
  test("is plain JSON, and the same each time", async () => {
    const [one, other] = [await exportTrainer(characters(), options), await exportTrainer(characters(), options)];
    const json = JSON.stringify(one);
    expect(JSON.parse(json)).toEqual(one);
    expect(JSON.stringify(other)).toBe(json);
    expect(one.format).toBe("unroll-trainer/1");
    expect(Object.keys(one.programs)).toEqual(["step 3", "predict 3", "evaluate 3"]);
  });

  test("says for each binding which part of which buffer it gets, and needs no other kernels", async () => {
    const file = await exportTrainer(characters(), options);
    const used = new Set<number>();
    for (const { inputs, plans } of Object.values(file.programs))
      for (const { buffers, dispatches, outputs } of Object.values(plans)) {
        for (const { kernel, at, params, workgroups } of dispatches) {
          used.add(kernel);
          const { bindings, params: needed = {} } = file.kernels[kernel];
          expect(at.length).toBe(Object.keys(bindings).length);
          expect(Object.keys(params)).toEqual(expect.arrayContaining(Object.keys(needed)));
          expect(workgroups.every((n) => n > 0 && n <= 65535)).toBe(true);
        }
        for (const [, offset] of dispatches.flatMap(({ at }) => at)) expect(offset % 256).toBe(0);
        for (const [buffer, offset, bytes] of [...dispatches.flatMap(({ at }) => at), ...outputs]) {
          expect(offset + bytes).toBeLessThanOrEqual(bytesOf(buffers[buffer], file, inputs));
        }
      }
    expect([...used].sort((a, b) => a - b)).toEqual(file.kernels.map((_, i) => i));
    expect(new Set(file.kernels.map((one) => JSON.stringify(one))).size).toBe(file.kernels.length);
    for (const { wgsl } of file.kernels) expect(wgsl).not.toMatch(/\/\/|\/\*|\n\n| {2}/);
  });

  test("is planned for the kinds of devices and batches that are asked for", async () => {
    const both = await exportTrainer(characters(), options);
    const batches = { step: [3, 8], predict: [1], evaluate: [] };
    const one = await exportTrainer(characters(), { ...options, devices: ["hardware"], batches });
    expect(Object.keys(one.programs)).toEqual(["step 3", "step 8", "predict 1"]);
    expect(Object.keys(one.programs["step 3"].plans)).toEqual(["hardware"]);
    expect(one.programs["step 3"].plans.hardware?.dispatches.length).toBe(both.programs["step 3"].plans.hardware?.dispatches.length);
    // a device of the other kind takes what there is
    const engine = await Engine.create({ device: fakeDevice(), selfTest: false, traits: { software: true } });
    expect((await (await loadTrainer(engine, one)).program).dispatches).toBe(one.programs["step 3"].plans.hardware?.dispatches.length);
  });

  test("holds initialisers as what they draw, and values where they are of the user's own", async () => {
    const own: Initializer = (shape) => Float64Array.from({ length: shape[0] * shape[1] }, (_, i) => i / 3);
    const { segments } = await exportTrainer(sequential(dense({ units: 3, initializer: own }), dense({ units: 2 })), {
      input: [5],
      batch: 2,
      loss: squaredError(),
      optimizer: sgd({ learningRate: 0.1 }),
    });
    const [W0, b0, W1] = segments.flat();
    expect(new Float32Array(Uint8Array.from(atob(W0.initial as string), (c) => c.charCodeAt(0)).buffer)).toEqual(
      Float32Array.from({ length: 15 }, (_, i) => i / 3),
    );
    expect(b0.initial).toEqual(["fill", 0]);
    expect(W1.initial).toEqual(["within", Math.sqrt(6 / 5)]);
    expect(W1.seed).toBe(0);
  });

  test("gives each program its number on the engine, which an error names it by", async () => {
    const engine = await Engine.create({ device: fakeDevice(), selfTest: false });
    const trainer = await loadTrainer(engine, await exportTrainer(characters(), { ...options, batches: { step: [3, 8] } }));
    const numbers = [];
    for (const batch of [8, 3]) {
      await trainer.step(new Uint32Array(19 * batch), new Int32Array(19 * batch));
      const { placed } = (await trainer.compiled("step", batch)) as unknown as GpuRunner;
      numbers.push(placed.find(({ kernel }) => kernel.name === "gradient_finish")?.params.program);
    }
    expect(numbers).toEqual([1, 0]);
  });

  test("saves whatever programs it has", async () => {
    for (const batches of [
      { step: [8], predict: [] },
      { step: [], predict: [1], evaluate: [] },
    ]) {
      const engine = await Engine.create({ device: fakeDevice(), selfTest: false });
      const trainer = await loadTrainer(engine, await exportTrainer(characters(), { ...options, batches }));
      expect(Object.keys(await trainer.save())).toEqual(expect.arrayContaining(["characters/0.embedding/table", "trainer/runs"]));
    }
  });

  test("has its variables in one order, whichever programs it holds", async () => {
    const network = () => sequential(dense({ units: 3 }), batchNormLayer(), dense({ units: 2 }));
    const settings: TrainerOptions = { input: [5], batch: 4, loss: squaredError(), optimizer: sgd({ learningRate: 0.1 }) };
    const whole = await exportTrainer(network(), settings);
    const part = await exportTrainer(network(), { ...settings, batches: { step: [], predict: [1], evaluate: [] } });
    expect(part.segments).toEqual(whole.segments);
    const engine = await Engine.create({ device: fakeDevice(), selfTest: false });
    // of one network, so that they share it
    for (const file of [part, whole]) await loadTrainer(engine, file, { share: true });
  });

  test("takes long arrays", () => {
    for (const length of [0, 1, 2, 3, 3 * 8192, 3 * 8192 + 1, 10_000_000]) {
      const bytes = Uint8Array.from({ length }, (_, i) => (i * 31) >> 3);
      const text = encodeBase64(bytes);
      expect(text).toBe(Buffer.from(bytes).toString("base64"));
      expect(Buffer.compare(decodeBase64(text), bytes)).toBe(0);
    }
  });

  test("is refused by what it says where it is damaged", async () => {
    const file = await exportTrainer(characters(), options);
    const engine = await Engine.create({ device: fakeDevice(), selfTest: false });
    const [[first, ...rest]] = file.segments;
    const plan = file.programs["step 3"].plans.hardware as ExportedPlan;
    const unbound = { ...plan, dispatches: plan.dispatches.map((dispatch) => ({ ...dispatch, at: [] })) };
    for (const initial of ["***", "AAAA", ["nothing", 1], ["fill"]] as const)
      await expect(loadTrainer(engine, { ...file, segments: [[{ ...first, initial }, ...rest]] })).rejects.toMatchObject({
        code: "format",
      });
    for (const broken of [
      { programs: {} },
      { programs: { "step 3": { ...file.programs["step 3"], inputs: { x: { dtype: "f64", shape: [1] } } } } },
      { settings: { ...file.settings, input: ["a"] } },
      { settings: { ...file.settings, batch: 0 } },
      { kernels: undefined },
      { programs: { "step 3": { ...file.programs["step 3"], plans: { hardware: unbound } } } },
    ])
      await expect(loadTrainer(engine, { ...file, ...broken })).rejects.toMatchObject({ code: "format" });
    expect(engine.memory.buffers).toBe(1);
    await loadTrainer(engine, file);
  });
});

describe("what is loaded starts from the same values", () => {
  const made: Readonly<Record<string, Initializer>> = {
    zeros: initializers.zeros(),
    ones: initializers.ones(),
    fill: initializers.fill(-0.3),
    uniform: initializers.uniform({ min: -0.2, max: 1.7 }),
    normal: initializers.normal({ mean: 0.1, std: 0.3 }),
    glorot: initializers.glorot({ gain: 5 / 3 }),
    glorotNormal: initializers.glorotNormal(),
    he: initializers.he(),
    heNormal: initializers.heNormal(),
    torchUniform: initializers.torchUniform({ fan: 7 }),
    orthogonal: initializers.orthogonal({ gain: 1.2 }),
  };
  const functions = Object.entries(initializers).filter(([, value]) => typeof value === "function");

  test.each(functions.map(([name]) => name))("%s", (name) => {
    const before = variable(`v/${name}`, [5, 7], made[name]);
    const file = JSON.parse(
      JSON.stringify({ name: before.name, dtype: "f32", shape: [5, 7], offset: 0, initial: made[name].draw?.([5, 7]) }),
    );
    const after = makeVariable(file);
    expect([...(initialValues(after, 3) as Float64Array)]).toEqual([...(initialValues(before as never, 3) as Float64Array)]);
  });

  test("a transposed convolution before a rectifier, too", async () => {
    const model = sequential(convTranspose2dLayer({ filters: 3, size: 2, stride: 2, activation: reluActivation }));
    const x = input([1, 4, 4, 5]);
    model.apply(x);
    const [W] = model.variables;
    const { segments } = await exportGraphs(
      { p: { label: "p", graph: { inputs: { x }, outputs: { y: model.apply(x).output }, updates: [] } } },
      ["software"],
    );
    const found = segments.flat().find(({ name }) => name === W.name);
    expect(found?.initial).toEqual(["within", Math.SQRT2 * Math.sqrt(3 / 20)]);
    if (found)
      expect([...(initialValues(makeVariable(found), 1) as Float64Array)]).toEqual([...(initialValues(W as never, 1) as Float64Array)]);
  });
});

/** An op of one's own, of one dispatch. */
const opOf = (dispatch: Dispatch): Op => ({
  name: "own",
  shape: ([type]) => [type],
  reference: () => {},
  gradient: () => [undefined],
  cost: () => ({ flops: 0, bytes: 0 }),
  error: () => [0],
  kernels: [{ name: "only", allowed: () => true, plan: () => ({ dispatches: [dispatch] }) }],
});

describe("an exported program", () => {
  test("keeps constants", async () => {
    const x = input([2, 3]);
    const { programs } = await exportProgram({ inputs: { x }, outputs: { y: matmul(x, constant([1, 2, 3], [3, 1])) } });
    const data = programs.program.plans.software?.buffers.flatMap((buffer) => ("data" in buffer ? [buffer.data] : [])) ?? [];
    expect(data.map((text) => [...new Float32Array(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer)])).toEqual([[1, 2, 3]]);
  });

  test("keeps numbers that JSON has no word for, and names of a kernel's own", async () => {
    const x = input([4]);
    const made = kernel({
      name: "own",
      wgsl: `/* of /* its */ own */ @group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
struct Params { most: f32, least: f32, none: f32, nothing: f32, program: u32 }
@group(0) @binding(2) var<uniform> params: Params;
@compute @workgroup_size(1) fn main() { y[0] = x[0]; }`,
      bindings: { x: read("f32"), y: write("f32") },
      params: { most: "f32", least: "f32", none: "f32", nothing: "f32", program: "u32" },
    });
    const params = { most: Number.POSITIVE_INFINITY, least: Number.NEGATIVE_INFINITY, none: Number.NaN, nothing: -0, program: 7 };
    const own = opOf({ kernel: made, bindings: { x: { input: 0 }, y: { output: 0 } }, params, workgroups: [1, 1, 1] });
    const file = JSON.parse(JSON.stringify(await exportProgram({ inputs: { x }, outputs: { y: applyOne(own, [x], {}) } })));
    expect(file.kernels[0].wgsl).toMatch(
      /^@group\(0\)@binding\(0\)var<storage,read>x:array<f32>;\n@group[\s\S]*fn main\(\)\{y\[0\]=x\[0\];\}$/,
    );
    const engine = await Engine.create({ device: fakeDevice(), selfTest: false });
    const program = (await loadExported(engine, file, "program")) as GpuRunner;
    expect(program.placed[0].params).toEqual(params);
    expect(Object.is(program.placed[0].params.nothing, -0)).toBe(true);
  });

  test("is refused where a kernel of one's own needs what not every device has", async () => {
    const x = input([4]);
    const needing = (wgsl: string, workgroups: readonly [number, number, number]): Op =>
      opOf({ kernel: kernel({ name: "own", wgsl, bindings: { y: write("f32") } }), bindings: { y: { output: 0 } }, workgroups });
    const refused = (op: Op) => exportProgram({ inputs: { x }, outputs: { y: applyOne(op, [x], {}) } });
    await expect(refused(needing("enable f16;", [1, 1, 1]))).rejects.toMatchObject({
      code: "limit",
      message: expect.stringMatching(/kernel "own" enables f16/),
    });
    await expect(refused(needing("", [65536, 1, 1]))).rejects.toMatchObject({
      code: "limit",
      message: expect.stringMatching(/takes \[65536, 1, 1\] workgroups/),
    });
  });

  test("is refused where it needs more than every device has", async () => {
    const x = input([2 ** 14, 2 ** 13]);
    await expect(exportProgram({ inputs: { x }, outputs: { y: matmul(x, x, { transposeA: true }) } })).rejects.toMatchObject({
      code: "limit",
      message: expect.stringMatching(
        /^export "program": a tensor needs 536870912 bytes; WebGPU's default limits allow 134217728 for one buffer/,
      ),
    });
  });

  test("tells of a graph that is not whole as compile does", async () => {
    await expect(exportProgram({ inputs: {}, outputs: {} })).rejects.toThrow(/nothing to compute/);
    await expect(exportProgram({ inputs: {}, outputs: { y: input([2]) } })).rejects.toThrow(/has no name in inputs/);
  });

  test("runs on a device with the dispatches of one that is compiled there", async () => {
    const x = input([2, 3]);
    const file = await exportProgram({ inputs: { x }, outputs: { y: matmul(x, x, { transposeB: true }) }, label: "product" });
    const engine = await Engine.create({ device: fakeDevice(), selfTest: false });
    const program = await loadProgram(engine, file);
    expect(program.label).toBe("product");
    expect((await program.run({ x: new Float32Array(6) }, { read: ["y"] })).y).toEqual(new Float32Array(4));
    const compiled = await compile(engine, { inputs: { x }, outputs: { y: matmul(x, x, { transposeB: true }) } });
    expect(program.dispatches).toBe(compiled.dispatches);
  });
});
