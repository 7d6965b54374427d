import { Recording } from "../../../src/gpu/recorder.ts";
import {
  adam,
  compile,
  createImageReader,
  createImageWriter,
  createTrainer,
  crossEntropy,
  dense,
  Engine,
  exportTrainer,
  gradient,
  input,
  kernel,
  load,
  loadTrainer,
  matmul,
  meanSquaredError,
  type NamedArrays,
  outputBuffer,
  read,
  report,
  rnnLayer,
  save,
  sequential,
  squaredError,
  type TrainerOptions,
  UnrollError,
  variable,
  write,
} from "../../../src/index.ts";
import { gpuPartsOf } from "../../../src/program/parts.ts";

export interface Memory {
  readonly buffers: number;
  readonly textures: number;
  readonly bytes: number;
}

/** Without the self-test, whose buffers would be counted while it runs. */
const STILL = { selfTest: false };

const said = async (call: () => unknown): Promise<string> => {
  try {
    await call();
    return "no error";
  } catch (error) {
    return error instanceof UnrollError ? error.code : String(error);
  }
};

const network = () => sequential(dense({ units: 6 }), dense({ units: 2 }));
const OPTIONS: TrainerOptions = { input: [3], batch: 4, loss: squaredError(), optimizer: adam({ learningRate: 0.01 }), clipNorm: 1 };
const examples = (size = 4) => Float32Array.from({ length: 3 * size }, (_, i) => Math.sin(i));
const targets = (size = 4) => Float32Array.from({ length: 2 * size }, (_, i) => Math.cos(i));

const VOCABULARY = 5;
const writer = () => sequential(rnnLayer({ units: 6, vocabulary: VOCABULARY }), dense({ units: VOCABULARY }));
const TEXT: TrainerOptions = { input: [4], batch: 2, loss: crossEntropy(), optimizer: adam() };

/** Memory and what a checkpoint of the engine holds, before and after each of `times`. */
async function levels(engine: Engine, times: number, once: (i: number) => Promise<void>) {
  const memory: Memory[] = [engine.memory];
  const names: number[] = [Object.keys(await save(engine)).length];
  for (let i = 0; i < times; i++) {
    await once(i);
    memory.push(engine.memory);
    names.push(Object.keys(await save(engine)).length);
  }
  return { memory, names };
}

export async function streams(times: number, reference: boolean) {
  using engine = await Engine.create({ reference, ...STILL });
  const trainer = await createTrainer(engine, writer(), TEXT);
  await trainer.stream().then((stream) => stream.next(Uint32Array.of(1)).then(() => stream.dispose()));
  return await levels(engine, times, async (i) => {
    using stream = await trainer.stream({ batch: 1 + (i % 2) });
    for (let step = 0; step < 2; step++) await stream.next(new Uint32Array(1 + (i % 2)));
    stream.reset();
  });
}

/** A stream with a name is part of a checkpoint while it lives; one without never is. */
export async function streamNames(reference: boolean) {
  using engine = await Engine.create({ reference, ...STILL });
  const trainer = await createTrainer(engine, writer(), TEXT);
  const before = Object.keys(await save(engine)).sort();
  using unnamed = await trainer.stream();
  await unnamed.next(Uint32Array.of(2));
  const withUnnamed = Object.keys(await save(engine)).sort();
  const named = await trainer.stream({ name: "reader" });
  await named.next(Uint32Array.of(2));
  const saved = await save(engine);
  const added = Object.keys(saved).filter((name) => !before.includes(name));
  const again = await said(() => trainer.stream({ name: "reader" }));
  const ofTrainer = Object.keys(await trainer.save()).filter((name) => name.startsWith("reader"));
  named.dispose();
  const reset = await said(() => named.reset());
  const next = await said(() => named.next(Uint32Array.of(2)));
  const free = await said(async () => (await trainer.stream({ name: "reader" })).dispose());
  const after = Object.keys(await save(engine)).sort();
  return {
    unnamed: withUnnamed.join() === before.join(),
    added,
    state: saved[added[0]]?.data.some((x) => x !== 0),
    again,
    ofTrainer,
    reset,
    next,
    free,
    after: after.join() === before.join(),
  };
}

/** Trainers one after another, of models of the same name and of other names, trained and disposed. */
export async function models(times: number, reference: boolean) {
  using engine = await Engine.create({ reference, ...STILL });
  return await levels(engine, times, async (i) => {
    await using trainer = await createTrainer(engine, network(), { ...OPTIONS, name: i % 2 === 0 ? "model" : `model ${i}` });
    await trainer.step(examples(), targets());
    await trainer.predict(examples(1));
    await trainer.evaluate([[examples(2), targets(2)]]);
    // not awaited: dispose waits
    void trainer.step(examples(), targets());
    void trainer.step(examples(3), targets(3));
  });
}

export async function loadedModels(times: number) {
  using engine = await Engine.create(STILL);
  const file = JSON.parse(JSON.stringify(await exportTrainer(network(), { ...OPTIONS, devices: ["software"] })));
  return await levels(engine, times, async () => {
    await using trainer = await loadTrainer(engine, file);
    await trainer.step(examples(), targets());
    await trainer.predict(examples());
  });
}

/** Predictions and steps of many batch sizes, all at once and one after another; the trainer's step stays reportable. */
export async function batchSizes(sizes: number, maxPrograms?: number) {
  using engine = await Engine.create(STILL);
  const trainer = await createTrainer(engine, network(), { ...OPTIONS, ...(maxPrograms === undefined ? {} : { maxPrograms }) });
  const one = Array.from(await trainer.predict(examples(1)));
  const buffers: number[] = [];
  const pipelines: number[] = [];
  for (let size = 1; size <= sizes; size++) {
    await trainer.predict(examples(size));
    if (size % 3 === 0) await trainer.step(examples(size), targets(size));
    buffers.push(engine.memory.buffers);
    pipelines.push(engine.pipelinesCreated);
  }
  const scores = await Promise.all(Array.from({ length: 40 }, (_, i) => trainer.predict(examples(i + 1))));
  await trainer.predict(examples(1));
  buffers.push(engine.memory.buffers);
  const { dispatches } = report((await trainer.program) as never);
  const { steps } = trainer;
  await trainer.dispose();
  return {
    buffers,
    pipelines,
    dispatches: dispatches.length,
    steps,
    lengths: scores.map(({ length }) => length),
    first: one.length,
    after: engine.memory,
  };
}

/** Readers and writers of images, each made, used and disposed. */
export async function images(times: number) {
  using engine = await Engine.create(STILL);
  const picture = (side: number) => new ImageData(new Uint8ClampedArray(4 * side * side).fill(90), side, side);
  const start = engine.memory;
  let during: Memory = start;
  const each = await levels(engine, times, async (i) => {
    const reader = await createImageReader(engine, { size: [8, 8], channels: 1 });
    reader.read(picture(5 + (i % 9)));
    reader.read(picture(3));
    using writer = await createImageWriter(engine, { shape: [8, 8] });
    if (i % 8 === 0) await writer.pixels(reader.values as GPUBuffer);
    if (i % 8 === 4) {
      // called before it is disposed, so it is drawn
      const drawn = writer.pixels(reader.values as GPUBuffer);
      writer.dispose();
      await drawn;
    }
    during = engine.memory;
    reader.dispose();
  });
  return { ...each, during };
}

/** What fails leaves nothing: refused bind groups, shaders that do not compile, limits, names that are taken, broken initialisers. */
export async function failures() {
  using engine = await Engine.create({ ...STILL, defaultLimits: true });
  const trainer = await createTrainer(engine, network(), OPTIONS);
  const { gpu } = gpuPartsOf(engine) as NonNullable<ReturnType<typeof gpuPartsOf>>;
  const double = kernel({
    name: "double",
    wgsl: `struct Params { n: u32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<uniform> params: Params;
@compute @workgroup_size(1) fn main() { y[0] = 2 * x[0] + f32(params.n); }`,
    bindings: { x: read("f32"), y: write("f32") },
    params: { n: "u32" },
    workgroups: () => [1, 1, 1],
  });
  const buffer = gpu.createBuffer("test", 16, 128);
  const place = (offset: number) => ({ buffer, offset, bytes: 16 });
  const bad = { kernel: double as never, locations: [place(0), place(4096)], params: { n: 1 }, workgroups: [1, 1, 1] as const };
  const names = Object.keys(await save(engine)).length;
  const before = engine.memory;
  const codes = [
    await said(() => Recording.create(gpu, "refused", [bad])),
    await said(() => createTrainer(engine, network(), OPTIONS)),
    await said(() =>
      createTrainer(engine, sequential(dense({ units: 2, kernel: () => new Float32Array(1) } as never)), { ...OPTIONS, name: "b" }),
    ),
    await said(() => {
      const x = input([4, 3]);
      const w = variable("w", [3, 2], () => new Float32Array(1));
      const loss = meanSquaredError(matmul(x, w), matmul(x, w));
      return compile(engine, { inputs: { x }, outputs: { loss }, updates: adam()(gradient(loss, [w])) });
    }),
    await said(() => trainer.predict(new Float32Array(3e8 / 4))),
  ];
  // an optimizer's state that does not fit shows when the variables are there already; what else was loaded waits for the next
  const x = input([4, 3]);
  const v = variable("v", [3, 2]);
  const loss = meanSquaredError(matmul(x, v), matmul(x, v));
  const spec = () => ({ inputs: { x }, outputs: { loss }, updates: adam()(gradient(loss, [v])) });
  const loaded = { dtype: "f32", shape: [3, 2], data: new Float32Array(6).fill(4) } as const;
  await load(engine, { v: loaded, "v#adam.first_moment": { ...loaded, shape: [6] } });
  codes.push(await said(() => compile(engine, spec())));
  const after = engine.memory;
  await load(engine, { "v#adam.first_moment": loaded });
  const program = await compile(engine, spec());
  const [taken] = await engine.read(v);
  program.dispose();
  await engine.release([v]);
  const left = Object.keys(await save(engine)).length - names;
  gpu.destroyBuffer(buffer);
  return { codes, before, after, left, taken };
}

/** Who shares what, and who frees it. */
export async function owners(reference: boolean) {
  using engine = await Engine.create({ reference, ...STILL });
  const start = engine.memory;
  const model = network();
  const first = await createTrainer(engine, model, OPTIONS);
  const taken = [
    await said(() => createTrainer(engine, network(), OPTIONS)),
    await said(() => createTrainer(engine, sequential(dense({ units: 6 })), OPTIONS)),
    await said(async () => (await createTrainer(engine, network(), { ...OPTIONS, name: "other" })).dispose()),
    await said(() => {
      const x = input([1, 3]);
      return compile(engine, { inputs: { x }, outputs: { y: network().apply(x).output } });
    }),
  ];
  const scores = async (trainer: typeof first) => Array.from(await trainer.predict(examples(1)));
  // one model, and another that shares it when asked
  const second = await createTrainer(engine, model, { ...OPTIONS, batch: 2 });
  const third = await createTrainer(engine, network(), { ...OPTIONS, share: true });
  await first.step(examples(), targets());
  const [a, b, c] = [await scores(first), await scores(second), await scores(third)];
  const same = a.join() === b.join() && a.join() === c.join();
  await first.dispose();
  await second.dispose();
  const kept = (await scores(third)).join() === a.join();
  const stillTaken = await said(() => createTrainer(engine, network(), OPTIONS));
  // a program of a graph that uses them outlives the last trainer
  const x = input([1, 3]);
  const program = await compile(engine, { inputs: { x }, outputs: { y: model.apply(x).output } });
  await third.dispose();
  const outlived = Array.from((await program.run({ x: examples(1) }, { read: ["y"] })).y).join() === a.join();
  program.dispose();
  const end = engine.memory;
  const names = Object.keys(await save(engine));
  // gone: not given again with first values by mistake
  const gone = [
    await said(() => engine.read(model.variables[0])),
    await said(() => compile(engine, { inputs: { x }, outputs: { y: model.apply(x).output } })),
  ];
  const fresh = await createTrainer(engine, model, OPTIONS);
  const begun = { steps: fresh.steps, other: (await scores(fresh)).join() !== a.join() };
  await fresh.step(examples(), targets());
  await fresh.dispose({ keepVariables: true });
  const keptNames = Object.keys(await save(engine)).length;
  const again = await createTrainer(engine, model, OPTIONS);
  const goesOn = again.steps;
  // not awaited: one that is called after it begins anew
  const going = again.dispose();
  const anew = await createTrainer(engine, model, OPTIONS);
  const anewSteps = anew.steps;
  await going;
  await anew.step(examples(), targets());
  void anew.dispose();
  const otherModel = await createTrainer(engine, network(), OPTIONS);
  await otherModel.dispose();
  return { start, end, taken, same, kept, stillTaken, outlived, names, gone, begun, keptNames, goesOn, anewSteps, last: engine.memory };
}

/** Calls around `dispose`. */
export async function disposing(reference: boolean) {
  using engine = await Engine.create({ reference, ...STILL });
  const trainer = await createTrainer(engine, network(), OPTIONS);
  const steps = Array.from({ length: 12 }, () => trainer.step(examples(), targets()));
  const saving = trainer.save();
  const rest = trainer.step(examples(), targets());
  const disposing = trainer.dispose();
  const late = [
    await said(() => trainer.save()),
    await said(() => trainer.step(examples(), targets())),
    await said(() => trainer.predict(examples())),
    await said(() => trainer.load({})),
    await said(() => trainer.program),
    await said(() => trainer.evaluate([[examples(), targets()]])),
  ];
  await disposing;
  const outcomes = (await Promise.allSettled([...steps, rest])).map(({ status }) => status);
  const saved = await saving;
  const control = Object.entries(saved).find(([name]) => name.endsWith("#adam.step"))?.[1].data[2];
  await trainer.dispose(); // a second time does nothing
  return {
    late,
    outcomes: [...new Set(outcomes)],
    steps: saved["trainer/runs"].data[0],
    control,
    memory: engine.memory,
    left: Object.keys(await save(engine)),
  };
}

/** Checkpoints that are not the trainer's own. */
export async function checkpoints(reference: boolean) {
  using engine = await Engine.create({ reference, ...STILL });
  const trainer = await createTrainer(engine, network(), OPTIONS);
  const other = await createTrainer(engine, network(), { ...OPTIONS, name: "other", seed: 5 });
  await trainer.step(examples(), targets());
  await other.step(examples(), targets());
  await other.step(examples(), targets());
  const [own, stranger] = [await trainer.save(), await other.save()];
  const bits = async () => JSON.stringify(Object.entries(await trainer.save()).map(([name, { data }]) => [name, Array.from(data)]));
  const before = await bits();
  const weights = Object.fromEntries(Object.entries(own).filter(([name]) => !name.includes("#") && !name.startsWith("trainer/")));
  const without = (name: string): NamedArrays => Object.fromEntries(Object.entries(own).filter(([key]) => key !== name));
  const wide = { ...own["model/0.dense/W"], shape: [6, 3] };
  const longNames = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`x${i}${"y".repeat(2000)}`, own["model/0.dense/W"]]));
  const message = async (arrays: NamedArrays) => {
    try {
      await trainer.load(arrays);
      return "";
    } catch (error) {
      return (error as Error).message;
    }
  };
  const codes = {
    stranger: await said(() => trainer.load(stranger)),
    weights: await said(() => trainer.load(weights)),
    lacksSteps: await said(() => trainer.load(without("trainer/runs"))),
    lacksOne: await said(() => trainer.load(without("model/1.dense/b"))),
    more: await said(() => trainer.load({ ...own, extra: own["model/0.dense/W"] })),
    shape: await said(() => trainer.load({ ...own, "model/0.dense/W": wide })),
    partialShape: await said(() =>
      trainer.load(
        { "model/1.dense/b": { ...own["model/1.dense/b"], data: new Float32Array(2).fill(9) }, "model/0.dense/W": wide },
        { partial: true },
      ),
    ),
    option: await said(() => trainer.load(own, { strict: false } as never)),
  };
  const lengths = [(await message(longNames)).length, (await message({})).includes("model/0.dense/W")];
  const unchanged = (await bits()) === before && trainer.steps === 1;
  // a part: weights of another optimizer, and what is the stranger's stays out
  const changed = {
    ...weights,
    "model/1.dense/b": { ...weights["model/1.dense/b"], data: new Float32Array(2).fill(7) },
    "not/mine": weights["model/0.dense/W"],
  };
  const { missing, unexpected } = await trainer.load(changed, { partial: true });
  const partial = {
    missing: [...missing].sort(),
    unexpected,
    bias: Array.from((await trainer.save())["model/1.dense/b"].data),
    steps: trainer.steps,
  };
  const nothing = await trainer.load(stranger, { partial: true });
  const strangersStay = Object.keys(await save(engine)).includes("not/mine");
  const whole = await trainer.load(own);
  return {
    codes,
    lengths,
    unchanged,
    partial,
    taken: nothing.missing.length,
    steps: trainer.steps,
    strangersStay,
    whole,
    restored: (await bits()) === before,
  };
}

/** Variables of graphs stay until they are released. */
export async function released(reference: boolean) {
  using engine = await Engine.create({ reference, ...STILL });
  const start = engine.memory;
  const x = input([4, 3]);
  const w = variable("w", [3, 2], () => new Float32Array(6).fill(0.5));
  const loss = meanSquaredError(matmul(x, w), matmul(x, w));
  const program = await compile(engine, { inputs: { x }, outputs: { loss }, updates: adam()(gradient(loss, [w])) });
  await program.run({ x: examples() });
  const used = await said(() => engine.release([w]));
  program.dispose();
  const names = Object.keys(await save(engine));
  engine.write(w, new Float32Array(6).fill(3));
  await engine.release([w]);
  const left = Object.keys(await save(engine));
  const [again] = await engine.read(w);
  await engine.release([w]);
  return { used, names, left, again, start, end: engine.memory };
}

let still: Engine | undefined;

/** The JavaScript side: makes, uses and disposes so many trainers on one engine, which stays until it is disposed. */
export async function trainers(times: number) {
  still ??= await Engine.create(STILL);
  for (let i = 0; i < times; i++) {
    await using trainer = await createTrainer(still, network(), OPTIONS);
    await trainer.step(examples(), targets());
    outputBuffer(await trainer.program, "loss");
  }
}

export async function disposeStill() {
  still?.dispose();
  still = undefined;
}
