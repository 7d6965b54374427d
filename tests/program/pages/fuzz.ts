import { kernel } from "../../../src/graph/kernel.ts";
import type { Op } from "../../../src/graph/op.ts";
import { applyOne } from "../../../src/graph/tensor.ts";
import {
  adam,
  add,
  assign,
  clipNorm,
  compile,
  Engine,
  evaluate,
  type F32,
  type Gradients,
  gradient,
  input,
  matmul,
  mean,
  mul,
  read,
  save,
  sgd,
  square,
  sub,
  sum,
  type Tensor,
  tanh,
  type Variable,
  variable,
  write,
} from "../../../src/index.ts";
import { Dice, leavesOf, randomGraph, randomLoss } from "../../support/random-graph.ts";
import { failure, hostDevice } from "./models.ts";

const sameBits = (a: Float32Array, b: Float32Array): boolean =>
  a.length === b.length && new Uint32Array(a.buffer).every((bits, i) => bits === new Uint32Array(b.buffer)[i]);

const ramp = (shape: readonly number[]) =>
  Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => ((i * 7) % 11) / 11 - 0.4);

/** Random graphs, run twice: the largest error against the references, and whether the second run gave the same bits. */
export async function graphs(from: number, to: number, traits: object) {
  const engine = await Engine.create({ traits });
  const wrong: string[] = [];
  for (let seed = from; seed < to; seed++) {
    const { inputs, outputs, variables } = randomGraph(seed, 5 + (seed % 40), [1, 2, 3, 4, 5, 8, 17]);
    const dice = new Dice(seed);
    const batch = Object.fromEntries(Object.entries(inputs).map(([name, tensor]) => [name, dice.values(tensor.size)]));
    const names = Object.keys(outputs);
    const feeds = new Map<Tensor, ArrayLike<number>>(Object.entries(inputs).map(([name, tensor]) => [tensor, batch[name]]));
    for (const v of variables) feeds.set(v, await engine.read(v));
    const expected = evaluate(Object.values(outputs), feeds);
    using program = await compile(engine, { inputs, outputs });
    // Not awaited one by one: the second is queued behind the first.
    const runs = await Promise.all([0, 1].map(() => program.run(batch, { read: names })));
    names.forEach((name, k) => {
      const [first, second] = runs.map((run) => run[name]);
      if (!sameBits(first, second)) wrong.push(`graph ${seed}, ${name}: other bits in the second run`);
      const worst = expected[k].reduce((most, value, i) => Math.max(most, Math.abs(value - first[i]) / (1 + Math.abs(value))), 0);
      if (!(worst < 1e-4)) wrong.push(`graph ${seed}, ${name}: off by ${worst}`);
    });
  }
  return wrong;
}

/** Random graphs that train, on the GPU and on the references: the variables after three steps. */
export async function training(from: number, to: number) {
  const engines = [await Engine.create(), await Engine.create({ reference: true })];
  const wrong: string[] = [];
  for (let seed = from; seed < to; seed++) {
    const results: Record<string, Float32Array>[] = [];
    for (const engine of engines) {
      const dice = new Dice(seed);
      const { outputs, variables } = randomGraph(seed, 5 + (seed % 30));
      const weights = variables.filter((v) => v.size > 0);
      const tensors = Object.values(outputs);
      if (weights.length === 0 || !tensors.some((t) => t.size > 0)) continue;
      const regular = weights.reduce<F32>((total, w) => add(total, sum(mul(w, w))), randomLoss(tensors)) as F32<readonly []>;
      const gradients = gradient(regular, weights);
      const limited = dice.real() < 0.5 ? (clipNorm(gradients, 0.5) as unknown as Gradients) : gradients;
      const state = variable(`state ${seed}`, tensors[0].shape) as Variable<"f32">;
      const updates = [
        dice.real() < 0.5 ? sgd({ learningRate: 0.1, momentum: 0.9 })(limited) : adam({ learningRate: 0.01 })(limited),
        assign(state, tensors[0]),
      ];
      const named = { ...outputs, loss: regular as F32, norm: limited.norm as F32, g: gradients.tensors[0] as F32, w: weights[0] as F32 };
      const used = leavesOf([...Object.values(named), ...(gradients.tensors as readonly Tensor[])]);
      const inputs = Object.fromEntries([...used].filter((t) => t.source.kind === "input").map((t, i) => [`in${i}`, t as F32]));
      const batch = Object.fromEntries(Object.entries(inputs).map(([name, tensor]) => [name, dice.values(tensor.size)]));
      using program = await compile(engine, { inputs, outputs: named, updates });
      const runs = await Promise.all([0, 1, 2].map(() => program.run(batch, { read: Object.keys(named) as (keyof typeof named)[] })));
      const values = Object.fromEntries(
        runs.flatMap((run, i) => Object.entries(run).map(([name, data]) => [`${name} of step ${i}`, data as Float32Array])),
      );
      for (const v of [...weights, state]) values[v.name] = await engine.read(v);
      results.push(values);
    }
    if (results.length < 2) continue;
    const [gpu, reference] = results;
    for (const [name, values] of Object.entries(reference)) {
      const worst = values.reduce((most, value, i) => Math.max(most, Math.abs(value - gpu[name][i]) / (1 + Math.abs(value))), 0);
      if (!(worst < 1e-3)) wrong.push(`graph ${seed}, ${name}: off by ${worst}`);
    }
  }
  return wrong;
}

/** Variables that came into the engine at different times lie in several segments; one update changes them all. */
export async function segments(reference: boolean) {
  const engine = await Engine.create({ reference });
  const x = input([2, 3]);
  const rate = input([]);
  const A = variable("A", [3, 4], ramp) as Variable<"f32">;
  const B = variable("B", [4, 3], ramp) as Variable<"f32">;
  const c = variable("c", [3], ramp) as Variable<"f32">;
  const h = variable("h", [2, 3]);
  using first = await compile(engine, { inputs: { x }, outputs: { y: matmul(x, A) } });
  using second = await compile(engine, { inputs: {}, outputs: { B } });
  const y = add(matmul(tanh(matmul(x, A)), B), c);
  const loss = mean(square(sub(y, h)));
  const all = clipNorm(gradient(loss, [A, B, c]), 0.1);
  using train = await compile(engine, {
    inputs: { x, rate },
    outputs: { loss, norm: all.norm, B, gA: all.of(A), view: all.of(c) },
    updates: [adam({ learningRate: rate })(all), assign(h, y)],
  });
  const batch = { x: Float32Array.of(1, -1, 0.5, 2, 0.1, -0.7), rate: Float32Array.of(0.01) };
  const results: number[] = [];
  for (let i = 0; i < 3; i++) {
    // Several programs at once, nothing awaited between: what each reads is of the moment of its call.
    const [before, step, after, b] = await Promise.all([
      first.run({ x: batch.x }, { read: ["y"] }),
      train.run(batch, { read: ["loss", "norm", "B", "gA", "view"] }),
      first.run({ x: batch.x }, { read: ["y"] }),
      second.run({}, { read: ["B"] }),
    ]);
    results.push(...before.y, ...step.loss, ...step.norm, ...step.B, ...step.gA, ...step.view, ...after.y, ...b.B);
  }
  for (const v of [A, B, c, h]) results.push(...(await engine.read(v as Variable<"f32">)));
  return results;
}

/** The learning rate as a variable that another program changes, one gradient of two variables, and that gradient assigned. */
export async function oddUpdates(reference: boolean) {
  const engine = await Engine.create({ reference });
  const x = input([3]);
  const a = variable("a", [3], ramp);
  const b = variable("b", [3], ramp);
  const rate = variable("rate", [], () => [0.5]);
  const seen = variable("seen", [3]);
  const loss = sum(square(sub(add(a, b), x)));
  const gradients = gradient(loss, [a, b]);
  using train = await compile(engine, {
    inputs: { x },
    outputs: { loss, g: gradients.tensors[0], rate },
    updates: [
      sgd({ learningRate: rate as F32<readonly []> })(gradients),
      assign(seen, gradients.tensors[0]),
      assign(rate as Variable<"f32", readonly []>, mul(rate, 0.5) as F32<readonly []>),
    ],
  });
  const results: number[] = [];
  for (let i = 0; i < 3; i++) {
    const { loss: e, g, rate: r } = await train.run({ x: Float32Array.of(1, 2, 3) }, { read: ["loss", "g", "rate"] });
    results.push(...e, ...g, ...r);
  }
  for (const v of [a, b, seen, rate]) results.push(...(await engine.read(v as Variable<"f32">)));
  return results;
}

/** Twenty runs with reads, none awaited: results in the order of the calls, also across programs, reads and writes. */
export async function reentrant() {
  const engine = await Engine.create();
  const step = input([1]);
  const total = variable("total", [1]);
  using count = await compile(engine, { inputs: { step }, outputs: { total }, updates: assign(total, add(total, step)) });
  using look = await compile(engine, { inputs: {}, outputs: { total } });
  const pending: Promise<number>[] = [];
  const between: Promise<number>[] = [];
  for (let i = 0; i < 20; i++) {
    pending.push(count.run({ step: Float32Array.of(1) }, { read: ["total"] }).then(({ total: t }) => t[0]));
    if (i === 9) {
      between.push(look.run({}, { read: ["total"] }).then(({ total: t }) => t[0]));
      between.push(engine.read(total).then((t) => t[0]));
      engine.write(total, Float32Array.of(100));
    }
  }
  return { values: await Promise.all(pending), between: await Promise.all(between), counter: count.counter };
}

/** What is queued when a program, the engine or the device goes: all settle, with one code. */
export async function endings(what: "program" | "engine" | "device") {
  const device = await hostDevice();
  const engine = await Engine.create({ device });
  const x = input([4]);
  const w = variable("w", [4], ramp);
  const loss = sum(square(mul(x, w)));
  const program = await compile(engine, { inputs: { x }, outputs: { loss }, updates: sgd({ learningRate: 0.1 })(gradient(loss, [w])) });
  const other = await compile(engine, { inputs: { x }, outputs: { loss } });
  const batch = { x: Float32Array.of(1, 2, 3, 4) };
  const outcomes = Array.from({ length: 20 }, (_, i) => failure(() => (i % 5 === 4 ? other : program).run(batch, { read: ["loss"] })));
  const compiling = what === "program" ? undefined : failure(() => compile(engine, { inputs: { x }, outputs: { z: tanh(add(x, 1.5)) } }));
  if (what === "program") program.dispose();
  else if (what === "engine") engine.dispose();
  else device.destroy();
  const settled = await Promise.race([Promise.all(outcomes), new Promise<undefined>((resolve) => setTimeout(resolve, 5000))]);
  const codes = settled?.map((outcome) => outcome?.code ?? "fine");
  const goesOn = what === "program" ? (await other.run(batch, { read: ["loss"] })).loss.length : 0;
  return { codes, compiling: (await compiling)?.code, goesOn, memory: engine.memory.buffers };
}

const brokenOp = (wgsl: string, workgroups: readonly [number, number, number] = [1, 1, 1], params?: Record<string, number>): Op => ({
  name: "broken",
  shape: ([x]) => [x],
  reference: (_, [x], [y]) => y.set(x),
  gradient: ({ gradients }) => [gradients[0]],
  kernels: [
    {
      name: "broken",
      allowed: () => true,
      plan: () => ({
        dispatches: [
          {
            kernel: kernel({
              name: "broken",
              wgsl,
              bindings: { x: read("f32"), y: write("f32") },
              ...(params ? { params: { size: "u32" } } : {}),
            }),
            bindings: { x: { input: 0 }, y: { output: 0 } },
            workgroups,
            ...(params ? { params } : {}),
          },
        ],
      }),
    },
  ],
  cost: () => ({ flops: 0, bytes: 0 }),
  error: () => [0],
});
const DECLARED = "@group(0) @binding(0) var<storage, read> x: array<f32>;\n@group(0) @binding(1) var<storage, read_write> y: array<f32>;\n";
const BODY = "@compute @workgroup_size(1) fn main() { y[0] = x[0]; }";

/** Compilations that fail leave no buffer, and the engine works on. */
export async function failures() {
  const engine = await Engine.create();
  const x = input([4]);
  const w = variable("w", [4], ramp) as Variable<"f32">;
  // Once a program is there, the device's self-test has ended and given back what it used.
  (await compile(engine, { inputs: { x }, outputs: { y: mul(x, x) } })).dispose();
  const before = engine.memory;
  const outcomes: Record<string, { code: string; message: string } | undefined> = {};
  const broken = (op: Op) => () =>
    compile(engine, { inputs: { x }, outputs: { y: applyOne(op, [mul(x, w)], {}) as F32 }, updates: assign(variable("s", [4]), x) });
  outcomes.syntax = await failure(broken(brokenOp(`${DECLARED}@compute @workgroup_size(1) fn main() { y[0] = nonsense; }`)));
  outcomes.binding = await failure(broken(brokenOp(BODY)));
  outcomes.entry = await failure(broken(brokenOp(`${DECLARED}@compute @workgroup_size(1) fn other() { y[0] = x[0]; }`)));
  outcomes.workgroups = await failure(broken(brokenOp(DECLARED + BODY, [70000, 1, 1])));
  outcomes.params = await failure(
    broken(brokenOp(`struct Params { size: u32 }\n${DECLARED}@group(0) @binding(2) var<uniform> params: Params;\n${BODY}`, [1, 1, 1], {})),
  );
  outcomes.initializer = await failure(() =>
    compile(engine, {
      inputs: { x },
      outputs: {
        y: add(
          mul(x, variable("u", [4], ramp)),
          variable("v", [4], () => {
            throw new Error("no values");
          }),
        ),
      },
    }),
  );
  const limit = (engine as unknown as { limit?: number }).limit ?? 2 ** 31;
  const huge = variable("huge", [limit]);
  outcomes.large = await failure(() => compile(engine, { inputs: { x }, outputs: { y: sum(huge), z: mul(x, w) } }));
  outcomes.largeAssign = await failure(() => engine.read(huge));
  const half = input([4], "f16");
  outcomes.half = await failure(() => compile(engine, { inputs: { half }, outputs: { y: tanh(half as unknown as F32) } }));
  const after = engine.memory;
  using program = await compile(engine, { inputs: { x }, outputs: { y: mul(x, w) } });
  const { y } = await program.run({ x: Float32Array.of(1, 1, 1, 1) }, { read: ["y"] });
  return { outcomes, before, after, right: Array.from(y).every((value, i) => value === ramp([4])[i]) };
}

/** GPUBuffers as inputs of several programs, one disposed while the others run; a detached and a wrong batch do no harm. */
export async function mixed() {
  const device = await hostDevice();
  const engine = await Engine.create({ device });
  const x = input([4]);
  const w = variable("w", [4], ramp);
  const y = mul(x, w);
  const programs = await Promise.all([0, 1, 2].map(() => compile(engine, { inputs: { x }, outputs: { y } })));
  const buffer = device.createBuffer({ size: 64, usage: GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST });
  device.queue.writeBuffer(buffer, 0, Float32Array.of(1, 2, 3, 4));
  const runs = programs.map((program) => program.run({ x: buffer }, { read: ["y"] }));
  const first = failure(() => runs[0]);
  programs[0].dispose();
  const others = await Promise.all(runs.slice(1));
  const mapped = device.createBuffer({ size: 64, usage: GPUBufferUsage.COPY_SRC, mappedAtCreation: true });
  const refused = [
    await failure(() => programs[1].run({ x: mapped })),
    await failure(() => programs[1].run({ x: new Float32Array(3) })),
    await failure(() => programs[1].run({ x: Float32Array.of(1, 2, 3, 4), toString: Float32Array.of(1) } as never)),
  ];
  const again = await programs[2].run({ x: Float32Array.of(1, 2, 3, 4) }, { read: ["y"] });
  const same = [...others, again].every((result) => sameBits(result.y, others[0].y));
  return { first: (await first)?.code, refused: refused.map((error) => error?.code), same };
}

/** A checkpoint that waits, unused, is saved again; a compile that fails does not eat it. */
export async function waitingCheckpoint() {
  const engine = await Engine.create();
  const w = variable("w", [2]) as Variable<"f32">;
  const { load } = await import("../../../src/index.ts");
  await load(engine, {
    w: { dtype: "f32", shape: [2], data: Float32Array.of(5, 6) },
    "w#adam.step": { dtype: "u32", shape: [4], data: Uint32Array.of(0, 0, 7, 0) },
  });
  const names = Object.keys(await save(engine));
  const failed = await failure(() =>
    compile(engine, {
      inputs: {},
      outputs: {
        y: add(
          w,
          variable("v", [2], () => {
            throw new Error("no values");
          }),
        ),
      },
    }),
  );
  return { names, failed: failed?.message, w: Array.from(await engine.read(w)), kept: Object.keys(await save(engine)) };
}
