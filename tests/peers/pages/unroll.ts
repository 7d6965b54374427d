import { environmentOf } from "../../../src/bench/environment.ts";
import { measureRoofline } from "../../../src/bench/roofline.ts";
import {
  averagePool2d,
  clipNorm,
  compile,
  conv2d,
  Engine,
  type F32,
  gradient,
  load,
  matmul,
  maxPool2d,
  meanSquaredError,
  mul,
  type NamedArrays,
  type Program,
  rnn,
  sgd,
  softmaxCrossEntropy,
  sum,
  type Tensor,
  type Update,
  type Variable,
  variable,
} from "../../../src/index.ts";
import { type GpuParts, gpuPartsOf } from "../../../src/program/parts.ts";
import type { Data, Named } from "../data.ts";
import { CLIP_NORM, LEARNING_RATE, padding, type Work } from "../works.ts";
import { lenet } from "./lenet.ts";
import { type Job, type Library, serve, trained } from "./page.ts";

type Images = F32<readonly [number, number, number, number]>;
type Sequence = F32<readonly [number, number, number]>;
type Matrix = F32<readonly [number, number]>;
type Vector = F32<readonly [number]>;

let engine: Engine | undefined;
/** One number that is read where something has to wait for the GPU. */
const mark = variable("mark", [1]);

const library: Library = {
  async open(work, data) {
    engine = await Engine.create();
    const job = await (isTraining(work) ? training(engine, work, data) : operation(engine, work, data));
    return {
      ...job,
      dispose() {
        engine?.dispose();
        engine = undefined;
      },
    };
  },
  finish: async () => engine?.read(mark),
};

const isTraining = ({ kind }: Work): boolean => kind === "rnn training" || kind === "character rnn" || kind === "lenet training";

async function variables(engine: Engine, values: Named, prefix = ""): Promise<Record<string, Variable>> {
  const arrays = Object.entries(values).map(([name, { shape, data }]) => [
    prefix + name,
    { dtype: data instanceof Int32Array ? "i32" : "f32", shape, data },
  ]);
  await load(engine, Object.fromEntries(arrays) as NamedArrays);
  return Object.fromEntries(
    Object.entries(values).map(([name, { shape, data }]) => [
      name,
      variable(prefix + name, shape, undefined, data instanceof Int32Array ? "i32" : "f32") as Variable,
    ]),
  );
}

/** All operands are variables, so that they stay on the GPU: a program for each set, which share their pipelines. */
async function operation(engine: Engine, work: Work, { shared, sets }: Data): Promise<Omit<Job, "dispose">> {
  const kept = await variables(engine, shared);
  const programs: Program[] = [];
  for (const [i, set] of sets.entries()) {
    const outputs = outputsOf(work, { ...kept, ...(await variables(engine, set, `${i}/`)) });
    programs.push(await compile(engine, { inputs: {}, outputs }));
  }
  return {
    run: (set) => programs[set].run({}),
    outputs: async () =>
      (await programs[0].run({}, { read: Object.keys(programs[0].spec.outputs) as never[] })) as Record<string, Float32Array>,
  };
}

function outputsOf(work: Work, tensors: Record<string, Tensor>): Record<string, Tensor> {
  const { a, b, x, w, dy, U, W } = tensors;
  switch (work.kind) {
    case "matmul":
      return { y: matmul(a as Matrix, b as Matrix) };
    case "conv":
    case "conv gradients": {
      const y = conv2d(x as Images, w as Images, { stride: work.stride, padding: padding(work.kernel), groups: work.groups });
      return work.kind === "conv" ? { y } : gradients(y, dy as F32, { x, w });
    }
    case "pool":
    case "pool gradient": {
      const y = (work.op === "max" ? maxPool2d : averagePool2d)(x as Images, { size: 2 });
      return work.kind === "pool" ? { y } : gradients(y, dy as F32, { x });
    }
    case "rnn":
      return { y: rnn(x as Sequence, { U: U as Matrix, W: W as Matrix, b: b as Vector }).sequence };
    case "lenet":
      return { y: lenet(tensors) };
    default:
      throw new Error(`not known: ${work.kind}`);
  }
}

/** The gradients of Σ y·dy: those that a network above would ask for with dy. */
function gradients(y: F32, dy: F32, wrt: Record<string, Tensor>): Record<string, Tensor> {
  const found = gradient(sum(mul(y, dy)), Object.values(wrt));
  return Object.fromEntries(Object.keys(wrt).map((name, i) => [`d${name}`, found.tensors[i] as Tensor]));
}

/** Batches are variables, too, as the other libraries keep them on the device: a program for each, which share the parameters. */
async function training(engine: Engine, work: Work, data: Data): Promise<Omit<Job, "dispose">> {
  const parameters = await variables(engine, data.shared);
  const programs: Program[] = [];
  for (const [i, set] of data.sets.entries()) {
    const loss = lossOf(work, parameters, await variables(engine, set, `${i}/`));
    const found = gradient(loss, Object.values(parameters));
    const updates: Update = sgd({ learningRate: LEARNING_RATE })(work.kind === "lenet training" ? found : clipNorm(found, CLIP_NORM));
    programs.push((await compile(engine, { inputs: {}, outputs: { loss }, updates })) as unknown as Program);
  }
  const read = async ([name, value]: [string, Variable]) => [name, (await engine.read(value)) as Float32Array] as const;
  return {
    run: (set) => programs[set].run({}),
    outputs: () =>
      trained(
        data,
        async (set) => ((await programs[set].run({}, { read: ["loss"] as never[] })) as { loss: Float32Array }).loss[0],
        async () => Object.fromEntries(await Promise.all(Object.entries(parameters).map(read))),
      ),
  };
}

function lossOf(work: Work, parameters: Record<string, Tensor>, { x, target, labels }: Record<string, Tensor>): F32<readonly []> {
  if (work.kind === "lenet training") return softmaxCrossEntropy(lenet({ ...parameters, x }), labels as Tensor<"i32">);
  const { U, W, b, V, c } = parameters;
  const { sequence } = rnn(x as Sequence, { U: U as Matrix, W: W as Matrix, b: b as Vector });
  const y = matmul(sequence, V as Matrix, { bias: c as Vector });
  return work.kind === "rnn training" ? meanSquaredError(y, target as F32) : softmaxCrossEntropy(y as F32, target as Tensor<"i32">);
}

/** What reports say of the adapter, what it can do, and the clock's smallest step in nanoseconds. */
async function environment() {
  const own = await Engine.create();
  const found = await navigator.gpu.requestAdapter({ powerPreference: "high-performance" });
  const limits: Record<string, number> = {};
  for (const name in found?.limits) limits[name] = found?.limits[name as "maxBufferSize"] as number;
  const features = [...(found?.features ?? [])].sort();
  const { gpu } = gpuPartsOf(own) as GpuParts;
  const { adapter, driver, userAgent, cores } = environmentOf(gpu);
  const roofline = await measureRoofline(gpu, { quick: true });
  own.dispose();
  return { environment: { adapter, driver, features, limits, userAgent, cores }, roofline, grain: clockGrain() };
}

function clockGrain(): number {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0, last = performance.now(); i < 2000; ) {
    const now = performance.now();
    if (now === last) continue;
    least = Math.min(least, now - last);
    last = now;
    i++;
  }
  return Math.round(1e6 * least);
}

export type PeerEnvironment = Awaited<ReturnType<typeof environment>>;

Object.assign(window, { environment });
serve(async () => library);
