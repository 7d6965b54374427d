import {
  add,
  apply,
  assign,
  compile,
  createImageReader,
  createImageWriter,
  createTrainer,
  dense,
  Engine,
  type F32,
  flattenLayer,
  input,
  kernel,
  type Op,
  outputBuffer,
  read,
  save,
  sequential,
  sgd,
  squaredError,
  variable,
  variableBuffer,
  write,
} from "../../../src/index.ts";
import { failure, hostDevice } from "./models.ts";

/*
 * Submits that WebGPU refuses. A page in which one goes unseen fails by the uncaptured error.
 */

const COPY = GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;

function bufferOf(device: GPUDevice, values: ArrayLike<number>): GPUBuffer {
  const buffer = device.createBuffer({ size: 4 * values.length, usage: COPY | GPUBufferUsage.STORAGE });
  device.queue.writeBuffer(buffer, 0, Float32Array.from(values));
  return buffer;
}

const picture = (seed: number) =>
  new ImageData(
    Uint8ClampedArray.from({ length: 24 }, (_, k) => (k % 4 === 3 ? 255 : (37 * k + 90 * seed) % 256)),
    2,
    3,
  );

async function imageTrainer(engine: Engine) {
  const model = sequential(flattenLayer(), dense({ units: 1 }));
  const options = { input: [3, 2, 1], batch: 1, loss: squaredError(), optimizer: sgd({ learningRate: 0.1, momentum: 0.9 }), seed: 1 };
  return createTrainer(engine, model, options);
}

const TARGET = Float32Array.of(1);

/** Steps with buffers of all bad kinds, awaited and not, between good ones: codes, counts, and whether the variables are as without. */
export async function badBuffers(hosted: boolean) {
  const device = await hostDevice();
  const engine = await Engine.create(hosted ? { device } : {});
  const other = await Engine.create();
  const clean = await Engine.create();
  const trainer = await imageTrainer(engine);
  const reader = await createImageReader(engine, { size: [3, 2], channels: 1, batch: 1 });
  const strangers = await createImageReader(other, { size: [3, 2], channels: 1, batch: 1 });
  const gone = await createImageReader(engine, { size: [3, 2], channels: 1, batch: 1 });
  for (const one of [reader, strangers, gone]) one.read(picture(1));
  const goneValues = gone.values as GPUBuffer;
  gone.dispose();
  const destroyed = bufferOf(device, [1, 2, 3, 4, 5, 6]);
  destroyed.destroy();
  const foreign = bufferOf(await hostDevice(), [1, 2, 3, 4, 5, 6]);
  const good = reader.values as GPUBuffer;
  const bad = { goneValues, strangers: strangers.values as GPUBuffer, destroyed, foreign };

  const results: Record<string, unknown> = {};
  const losses: number[] = [];
  for (const [name, buffer] of Object.entries(bad)) {
    losses.push((await trainer.step(good, TARGET, { read: true })).loss);
    const read = await failure(() => trainer.step(buffer, TARGET, { read: true }));
    const silent = await failure(() => trainer.step(buffer, TARGET));
    const predicted = await failure(() => trainer.predict(buffer));
    const pending = failure(() => trainer.step(buffer, TARGET));
    const counted = trainer.steps;
    const next = await trainer.step(good, TARGET, { read: true });
    losses.push(next.loss);
    const fourth = await pending;
    results[name] = {
      codes: [read, silent, predicted, fourth].map((error) => error?.code),
      message: read?.message,
      counted,
      steps: trainer.steps,
    };
  }
  const after = await trainer.save();
  const same = await imageTrainer(clean);
  const ownReader = await createImageReader(clean, { size: [3, 2], channels: 1, batch: 1 });
  ownReader.read(picture(1));
  const expected: number[] = [];
  for (let i = 0; i < losses.length; i++) expected.push((await same.step(ownReader.values as GPUBuffer, TARGET, { read: true })).loss);
  const wanted = await same.save();
  const different = Object.keys(wanted).filter((name) => wanted[name].data.some((value, i) => value !== after[name].data[i]));
  for (const one of [engine, other, clean]) one.dispose();
  return { results, losses, expected, different, runs: after["trainer/runs"].data[0] };
}

/** An op that says it works in place and does not. */
const aliasedOp: Op = {
  name: "aliased",
  shape: ([x]) => [x],
  reference: (_call, [x], [y]) => y.set(x),
  gradient: ({ gradients: [dy] }) => [dy],
  kernels: [
    {
      name: "one",
      allowed: () => true,
      inPlace: () => [0],
      plan: () => ({
        dispatches: [
          {
            kernel: kernel({
              name: "aliased",
              wgsl: `
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(1) fn main() { y[0] = x[0]; }`,
              bindings: { x: read("f32"), y: write("f32") },
            }),
            bindings: { x: { input: 0 }, y: { output: 0 } },
            params: {},
            workgroups: [1, 1, 1],
          },
        ],
      }),
    },
  ],
  cost: () => ({ flops: 0, bytes: 8 }),
  error: (_call, _inputs, [y]) => [y.map(() => 0)],
};

/** A dispatch that binds one buffer twice: each run says so, and other programs go on. */
export async function aliased() {
  const engine = await Engine.create();
  const x = input([4]);
  const total = variable("total", [4]);
  const y = apply(aliasedOp, [add(x, 1)], {})[0] as F32<readonly [4]>;
  const wrong = await compile(engine, { inputs: { x }, outputs: { y }, updates: assign(total, y) });
  const right = await compile(engine, { inputs: { x }, outputs: { total }, updates: assign(total, add(total, x)) });
  const batch = { x: Float32Array.of(1, 2, 3, 4) };
  const codes: (string | undefined)[] = [];
  for (let i = 0; i < 6; i++) {
    codes.push((await failure(() => wrong.run(batch, i % 2 ? { read: ["y"] } : (undefined as never))))?.code);
    await right.run(batch);
  }
  const values = [...(await engine.read(total))];
  engine.dispose();
  return { codes, values };
}

/** A caller destroys buffers that it was lent: whatever needs them rejects, and does not give what was there before. */
export async function lentAndDestroyed() {
  const engine = await Engine.create();
  const x = input([4]);
  const w = variable("w", [4]);
  const program = await compile(engine, { inputs: { x }, outputs: { y: add(x, w) }, updates: assign(w, add(w, x)) });
  const batch = { x: Float32Array.of(1, 2, 3, 4) };
  await program.run(batch, { read: ["y"] });
  await program.run(batch, { read: ["y"] });
  outputBuffer(program, "y").buffer.destroy();
  const output = [await failure(() => program.run(batch, { read: ["y"] })), await failure(() => program.run(batch))];
  variableBuffer(engine, w as never).buffer.destroy();
  const variables = [await failure(() => engine.read(w)), await failure(() => save(engine))];
  engine.write(w, Float32Array.of(0, 0, 0, 0));
  const other = await compile(engine, { inputs: { x }, outputs: { y: add(x, 1) } });
  const owed = await failure(() => other.run(batch, { read: ["y"] }));
  const after = [...(await other.run(batch, { read: ["y"] })).y];
  engine.dispose();
  return { output, variables: variables.map((error) => error?.code), owed, after };
}

/** A GPUBuffer that its owner changes and destroys while the run that takes it waits for a compilation. */
export async function keptBuffer() {
  const device = await hostDevice();
  const engine = await Engine.create({ device });
  const trainer = await imageTrainer(engine);
  const buffer = bufferOf(device, [1, 2, 3, 4, 5, 6]);
  const before = engine.memory.buffers;
  const pending = trainer.predict(buffer); // compiles
  device.queue.writeBuffer(buffer, 0, new Float32Array(6));
  const kept = engine.memory.buffers - before;
  buffer.destroy();
  const output = [...(await pending)];
  const expected = [...(await trainer.predict(Float32Array.of(1, 2, 3, 4, 5, 6)))];
  engine.dispose();
  return { output, expected, kept };
}

/** An image reader and writer between steps that nobody awaits, with a first step that compiles; and the same awaited. */
export async function images(together: boolean) {
  const engine = await Engine.create();
  const trainer = await imageTrainer(engine);
  const reader = await createImageReader(engine, { size: [3, 2], channels: 1, batch: 1 });
  const writer = await createImageWriter(engine, { shape: [3, 2, 1], range: [0, 1] } as never);
  const values = reader.values as GPUBuffer;
  const wait = async <T>(result: Promise<T>): Promise<{ readonly result: Promise<T> }> => {
    if (!together) await result;
    return { result };
  };
  const results: { readonly result: Promise<unknown> }[] = [];
  const array = new Float32Array(6);
  for (let i = 0; i < 6; i++) {
    const image = picture(i);
    reader.read(image);
    image.data.fill(0);
    // the first prediction compiles: what follows waits behind it
    if (i % 2 === 0) results.push(together ? { result: trainer.predict(values) } : await wait(trainer.predict(values)));
    const step = trainer.step(values, TARGET, { read: true });
    results.push(together ? { result: step } : await wait(step));
    array.fill(i / 6);
    const drawn = writer.pixels(array).then(({ data }) => [...data]);
    array.fill(1);
    results.push(together ? { result: drawn } : await wait(drawn));
  }
  const last = trainer.step(values, TARGET);
  reader.dispose();
  writer.dispose();
  await last;
  const outcomes = await Promise.all(results.map(({ result }) => result));
  const saved = await trainer.save();
  engine.dispose();
  return {
    outcomes: outcomes.map((value) => (ArrayBuffer.isView(value) ? [...(value as Float32Array)] : value)),
    saved: Object.fromEntries(Object.entries(saved).map(([name, { data }]) => [name, [...data]])),
  };
}
