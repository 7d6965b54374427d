import type { UnrollError } from "../../../src/errors.ts";
import {
  add,
  argmax,
  assign,
  compile,
  constant,
  createTrainer,
  crossEntropy,
  dense,
  Engine,
  type EngineOptions,
  embedding,
  exportProgram,
  exportTrainer,
  gather,
  gradient,
  input,
  loadProgram,
  loadTrainer,
  maxUnpool2d,
  mul,
  nllLoss,
  oneHot,
  outputBuffer,
  type RunnableProgram,
  rnn,
  rnnLayer,
  sequential,
  sgd,
  slice,
  softmaxCrossEntropy,
  sum,
  type Tensor,
  topKAccuracy,
  transpose,
  variable,
} from "../../../src/index.ts";
import { gatherGradient } from "../../../src/ops/gather/gather-gradient.ts";
import { EXPORT_TRAITS } from "../../../src/program/exported/export.ts";
import { type GpuParts, gpuPartsOf } from "../../../src/program/parts.ts";

export type Where = "reference" | "software" | "hardware";

/** In Node, where `navigator.gpu` is not: what Dawn gives. */
let given: GPU | undefined;
export const useGpu = (gpu: GPU): void => {
  given = gpu;
};

const engineOf = (where: Where): Promise<Engine> => {
  const base: EngineOptions = given ? { gpu: given } : {};
  if (where === "reference") return Engine.create({ reference: true });
  const { subgroups: _, ...traits } = EXPORT_TRAITS.hardware;
  return Engine.create(where === "hardware" ? { ...base, traits: { ...traits, software: false } } : base);
};

/** One engine for all that leaves it as it was: compiled kernels are used again. */
const shared = new Map<Where, Promise<Engine>>();
const sharedEngine = (where: Where): Promise<Engine> => {
  const engine = shared.get(where) ?? engineOf(where);
  shared.set(where, engine);
  return engine;
};

const deviceOf = (engine: Engine): { readonly device: GPUDevice } => (gpuPartsOf(engine) as GpuParts).gpu;

const failure = (work: Promise<unknown>): Promise<string | undefined> =>
  work.then(
    () => undefined,
    (error: UnrollError) => `${error.code}: ${error.message}`,
  );

const table = () => variable("table", [4, 8], () => Array.from({ length: 32 }, (_, i) => i + 1));
const scores = () => variable("scores", [6, 4], () => Array.from({ length: 24 }, (_, i) => i % 5));

/** Ops on indices that were computed; all use six. */
const USES: Record<string, (i: Tensor<"i32">) => Tensor> = {
  gather: (i) => gather(table(), i),
  "gather with a bias": (i) => add(gather(table(), i), variable("bias", [8], () => [1, 2, 3, 4, 5, 6, 7, 8]) as never),
  "gather of single floats": (i) =>
    gather(
      variable("line", [4], () => [1, 2, 3, 4]),
      i,
    ),
  "gather of integers": (i) => gather(constant([1, 2, 3, 4], [4], "i32"), i),
  gatherGradient: (i) =>
    gatherGradient(
      variable("g", [6, 8], () => new Array(48).fill(1)),
      i,
      { axis: 0, rows: 4 },
    ),
  "gatherGradient of single floats": (i) =>
    gatherGradient(
      variable("g1", [6], () => [1, 2, 3, 4, 5, 6]),
      i,
      { axis: 0, rows: 4 },
    ),
  oneHot: (i) => oneHot(i, 4),
  "oneHot, scalar": (i) => oneHot(i, 4, { axis: 0 }),
  softmaxCrossEntropy: (i) => softmaxCrossEntropy(scores(), i, { reduction: "none" }),
  "mean softmaxCrossEntropy": (i) => softmaxCrossEntropy(scores(), i),
  nllLoss: (i) => nllLoss(scores(), i, { reduction: "none" }),
  topKAccuracy: (i) => topKAccuracy(scores(), i, 2, { reduction: "none" }),
  "the gradient of softmaxCrossEntropy": (i) => {
    const s = scores();
    return gradient(softmaxCrossEntropy(s, i), [s]).tensors[0];
  },
};
export const uses = (): string[] => Object.keys(USES);

export interface Used {
  readonly good: number[] | undefined;
  readonly wrong: (string | undefined)[];
  readonly again: boolean;
}

/** Indices that a kernel computes: right ones, wrong ones, right ones again. Each wrong one is a base that is added to all six. */
export async function computed(where: Where, name: string, wrong: number[]): Promise<Used> {
  const engine = await sharedEngine(where);
  const x = input([6], "i32");
  const y = USES[name](add(x, constant(0, [6], "i32")));
  const program = await compile(engine, { inputs: { x }, outputs: { y }, label: "use" });
  const read = async (indices: number[]) => Array.from((await program.run({ x: Int32Array.from(indices) }, { read: ["y"] })).y);
  const good = await read([0, 1, 2, 3, 0, 1]);
  const told: (string | undefined)[] = [];
  for (const index of wrong) told.push(await failure(read([0, 1, 2, index, 0, 1])));
  const silent = await failure(program.run({ x: Int32Array.of(0, 1, 2, wrong[0], 0, 1) }));
  const again = await read([0, 1, 2, 3, 0, 1]);
  return { good, wrong: told, again: silent === undefined && JSON.stringify(again) === JSON.stringify(good) };
}

/** What lies where an index is out of range: read from the GPU's buffer, as the run itself rejects. */
export async function left(where: Where, name: string, index: number): Promise<(number | string)[]> {
  const engine = await sharedEngine(where);
  const x = input([6], "i32");
  const program = await compile(engine, { inputs: { x }, outputs: { y: USES[name](add(x, constant(0, [6], "i32"))) } });
  await program.run({ x: Int32Array.of(0, 1, 2, index, 0, 1) });
  const { buffer, offset, bytes, type } = outputBuffer(program, "y");
  const { device } = deviceOf(engine);
  const staging = device.createBuffer({ size: bytes, usage: 9 });
  const encoder = device.createCommandEncoder();
  encoder.copyBufferToBuffer(buffer, offset, staging, 0, bytes);
  device.queue.submit([encoder.finish()]);
  await staging.mapAsync(1);
  const data = staging.getMappedRange();
  return Array.from(type.dtype === "i32" ? new Int32Array(data) : new Float32Array(data), (v) => (Number.isNaN(v) ? "NaN" : v));
}

/** A large table whose gradient sorts, with a wrong index among many. */
export async function sorted(where: Where, width: number): Promise<number> {
  const engine = await sharedEngine(where);
  const rows = 256;
  const n = 3000;
  const x = input([n], "i32");
  const g = variable(`g of ${width}`, [n, width], () => Array.from({ length: n * width }, (_, i) => i % 7));
  const y = gatherGradient(g, add(x, constant(0, [n], "i32")), { axis: 0, rows });
  const variants = { gatherGradient: width % 4 === 0 ? "sort vec4" : "sort" };
  const program = await compile(engine, { inputs: { x }, outputs: { y, z: sum(y) }, ...(where === "reference" ? {} : { variants }) });
  const indices = Int32Array.from({ length: n }, (_, i) => (i * 37) % rows);
  for (const at of [5, 1000, 2999]) indices[at] = [256, -257, 2 ** 31 - 1][at % 3];
  await program.run({ x: indices });
  const { buffer, offset, bytes } = outputBuffer(program, "y");
  const { device } = deviceOf(engine);
  const staging = device.createBuffer({ size: bytes, usage: 9 });
  const encoder = device.createCommandEncoder();
  encoder.copyBufferToBuffer(buffer, offset, staging, 0, bytes);
  device.queue.submit([encoder.finish()]);
  await staging.mapAsync(1);
  const actual = new Float32Array(staging.getMappedRange());
  const expected = new Float64Array(rows * width);
  for (let i = 0; i < n; i++) {
    const row = indices[i] < 0 ? indices[i] + rows : indices[i];
    if (row >= 0 && row < rows) for (let c = 0; c < width; c++) expected[row * width + c] += (i * width + c) % 7;
  }
  return expected.reduce((worst, value, i) => Math.max(worst, Math.abs(value - actual[i])), 0);
}

export interface Trained {
  readonly told: (string | undefined)[];
  readonly kept: boolean;
  readonly moved: boolean;
  readonly predicts: number[];
}

/** Training on computed labels, with one that is no class: nothing changes until the flag is cleared; other programs go on. */
export async function training(where: Where, exported = false): Promise<Trained> {
  const engine = await engineOf(where);
  try {
    const base = input([2], "i32");
    const logits = variable("logits", [2, 3], () => [1, 2, 3, 4, 5, 6]);
    const carried = variable("carried", []);
    const loss = softmaxCrossEntropy(logits, add(base, constant([0, 1], [2], "i32")));
    const all = gradient(loss, [logits]);
    const spec = {
      inputs: { base },
      outputs: { loss },
      updates: [sgd({ learningRate: 0.5 })(all), assign(carried, loss)],
      label: "train",
    };
    const train = exported ? await loadProgram(engine, JSON.parse(JSON.stringify(await exportProgram(spec)))) : await compile(engine, spec);
    const step = (a: number, b: number, read: string[] = []) =>
      failure((train as RunnableProgram).run({ base: Int32Array.of(a, b) }, { read }));
    await step(0, 1);
    const seen = async () => JSON.stringify([Array.from(await engine.read(logits)), Array.from(await engine.read(carried))]);
    const before = await seen();
    const other = await compile(engine, { inputs: { base }, outputs: { hot: oneHot(add(base, base), 3) } });
    // Three steps that nobody waits for: the one in the middle is wrong, and the last must not count.
    const told = await Promise.all([step(0, 2, ["loss"]), step(0, 1, ["loss"])]);
    told.push(await step(0, 1), await step(0, 1, ["loss"]));
    const kept = (await seen()) === before;
    const { hot } = await other.run({ base: Int32Array.of(1, 0) }, { read: ["hot"] });
    engine.clearNonFinite();
    told.push(await step(0, 1, ["loss"]));
    return { told, kept, moved: (await seen()) !== before, predicts: Array.from(hot) };
  } finally {
    engine.dispose();
  }
}

/** Tokens and labels in GPUBuffers. */
export async function buffers(where: Where, exported: boolean): Promise<{ told: (string | undefined)[]; kept: boolean; rows: number[] }> {
  const engine = await engineOf(where);
  try {
    const { device } = deviceOf(engine);
    const bufferOf = (data: Int32Array | Uint32Array): GPUBuffer => {
      const buffer = device.createBuffer({ size: data.byteLength, usage: 12 });
      device.queue.writeBuffer(buffer, 0, data as Int32Array<ArrayBuffer>);
      return buffer;
    };
    const x = input([3, 4], "u32");
    const labels = input([3], "i32");
    const U = variable("U", [5, 3], () => Array.from({ length: 15 }, (_, i) => i / 7));
    // Only the first three columns are used.
    const { last } = rnn(transpose(slice(x, [0, 0], [3, 3]), [1, 0]), { U, W: variable("W", [3, 3]) });
    const loss = softmaxCrossEntropy(last, labels, { ignoreIndex: -1 });
    const spec = {
      inputs: { x, labels },
      outputs: { loss },
      updates: sgd({ learningRate: 0.1 })(gradient(loss, [U])),
      label: "train",
    };
    const look = { inputs: { x }, outputs: { rows: gather(U, x) }, label: "look" };
    const made = async (of: typeof spec | typeof look) =>
      exported ? loadProgram(engine, JSON.parse(JSON.stringify(await exportProgram(of as never)))) : compile(engine, of as never);
    const train = await made(spec);
    const predict = await made(look);
    const tokens = (wrong?: number) => Uint32Array.from({ length: 12 }, (_, i) => (i === 6 ? (wrong ?? 1) : i % 5));
    const run = (a: Uint32Array | GPUBuffer, b: Int32Array | GPUBuffer) =>
      failure(train.run({ x: a, labels: b } as never, { read: ["loss"] } as never));
    const told = [await run(bufferOf(tokens()), bufferOf(Int32Array.of(0, 2, -1)))];
    const before = JSON.stringify(Array.from(await engine.read(U)));
    told.push(await run(tokens(7), Int32Array.of(0, 2, -1)));
    told.push(await run(bufferOf(tokens(7)), Int32Array.of(0, 2, -1)));
    told.push(await run(tokens(), Int32Array.of(0, 2, -1)));
    engine.clearNonFinite();
    told.push(await run(tokens(), bufferOf(Int32Array.of(0, 3, -1))));
    const kept = JSON.stringify(Array.from(await engine.read(U))) === before;
    const rowsOf = async (t: Uint32Array | GPUBuffer) =>
      (await predict.run({ x: t } as never, { read: ["rows"] } as never)) as { rows: Float32Array };
    told.push(await failure(rowsOf(bufferOf(tokens(5)))));
    const { rows } = await rowsOf(bufferOf(tokens()));
    engine.clearNonFinite();
    told.push(await run(tokens(), Int32Array.of(0, 2, -1)));
    return { told, kept, rows: Array.from(rows.slice(0, 3)) };
  } finally {
    engine.dispose();
  }
}

const model = () => sequential(embedding({ vocabulary: 6, units: 4 }), rnnLayer({ units: 5 }), dense({ units: 6 }));

/** A trainer's own calls, and those of one that was exported. */
export async function trainers(where: Where, exported: boolean): Promise<{ told: (string | undefined)[]; steps: number; kept: boolean }> {
  const engine = await engineOf(where);
  try {
    const options = { input: [3], batch: 2, loss: crossEntropy({ ignoreIndex: -1 }), optimizer: sgd({ learningRate: 0.1 }), name: "m" };
    const trainer = exported
      ? await loadTrainer(engine, JSON.parse(JSON.stringify(await exportTrainer(model(), options))))
      : await createTrainer(engine, model(), options);
    const x = Uint32Array.of(0, 1, 2, 3, 4, 5);
    const y = Int32Array.of(0, 1, 2, 3, -1, 5);
    await trainer.step(x, y);
    const before = JSON.stringify(Object.values(await trainer.save()).map(({ data }) => Array.from(data)));
    const off = Uint32Array.of(0, 1, 2, 3, 6, 5);
    const told = [
      await failure(trainer.step(off, y)),
      await failure(trainer.step(x, Int32Array.of(0, 1, 2, 3, -2, 5))),
      await failure(trainer.predict(Int32Array.of(0, 1, 2, 3, -1, 5))),
      await failure(trainer.evaluate([[off, y]])),
      await failure(trainer.epoch([[off, y]])),
    ];
    if (!exported) {
      const stream = await (trainer as Awaited<ReturnType<typeof createTrainer>>).stream();
      told.push(await failure(stream.next(Uint32Array.of(6))));
    }
    const kept = JSON.stringify(Object.values(await trainer.save()).map(({ data }) => Array.from(data))) === before;
    await trainer.step(x, y);
    return { told, steps: trainer.steps, kept };
  } finally {
    engine.dispose();
  }
}

/** Masked rows may hold any label, wherever labels and mask come from. */
export async function masked(where: Where): Promise<(string | undefined)[]> {
  const engine = await sharedEngine(where);
  const [labels, mask] = [input([6], "i32"), input([6])];
  const y = nllLoss(scores(), labels, { mask: mul(mask, mask) as never });
  const program = await compile(engine, { inputs: { labels, mask }, outputs: { y }, label: "masked" });
  const run = (m: number[]) =>
    failure(program.run({ labels: Int32Array.of(0, 9, 3, -4, 1, 1), mask: Float32Array.from(m) }, { read: ["y"] }));
  return [await run([1, 0, 1, 0, 1, 1]), await run([1, 0, 1, -0.5, 1, 1])];
}

/** Variables that hold indices; plane indices; labels from argmax. */
export async function others(where: Where): Promise<(string | undefined)[]> {
  const engine = await sharedEngine(where);
  const kept = variable("kept", [3], undefined, "u32");
  const x = input([3, 2]);
  const picked = await compile(engine, { inputs: { x }, outputs: { y: gather(x, kept) }, label: "picked" });
  const pick = () => failure(picked.run({ x: Float32Array.of(1, 2, 3, 4, 5, 6) }, { read: ["y"] }));
  const told = [await pick()];
  engine.write(kept, Uint32Array.of(0, 3, 2));
  told.push(await pick());
  engine.write(kept, Uint32Array.of(0, 1, 2));
  told.push(await pick());

  const plane = input([1, 1, 1, 4], "i32");
  const unpool = await compile(engine, {
    inputs: { plane },
    outputs: { y: maxUnpool2d(variable("pooled", [1, 1, 1, 4]), add(plane, plane) as never, { size: 2 }) },
    label: "unpool",
  });
  for (const index of [1, 2]) told.push(await failure(unpool.run({ plane: Int32Array.of(0, index, 1, 0) }, { read: ["y"] })));

  const wide = input([2, 5]);
  const best = await compile(engine, { inputs: { wide }, outputs: { y: oneHot(argmax(wide), 3) }, label: "best" });
  for (const at of [2, 4]) {
    const values = Float32Array.from({ length: 10 }, (_, i) => Number(i % 5 === at));
    told.push(await failure(best.run({ wide: values }, { read: ["y"] })));
  }
  return told;
}
