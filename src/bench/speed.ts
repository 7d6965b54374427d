import { type AdapterDescription, formatAdapter } from "../gpu/device.ts";
import { USAGE } from "../gpu/gpu.ts";
import { type PlacedDispatch, Recording } from "../gpu/recorder.ts";
import { type F32, type Initializer, input, type Tensor, variable } from "../graph/tensor.ts";
import { meanSquaredError } from "../ops/loss/squared-error.ts";
import { matmul } from "../ops/matmul/matmul.ts";
import { add } from "../ops/pointwise/arithmetic.ts";
import { rnn } from "../ops/rnn/rnn.ts";
import { clipNorm } from "../ops/update/clip.ts";
import { sgd } from "../ops/update/sgd.ts";
import { compile } from "../program/compile.ts";
import { Engine, type GpuParts, gpuPartsOf } from "../program/engine.ts";
import type { GpuProgram } from "../program/gpu-program.ts";
import { gradient } from "../program/gradient.ts";
import type { Program } from "../program/program.ts";
import { fmaPeakProbe } from "./peak.ts";
import { median, timeGpu } from "./timing.ts";

/** The training step that the project measures itself by. */
const STEP = { T: 128, B: 16, I: 64, H: 128, O: 64 };
const ROUNDS = 5;

export interface SpeedRow {
  readonly name: string;
  /** Of one run on the GPU. */
  readonly ms: number;
  readonly gflops: number;
  /** Of the FMA peak measured right before it; the median over rounds. */
  readonly shareOfPeak: number;
}

export interface SpeedReport {
  readonly adapter: AdapterDescription;
  readonly peakGflops: number;
  readonly rows: readonly SpeedRow[];
  readonly step: {
    readonly dispatches: number;
    /** From compiling with nothing cached to a program that is ready. */
    readonly compileMs: number;
    readonly pipelines: number;
    /** Host time of one `run`, for each of its dispatches, with the inputs uploaded from typed arrays. */
    readonly hostMicrosecondsPerDispatch: number;
    /** What of it is the upload: the host time of `queue.writeBuffer` for all inputs. */
    readonly uploadMicrosecondsPerDispatch: number;
    /** Wall time of a step in a loop that reads nothing back. */
    readonly wallMs: number;
    /** GPU time of each dispatch, measured on its own. */
    readonly parts: readonly { readonly kernel: string; readonly ms: number }[];
  };
}

/** Uniform, of variance 1 / rows: states neither vanish nor saturate. The bench knows nothing of layers and their initialisers. */
const scaled: Initializer = ([rows, columns], random) =>
  Float32Array.from({ length: rows * columns }, () => (2 * random.uniform() - 1) * Math.sqrt(3 / rows));

function trainingStep({ T, B, I, H, O } = STEP) {
  const x = input([T, B, I]);
  const target = input([T, B, O]);
  const U = variable("speed/U", [I, H], scaled);
  const W = variable("speed/W", [H, H], scaled);
  const b = variable("speed/b", [H]);
  const V = variable("speed/V", [H, O], scaled);
  const c = variable("speed/c", [O]);
  const { sequence } = rnn(x, { U, W, b });
  const loss = meanSquaredError(add(matmul(sequence, V), c) as F32, target);
  const updates = sgd({ learningRate: 0.1 })(clipNorm(gradient(loss, [U, W, b, V, c]), 1));
  return { inputs: { x, target }, outputs: { loss }, updates, label: "training step" };
}

/** Values in [-1, 1) without a pattern that a kernel could profit from. */
function noise(size: number): Float32Array {
  let state = 1;
  return Float32Array.from({ length: size }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

const batchOf = (inputs: Readonly<Record<string, Tensor>>) =>
  Object.fromEntries(Object.entries(inputs).map(([name, tensor]) => [name, noise(tensor.size)])) as never;

/** The dispatches of all nodes of an op, each with the kernel's name. */
function dispatchesOf(program: GpuProgram, op: string): readonly PlacedDispatch[] {
  const names = program.plan.nodes.flatMap(({ node, lowering }) => lowering.dispatches.map(() => node.op.name));
  return program.placed.filter((_, i) => names[i] === op);
}

async function timeDispatches(parts: GpuParts, dispatches: readonly PlacedDispatch[], samples: number): Promise<number> {
  const recording = await Recording.create(parts.gpu, "timed", dispatches);
  try {
    return (await timeGpu(parts.gpu, (pass) => recording.encode(pass), { samples, warmUp: 1 })).median;
  } finally {
    recording.dispose();
  }
}

/**
 * The figures of `unroll verify --speed`: the register FMA peak; matmul 512³, the walk forward and backward at T=128 B=16 H=128 and
 * the training step at T=128 B=16 I=64 H=128 O=64 as shares of it, each measured in turn with the peak, medians of rounds.
 */
export async function measureSpeed(source: GPU | undefined, log: (line: string) => void = () => {}): Promise<SpeedReport> {
  const engine = await Engine.create({ gpu: source });
  const parts = gpuPartsOf(engine) as GpuParts;
  try {
    const { T, B, I, H, O } = STEP;
    const before = engine.pipelinesCreated;
    const start = performance.now();
    const step = (await compile(engine, trainingStep())) as unknown as GpuProgram;
    const compileMs = performance.now() - start;
    const pipelines = engine.pipelinesCreated - before;
    const [a, bb] = [input([512, 512]), input([512, 512])];
    const product = (await compile(engine, { inputs: { a, b: bb }, outputs: { y: matmul(a, bb) } })) as unknown as GpuProgram;
    for (const program of [step, product])
      await (program as Program).run(batchOf(program.spec.inputs), { read: [Object.keys(program.spec.outputs)[0]] });

    const peak = await fmaPeakProbe(parts.gpu);
    const walk = 2 * T * B * H * H;
    const subjects = [
      { name: "matmul 512³", flops: 2 * 512 ** 3, dispatches: product.placed },
      { name: "walk forward T128 B16 H128", flops: walk, dispatches: dispatchesOf(step, "rnnWalk") },
      { name: "walk backward T128 B16 H128", flops: walk, dispatches: dispatchesOf(step, "rnnWalkGradient") },
      { name: "training step T128 B16 I64 H128 O64", flops: 6 * T * B * (I * H + H * H + H * O), dispatches: step.placed },
    ];
    log(`adapter: ${formatAdapter(engine.adapter)}`);
    const peaks: number[] = [];
    const times = subjects.map((): number[] => []);
    const shares = subjects.map((): number[] => []);
    for (let round = 0; round < ROUNDS; round++)
      for (const [i, { flops, dispatches }] of subjects.entries()) {
        const reference = await peak.measure();
        const ms = await timeDispatches(parts, dispatches, 3);
        peaks.push(reference);
        times[i].push(ms);
        shares[i].push(flops / (ms / 1e3) / reference);
      }
    peak.dispose();
    const rows = subjects.map(({ name, flops }, i): SpeedRow => {
      const ms = median(times[i]);
      return { name, ms, gflops: flops / ms / 1e6, shareOfPeak: median(shares[i]) };
    });
    const peakGflops = median(peaks) / 1e9;
    log(`register FMA peak: ${peakGflops.toFixed(1)} GFLOP/s (median of ${peaks.length})`);
    for (const row of rows) log(formatRow(row));
    const partsMs: { kernel: string; ms: number }[] = [];
    for (const dispatch of step.placed) partsMs.push({ kernel: dispatch.kernel.name, ms: await timeDispatches(parts, [dispatch], 3) });
    const host = await timeHost(parts, step);
    log(`${step.dispatches} dispatches in one submit; ${pipelines} pipelines, ready after ${compileMs.toFixed(0)} ms`);
    const [own, upload] = [host.microseconds - host.uploadMicroseconds, host.uploadMicroseconds].map((us) => us.toFixed(1));
    log(`host: ${own} µs per dispatch, and ${upload} µs of uploading inputs; wall: ${host.wallMs.toFixed(1)} ms per step`);
    for (const part of partsMs) log(`  ${part.ms.toFixed(3).padStart(8)} ms  ${part.kernel}`);
    return {
      adapter: engine.adapter,
      peakGflops,
      rows,
      step: {
        dispatches: step.dispatches,
        compileMs,
        pipelines,
        hostMicrosecondsPerDispatch: host.microseconds,
        uploadMicrosecondsPerDispatch: host.uploadMicroseconds,
        wallMs: host.wallMs,
        parts: partsMs,
      },
    };
  } finally {
    engine.dispose();
  }
}

const formatRow = ({ name, ms, gflops, shareOfPeak }: SpeedRow): string =>
  `${name.padEnd(36)} ${ms.toFixed(2).padStart(8)} ms  ${gflops.toFixed(2).padStart(6)} GFLOP/s  ${(100 * shareOfPeak).toFixed(1).padStart(5)} % of peak`;

/**
 * Host time of `run` up to its return (upload, encoding and submit happen before that), taken while the GPU is idle: a software GPU
 * takes the processor that the host needs. And wall time of a step in a loop that never waits, which also warms the host's code up.
 */
async function timeHost(
  { gpu }: GpuParts,
  program: GpuProgram,
): Promise<{ microseconds: number; uploadMicroseconds: number; wallMs: number }> {
  const batch = batchOf(program.spec.inputs);
  const arrays = Object.values<Float32Array<ArrayBuffer>>(batch);
  const runs = 60;
  const start = performance.now();
  for (let i = 0; i < runs; i++) await (program as Program).run(batch);
  await (program as Program).run(batch, { read: ["loss"] });
  const wallMs = (performance.now() - start) / (runs + 1);
  const host: number[] = [];
  for (let i = 0; i < runs; i++) {
    await gpu.device.queue.onSubmittedWorkDone();
    const begin = performance.now();
    const pending = (program as Program).run(batch);
    host.push(performance.now() - begin);
    await pending;
  }
  await gpu.device.queue.onSubmittedWorkDone();
  const buffers = arrays.map(({ byteLength }) => gpu.createBuffer("timed upload", byteLength, USAGE.COPY_DST));
  const uploads: number[] = [];
  for (let i = 0; i < runs; i++) {
    const begin = performance.now();
    for (const [n, buffer] of buffers.entries()) gpu.device.queue.writeBuffer(buffer, 0, arrays[n]);
    uploads.push(performance.now() - begin);
    await gpu.device.queue.onSubmittedWorkDone();
  }
  for (const buffer of buffers) gpu.destroyBuffer(buffer);
  const perDispatch = (times: number[]) => (1e3 * median(times)) / program.dispatches;
  return { microseconds: perDispatch(host), uploadMicroseconds: perDispatch(uploads), wallMs };
}
