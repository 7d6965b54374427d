import {
  adam,
  add,
  assign,
  compile,
  constant,
  createTrainer,
  Engine,
  type ExportedTrainer,
  exportProgram,
  exportTrainer,
  gradient,
  type HostArray,
  input,
  load,
  loadProgram,
  loadTrainer,
  matmul,
  meanSquaredError,
  mul,
  outputBuffer,
  randomNormal,
  report,
  runCounter,
  save,
  sum,
  tanh,
  UnrollError,
  variable,
} from "../../../src/index.ts";
import { EXPORT_TRAITS } from "../../../src/program/exported/export.ts";
import type { ExportedPlan } from "../../../src/program/exported/format.ts";
import { type Batch, batchOf, bitsOf, NETWORKS } from "./exported-networks.ts";

export const networks = (): string[] => Object.keys(NETWORKS);

interface Trains {
  step(x: HostArray, target: HostArray, options: { readonly read: true }): Promise<{ loss: number; gradientNorm: number }>;
  predict(x: HostArray): Promise<Float32Array>;
  evaluate(batches: Iterable<Batch>): Promise<number>;
  epoch(batches: Iterable<Batch>): Promise<{ loss: number; steps: number }>;
  save(): Promise<Record<string, { readonly data: HostArray }>>;
}

/** All that a trainer gives, as bits. */
async function bits(trainer: Trains, name: string): Promise<number[]> {
  const floats: number[] = [];
  for (let step = 0; step < 6; step++) {
    const { loss, gradientNorm } = await trainer.step(...batchOf(name, step), { read: true });
    floats.push(loss, gradientNorm);
  }
  const batches = [batchOf(name, 10), batchOf(name, 11)];
  floats.push((await trainer.epoch(batches)).loss, await trainer.evaluate(batches), ...(await trainer.predict(batches[0][0])));
  const saved = Object.entries(await trainer.save()).sort(([a], [b]) => (a < b ? -1 : 1));
  return [...bitsOf(Float32Array.from(floats)), ...saved.flatMap(([, { data }]) => bitsOf(data))];
}

/** What a file holds. */
const through = <T>(value: T): T => JSON.parse(JSON.stringify(value));

async function exported(name: string, batches?: Parameters<typeof exportTrainer>[1]["batches"]): Promise<ExportedTrainer> {
  const { model, options } = NETWORKS[name]();
  return through(await exportTrainer(model, { ...options, batches }));
}

/** An engine for which the same is planned as for a file. */
const plainEngine = (software: boolean) =>
  Engine.create({ traits: { ...EXPORT_TRAITS[software ? "software" : "hardware"], maxWorkgroupStorage: 16384, maxBindingBytes: 2 ** 27 } });

/** A network trained by its graphs and by its file, on plans for software and for hardware. */
export async function sameBits(name: string, software: boolean) {
  const [here, there] = [await plainEngine(software), await plainEngine(software)];
  try {
    const { model, options } = NETWORKS[name]();
    const compiled = await createTrainer(here, model, options);
    const loaded = await loadTrainer(there, await exported(name));
    return {
      compiled: await bits(compiled as never, name),
      loaded: await bits(loaded as never, name),
      dispatches: [(await compiled.program).dispatches, (await loaded.program).dispatches],
      names: [Object.keys(await compiled.save()).sort(), Object.keys(await loaded.save()).sort()],
      steps: [compiled.steps, loaded.steps],
      pipelines: [here.pipelinesCreated, there.pipelinesCreated],
    };
  } finally {
    here.dispose();
    there.dispose();
  }
}

/** Checkpoints go from one to the other and back, and a full device takes the file too. */
export async function checkpoints(name: string) {
  const engines = [await plainEngine(true), await plainEngine(true), await Engine.create({ seed: 9 })];
  try {
    const { model, options } = NETWORKS[name]();
    const compiled = await createTrainer(engines[0], model, options);
    const file = await exported(name);
    for (let step = 0; step < 3; step++) await compiled.step(...batchOf(name, step));
    const loaded = await loadTrainer(engines[1], file, { seed: 77 });
    await loaded.load(await compiled.save());
    const full = await loadTrainer(engines[2], file);
    await full.load(await loaded.save());
    const all: number[][] = [];
    for (const trainer of [compiled, loaded, full]) all.push(await bits(trainer as never, name));
    return all;
  } finally {
    for (const engine of engines) engine.dispose();
  }
}

/** First values: of the seed in the file, of another, of the compiled trainer. */
export async function seeds(name: string) {
  const first = async (seed?: number, exportedSeed?: number) => {
    const engine = await Engine.create();
    const { model, options } = NETWORKS[name]();
    const file = through(await exportTrainer(model, { ...options, seed: exportedSeed ?? options.seed }));
    const trainer = await loadTrainer(engine, file, seed === undefined ? {} : { seed });
    const arrays = await trainer.save();
    engine.dispose();
    return Object.entries(arrays).flatMap(([key, { data }]) => (key.endsWith("/W") ? bitsOf(data) : []));
  };
  return { own: await first(), other: await first(8), exportedWithOther: await first(undefined, 8) };
}

/** A graph of one's own: constants, draws, assignments, the number of the run, outputs that stay on the GPU. */
export async function ownGraph() {
  const x = input([3, 5]);
  const total = variable("total", [3, 5], (shape) => new Float32Array(shape[0] * shape[1]).fill(0.25));
  const noise = randomNormal([3, 5], { seed: 11 });
  const y = add(
    mul(
      tanh(x),
      constant(
        Array.from({ length: 5 }, (_, i) => i / 4),
        [5],
      ),
    ),
    noise,
  );
  const spec = {
    inputs: { x },
    outputs: { y, total: add(total, 0), runs: runCounter() },
    updates: assign(total, add(total, y)),
    label: "own graph",
  };
  const file = through(await exportProgram(spec));
  const [here, there] = [await plainEngine(true), await plainEngine(true)];
  try {
    const run = async (program: { run(batch: never, options: never): Promise<unknown> }) => {
      const all: number[][] = [];
      for (let i = 0; i < 3; i++) {
        const values = Float32Array.from({ length: 15 }, (_, k) => Math.cos(k + i));
        const result = (await program.run({ x: values } as never, { read: ["y", "total", "runs"] } as never)) as Record<string, HostArray>;
        all.push(Object.values(result).flatMap(bitsOf));
      }
      return all;
    };
    const [compiled, loaded] = [await compile(here, spec), await loadProgram(there, file)];
    const results = { compiled: await run(compiled as never), loaded: await run(loaded as never) };
    const { bytes, type } = outputBuffer(loaded, "y");
    return {
      ...results,
      located: { bytes, type },
      inputs: loaded.inputs,
      saved: [Object.keys(await save(here)), Object.keys(await save(there))],
      reported: messageOf(() => report(loaded as never)),
    };
  } finally {
    here.dispose();
    there.dispose();
  }
}

const messageOf = (call: () => unknown): string => {
  try {
    call();
    return "no error";
  } catch (error) {
    return error instanceof UnrollError ? `${error.code}: ${error.message}` : String(error);
  }
};

const said = async (call: () => Promise<unknown>): Promise<string> => {
  try {
    await call();
    return "no error";
  } catch (error) {
    return error instanceof UnrollError ? `${error.code}: ${error.message}` : String(error);
  }
};

/** What can go wrong, and what is said of it. Buffers that are left over are counted. */
export async function mistakes() {
  const engine = await Engine.create();
  const other = await Engine.create();
  try {
    const file = await exported("regression");
    const trainer = await loadTrainer(engine, await exported("regression", { predict: [1, 2], evaluate: [] }));
    const [x, target] = batchOf("regression", 0);
    const w = variable("model/0.dense/W", [7, 3]);
    const v = variable("another", [3]);
    const inOtherOrder = await compile(other, { inputs: {}, outputs: { s: add(sum(w), sum(v)) } });
    const empty = other.memory.buffers;
    const damaged = { ...file, programs: { "step 5": { ...file.programs["step 5"], plans: {} } } };
    const plan = file.programs["step 5"].plans.software as ExportedPlan;
    const longer = {
      ...plan,
      dispatches: plan.dispatches.map((dispatch) => ({ ...dispatch, at: dispatch.at.map(([b, o]) => [b, o, 1e6]) })),
    };
    const beyond = { ...file, programs: { "step 5": { ...file.programs["step 5"], plans: { software: longer } } } };
    const torn = { ...file, kernels: file.kernels.map((kernel) => ({ ...kernel, wgsl: kernel.wgsl.slice(0, 200) })) };
    const edited = (edit: (wgsl: string) => string) => file.kernels.map((kernel) => ({ ...kernel, wgsl: edit(kernel.wgsl) }));
    const least = await Engine.create({ defaultLimits: true });
    const forSoftware = through(await exportTrainer(NETWORKS.lenet().model, { ...NETWORKS.lenet().options, devices: ["software"] }));
    const nan = x.slice().fill(Number.NaN);
    const result = {
      step: await said(() => trainer.step(x.slice(0, 14) as never, target)),
      predict: await said(() => trainer.predict(x as never)),
      evaluate: await said(() => trainer.evaluate([[x, target]] as never)),
      target: await said(() => trainer.step(x as never, Int32Array.of(1))),
      format: await said(() => loadTrainer(other, { format: "something" })),
      program: await said(() => loadProgram(other, file)),
      text: await said(() => loadTrainer(other, "lenet.json" as never)),
      reference: await said(async () => loadTrainer(await Engine.create({ reference: true }), file)),
      damaged: await said(() => loadTrainer(other, damaged)),
      beyond: await said(() => loadTrainer(least, beyond)),
      torn: await said(() => loadTrainer(other, torn)),
      uncompiled: await said(() =>
        loadTrainer(other, { ...file, kernels: edited((wgsl) => wgsl.replace("fn main(", "fn main(strange ")) }),
      ),
      unbound: await said(() =>
        loadTrainer(least, { ...file, kernels: edited((wgsl) => wgsl.replace(/array<f32>/, "array<f32,4000000>")) }),
      ),
      taken: await said(() => loadTrainer(other, file)),
      order: await said(() => loadTrainer(other, file, { share: true })),
      option: await said(() => loadTrainer(other, file, { sed: 1 } as never)),
      nonFinite: await said(async () => {
        await trainer.step(nan as never, target);
        await trainer.step(x as never, target, { read: true });
      }),
      subgroups: await said(() => loadTrainer(least, forSoftware)),
      // without them the plan for hardware is taken
      without: await said(async () => loadTrainer(least, await exported("lenet"))),
      leftOver: other.memory.buffers - empty,
    };
    inOtherOrder.dispose();
    least.dispose();
    return result;
  } finally {
    engine.dispose();
    other.dispose();
  }
}

/** A file on an engine that has these variables from a trainer already: they are the same ones. */
export async function sharedVariables() {
  const engine = await plainEngine(true);
  try {
    const { model, options } = NETWORKS.lenet();
    const compiled = await createTrainer(engine, model, options);
    const loaded = await loadTrainer(engine, await exported("lenet"), { share: true });
    await compiled.step(...batchOf("lenet", 0));
    const [x] = batchOf("lenet", 1);
    return [bitsOf(await compiled.predict(x)), bitsOf(await loaded.predict(x))];
  } finally {
    engine.dispose();
  }
}

/** A checkpoint that is loaded before the program that it belongs to. */
export async function loadedBefore() {
  const make = () => {
    const x = input([4, 3]);
    const w = variable("w", [3, 2]);
    const loss = meanSquaredError(matmul(x, w), constant(1, [4, 2]));
    return { inputs: { x }, outputs: { loss }, updates: adam({ learningRate: 0.1 })(gradient(loss, [w])) };
  };
  const file = through(await exportProgram(make()));
  const [here, there] = [await plainEngine(true), await plainEngine(true)];
  try {
    const x = Float32Array.from({ length: 12 }, (_, i) => Math.sin(i));
    const compiled = await compile(here, make());
    for (let i = 0; i < 3; i++) await compiled.run({ x });
    await load(there, await save(here));
    const loaded = await loadProgram(there, file);
    for (const program of [compiled, loaded]) for (let i = 0; i < 3; i++) await program.run({ x } as never);
    const arrays = [await save(here), await save(there)];
    return arrays.map((all) => Object.entries(all).map(([name, { data }]) => [name, bitsOf(data)]));
  } finally {
    here.dispose();
    there.dispose();
  }
}

/** Numbers of a file changed at random, and run where they are taken. What WebGPU tells uncaptured fails the test. */
export async function damages(count: number): Promise<{ tried: number; ran: number; wrong: string[] }> {
  const file = await exported("lenet");
  const name = Object.keys(file.programs).find((one) => one.startsWith("step ")) as string;
  const wrong: string[] = [];
  let [seed, ran] = [11, 0];
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
  const engine = await Engine.create();
  const level = engine.memory.buffers;
  for (let i = 0; i < count; i++) {
    const broken = through(file) as unknown as { programs: Record<string, { plans: Record<string, ExportedPlan> }> };
    const plans = Object.values(broken.programs[name].plans) as unknown as {
      buffers: Record<string, unknown>[];
      dispatches: { kernel: number; at: number[][]; params: Record<string, number>; workgroups: number[] }[];
    }[];
    const what = random(6);
    for (const plan of plans) {
      const dispatch = plan.dispatches[random(plan.dispatches.length)];
      const place = dispatch.at[random(dispatch.at.length)];
      if (what === 0) place[0] = random(plan.buffers.length);
      if (what === 1) place[2] = random(4096);
      if (what === 2) place[1] = 256 * random(8);
      if (what === 3) dispatch.workgroups[random(3)] = random(3);
      if (what === 4) dispatch.kernel = random(file.kernels.length);
      if (what === 5)
        for (const buffer of plan.buffers) if (typeof buffer.bytes === "number") buffer.bytes = Math.max(1, buffer.bytes >> random(3));
    }
    try {
      const own = await Engine.create();
      try {
        const trainer = await loadTrainer(own, broken);
        await trainer.step(...batchOf("lenet", i)).catch((error: unknown) => {
          if (!(error instanceof UnrollError)) throw error;
        });
        await own.readAll();
        ran++;
      } catch (error) {
        if (!(error instanceof UnrollError) || error.code !== "format") wrong.push(`${what}: ${error}`);
        else if (own.memory.buffers !== level) wrong.push(`${what}: ${own.memory.buffers - level} buffers are left`);
      } finally {
        own.dispose();
      }
    } catch (error) {
      wrong.push(String(error));
    }
  }
  engine.dispose();
  return { tried: count, ran, wrong };
}
