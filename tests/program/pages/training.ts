import {
  adam,
  add,
  assign,
  compile,
  constant,
  createTrainer,
  crossEntropy,
  dense,
  div,
  Engine,
  embedding,
  evaluate,
  gradient,
  input,
  load,
  log,
  matmul,
  mul,
  report,
  rnn,
  rnnLayer,
  save,
  sequential,
  sgd,
  sum,
  tanh,
  variable,
  verify,
} from "../../../src/index.ts";
import { failure, rnnBatch, rnnGraph, trainingSpec } from "./models.ts";

const SIZES = { T: 7, B: 3, I: 5, H: 17, O: 3 };

export async function sharedVariables() {
  const engine = await Engine.create();
  const graph = rnnGraph(SIZES);
  const train = await compile(engine, trainingSpec(graph));
  const predict = await compile(engine, { inputs: { x: graph.x }, outputs: { y: graph.y } });
  const single = { ...SIZES, B: 1 };
  const one = rnnGraph(single);
  const predictOne = await compile(engine, { inputs: { x: one.x }, outputs: { y: one.y } });
  const batch = rnnBatch(SIZES);
  const first = await predict.run({ x: batch.x }, { read: ["y"] });
  await train.run(batch);
  const second = await predict.run({ x: batch.x }, { read: ["y"] });
  const { T, B, I, O } = SIZES;
  // The first sequence of the batch on its own.
  const x = Float32Array.from({ length: T * I }, (_, i) => batch.x[Math.floor(i / I) * B * I + (i % I)]);
  const alone = await predictOne.run({ x }, { read: ["y"] });
  const expected = Float32Array.from({ length: T * O }, (_, i) => second.y[Math.floor(i / O) * B * O + (i % O)]);
  return {
    changed: first.y.some((value, i) => value !== second.y[i]),
    difference: Math.max(...alone.y.map((value, i) => Math.abs(value - expected[i]))),
  };
}

/** A sequence in one run, and the same step by step with h carried in a variable. */
export async function streaming() {
  const engine = await Engine.create();
  const whole = rnnGraph({ ...SIZES, B: 1 });
  const { I, H, T } = SIZES;
  const all = await compile(engine, { inputs: { x: whole.x }, outputs: { y: whole.y } });
  const x = input([1, 1, I]);
  const h = variable("h", [1, H]);
  const { sequence, last } = rnn(x, { U: whole.U, W: whole.W, b: whole.b, h0: h });
  const y = add(matmul(sequence, whole.V), whole.c);
  const step = await compile(engine, { inputs: { x }, outputs: { y }, updates: assign(h, last) });
  const batch = rnnBatch({ ...SIZES, B: 1 });
  const expected = (await all.run({ x: batch.x }, { read: ["y"] })).y;
  const seen: number[] = [];
  for (let t = 0; t < T; t++) seen.push(...(await step.run({ x: batch.x.slice(t * I, (t + 1) * I) }, { read: ["y"] })).y);
  return { difference: Math.max(...seen.map((value, i) => Math.abs(value - expected[i]))), length: seen.length };
}

/** A batch that makes the loss infinite: nothing changes until the caller clears it. */
export async function nonFinite(value: number | null, reference: boolean) {
  const engine = await Engine.create({ reference });
  const graph = rnnGraph(SIZES);
  const program = await compile(engine, trainingSpec(graph, adam({ learningRate: 0.01 })));
  const good = rnnBatch(SIZES);
  const bad = { x: good.x, target: good.target.slice() };
  bad.target[5] = value === null ? Number.NaN : value;
  await program.run(good);
  const before = Array.from(await engine.read(graph.W));
  const error = await failure(() => program.run(bad, { read: ["loss"] }));
  const queued = await failure(() => program.run(good, { read: ["loss"] }));
  const unread = await failure(() => program.run(good));
  const after = Array.from(await engine.read(graph.W));
  engine.clearNonFinite();
  const { loss } = await program.run(good, { read: ["loss"] });
  const moved = Array.from(await engine.read(graph.W));
  const step = Object.entries(await save(engine)).find(([name]) => name.endsWith("#adam.step"))?.[1].data[2];
  return {
    error,
    queued,
    unread,
    same: before.every((v, i) => v === after[i]),
    loss: loss[0],
    moved: moved.some((v, i) => v !== after[i]),
    step,
  };
}

/** A bad batch that nobody reads, with good ones queued behind it. */
export async function nonFiniteUnread() {
  const engine = await Engine.create();
  const graph = rnnGraph(SIZES);
  const program = await compile(engine, trainingSpec(graph));
  const good = rnnBatch(SIZES);
  const bad = { x: good.x.slice(), target: good.target };
  bad.target = good.target.slice().fill(3e38);
  await program.run(good);
  const before = Array.from(await engine.read(graph.W));
  const outcomes = await Promise.all([bad, good, good, good].map((batch) => failure(() => program.run(batch))));
  const next = await failure(() => program.run(good));
  const after = Array.from(await engine.read(graph.W));
  return { outcomes, next, same: before.every((v, i) => v === after[i]) };
}

export async function sameBits() {
  const runs: number[][] = [];
  for (let k = 0; k < 2; k++) {
    const engine = await Engine.create({ seed: 3 });
    const program = await compile(engine, trainingSpec(rnnGraph({ ...SIZES, T: 33, B: 7, H: 33 }), adam({ learningRate: 0.01 })));
    const batch = rnnBatch({ ...SIZES, T: 33, B: 7, H: 33 });
    for (let i = 0; i < 10; i++) await program.run(batch);
    runs.push(Object.values(await save(engine)).flatMap(({ data }) => [...new Uint32Array(data.buffer)]));
    engine.dispose();
  }
  return { length: runs[0].length, different: runs[0].filter((bits, i) => bits !== runs[1][i]).length };
}

/** Ten steps at once, and five, a checkpoint in a new engine, five more. */
export async function resume(loadFirst: boolean) {
  const spec = () => trainingSpec(rnnGraph(SIZES), adam({ learningRate: 0.01 }));
  const batch = rnnBatch(SIZES);
  const first = await Engine.create({ seed: 3 });
  const whole = await compile(first, spec());
  let checkpoint = {};
  for (let i = 0; i < 10; i++) {
    if (i === 5) checkpoint = await save(first);
    await whole.run(batch);
  }
  const second = await Engine.create({ seed: 4 });
  if (loadFirst) await load(second, checkpoint);
  const rest = await compile(second, spec());
  if (!loadFirst) await load(second, checkpoint);
  rest.counter = 5;
  for (let i = 0; i < 5; i++) await rest.run(batch);
  const [a, b] = [await save(first), await save(second)];
  const names = Object.keys(a);
  return { names, different: names.filter((name) => a[name].data.some((value, i) => value !== b[name].data[i])) };
}

export async function dispatchCounts(sizes: readonly (typeof SIZES)[]) {
  const engine = await Engine.create();
  const counts: number[] = [];
  for (const size of sizes) {
    const program = await compile(engine, trainingSpec(rnnGraph(size)));
    counts.push(program.dispatches);
    program.dispose();
  }
  return counts;
}

/** The same for a model that reads tokens and learns by cross-entropy, clipping and Adam. */
export async function tokenDispatchCounts(lengths: readonly number[], batch: number) {
  const engine = await Engine.create();
  const counts: number[] = [];
  for (const [i, T] of lengths.entries()) {
    const model = sequential(embedding({ vocabulary: 64, units: 32 }), rnnLayer({ units: 32 }), dense({ units: 64 }));
    const options = { input: [T], batch, loss: crossEntropy(), optimizer: adam(), clipNorm: 1, name: `tokens ${i}` };
    const trainer = await createTrainer(engine, model, options);
    counts.push((await trainer.program).dispatches);
    await trainer.dispose();
  }
  return counts;
}

export async function memoryPlans(sizes: readonly (typeof SIZES)[]) {
  const engine = await Engine.create();
  const plans: { peak: number; bound: number }[] = [];
  for (const [i, size] of sizes.entries()) {
    const program = await compile(engine, trainingSpec(rnnGraph(size, `${i}/`)));
    const { peakBytes, boundBytes } = report(program);
    plans.push({ peak: peakBytes, bound: boundBytes });
    program.dispose();
  }
  return plans;
}

export async function verifyStep(sizes: typeof SIZES, traits: object, defaultLimits: boolean) {
  const engine = await Engine.create({ traits, defaultLimits });
  const program = await compile(engine, trainingSpec(rnnGraph(sizes)));
  return verify(program, rnnBatch(sizes));
}

export async function leaks(steps: number) {
  const engine = await Engine.create();
  const program = await compile(engine, trainingSpec(rnnGraph(SIZES)));
  const batch = rnnBatch(SIZES);
  const heap = async () => {
    (globalThis as { gc?: () => void }).gc?.();
    await new Promise((resolve) => setTimeout(resolve, 50));
    (globalThis as { gc?: () => void }).gc?.();
    return (performance as unknown as { memory?: { usedJSHeapSize: number } }).memory?.usedJSHeapSize;
  };
  for (let i = 0; i < 200; i++) await program.run(batch, i % 20 === 0 ? { read: ["loss"] } : { read: [] });
  const before = { buffers: engine.memory.buffers, bytes: engine.memory.bytes, heap: await heap() };
  for (let i = 0; i < steps; i++) await program.run(batch, i % 20 === 0 ? { read: ["loss"] } : { read: [] });
  const after = { buffers: engine.memory.buffers, bytes: engine.memory.bytes, heap: await heap() };
  return { before, after, gc: "gc" in globalThis };
}

/** The loss curve on the GPU and on the reference. */
export async function curve(steps: number, reference: boolean) {
  const sizes = { T: 12, B: 4, I: 3, H: 16, O: 2 };
  const engine = await Engine.create({ reference, seed: 5 });
  const program = await compile(engine, trainingSpec(rnnGraph(sizes), sgd({ learningRate: 0.2 })));
  const losses: number[] = [];
  for (let i = 0; i < steps; i++) losses.push((await program.run(rnnBatch(sizes, 1 + (i % 8)), { read: ["loss"] })).loss[0]);
  return losses;
}

/** Values of an output, evaluated before and beside the program: for graphs that need no training. */
export async function againstReference() {
  const engine = await Engine.create();
  const x = input([17, 5]);
  const w = variable("w", [5, 7], (shape) => Float32Array.from({ length: shape[0] * shape[1] }, (_, i) => Math.sin(i)));
  const y = tanh(matmul(x, w));
  const program = await compile(engine, { inputs: { x }, outputs: { y } });
  const values = Float32Array.from({ length: 85 }, (_, i) => Math.cos(3 * i));
  const seen = (await program.run({ x: values }, { read: ["y"] })).y;
  const [expected] = evaluate(
    [y],
    new Map<never, ArrayLike<number>>([
      [x as never, values],
      [w as never, await engine.read(w)],
    ]),
  );
  return Math.max(...seen.map((value, i) => Math.abs(value - expected[i])));
}

/** Two optimizers in one program, one of which has gradients that are not finite. */
export async function twoOptimizers(poison: boolean) {
  const engine = await Engine.create();
  const x = input([3]);
  const a = variable("a", [3], (s) => new Float32Array(s[0]).fill(1));
  const z = variable("z", [3], (s) => new Float32Array(s[0]).fill(1));
  const first = gradient(sum(mul(a, x)), [a]);
  const second = gradient(sum(log(div(z, x))), [z]);
  const program = await compile(engine, {
    inputs: { x },
    outputs: {},
    updates: [sgd({ learningRate: 1 })(first), adam({ learningRate: 0.1 })(second)],
  });
  const error = await failure(async () => {
    await program.run({ x: poison ? Float32Array.of(1, 0, 1) : Float32Array.of(1, 2, 1) });
    await engine.read(a);
    await new Promise((resolve) => setTimeout(resolve, 20));
    await program.run({ x: Float32Array.of(1, 2, 1) });
  });
  return {
    error,
    a: Array.from(await engine.read(a)),
    z: Array.from(await engine.read(z)),
    steps: Object.entries(await save(engine))
      .filter(([name]) => name.endsWith("step"))
      .map(([, { data }]) => data[2]),
    constant: constant(1, []).size,
  };
}
