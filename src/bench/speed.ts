import { type AdapterDescription, formatAdapter } from "../gpu/device.ts";
import { USAGE } from "../gpu/gpu.ts";
import { type PlacedDispatch, Recording } from "../gpu/recorder.ts";
import { input } from "../graph/tensor.ts";
import { matmul } from "../ops/matmul/matmul.ts";
import { compile } from "../program/compile.ts";
import { Engine } from "../program/engine.ts";
import type { GpuProgram } from "../program/gpu-program.ts";
import { type GpuParts, gpuPartsOf } from "../program/parts.ts";
import type { Program } from "../program/program.ts";
import { copyPeakProbe, fmaPeakProbe } from "./peak.ts";
import { median } from "./statistics.ts";
import { timeGpu } from "./timing.ts";
import { batchOf, convolutions, leNetStep, poolings, STEP, trainingStep } from "./workloads.ts";

const ROUNDS = 5;

/** What a share refers to: multiply-adds on registers, or a plain copy. */
type Roof = "FMA peak" | "copy";

export interface SpeedRow {
  readonly name: string;
  /** Of one run on the GPU. */
  readonly ms: number;
  /** GFLOP/s or, beside the copy, GB/s. */
  readonly rate: number;
  readonly roof: Roof;
  /** Of the roof, measured right before it; the median over rounds. */
  readonly share: number;
}

export interface StepReport {
  readonly name: string;
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
}

export interface SpeedReport {
  readonly adapter: AdapterDescription;
  readonly peakGflops: number;
  readonly copyGbps: number;
  readonly rows: readonly SpeedRow[];
  /** The training step of an RNN, and one in the manner of LeNet. */
  readonly steps: readonly StepReport[];
}

interface Subject {
  readonly name: string;
  readonly dispatches: readonly PlacedDispatch[];
  readonly flops?: number;
  readonly bytes?: number;
}

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

/** Compiles, and runs once. */
async function prepared(engine: Engine, spec: Parameters<typeof compile>[1]): Promise<GpuProgram> {
  const program = (await compile(engine, spec)) as unknown as GpuProgram;
  await (program as Program).run(batchOf(program.spec.inputs), { read: [Object.keys(program.spec.outputs)[0]] });
  return program;
}

/** An op of a program with what its definition says that it costs. */
function subject(name: string, program: GpuProgram, op: string, roof: Roof): Subject {
  const planned = program.plan.nodes.filter(({ node }) => node.op.name === op);
  const costs = planned.map(({ node }) => node.op.cost(node));
  const total = (part: "flops" | "bytes") => costs.reduce((sum, cost) => sum + cost[part], 0);
  const cost = roof === "copy" ? { bytes: total("bytes") } : { flops: total("flops") };
  return { name, dispatches: dispatchesOf(program, op), ...cost };
}

async function subjectsOf(engine: Engine, step: GpuProgram): Promise<readonly Subject[]> {
  const { T, B, I, H, O } = STEP;
  const [a, b] = [input([512, 512]), input([512, 512])];
  const product = await prepared(engine, { inputs: { a, b }, outputs: { y: matmul(a, b) } });
  const large = await prepared(engine, convolutions(1, 56, 3, 64, 64));
  const small = await prepared(engine, convolutions(16, 28, 5, 1, 16));
  const pool = await prepared(engine, poolings());
  const walk = 2 * T * B * H * H;
  return [
    { name: "matmul 512³", flops: 2 * 512 ** 3, dispatches: product.placed },
    { name: "walk forward T128 B16 H128", flops: walk, dispatches: dispatchesOf(step, "rnnWalk") },
    { name: "walk backward T128 B16 H128", flops: walk, dispatches: dispatchesOf(step, "rnnWalkGradient") },
    { name: "training step T128 B16 I64 H128 O64", flops: 6 * T * B * (I * H + H * H + H * O), dispatches: step.placed },
    subject("conv 3×3 64→64 56² N1", large, "conv2d", "FMA peak"),
    subject("  gradient of x", large, "conv2dInputGradient", "FMA peak"),
    subject("  gradient of the filter", large, "conv2dFilterGradient", "FMA peak"),
    subject("conv 5×5 1→16 28² N16", small, "conv2d", "FMA peak"),
    subject("  gradient of the filter", small, "conv2dFilterGradient", "FMA peak"),
    subject("max pooling 2×2 8×56×56×64", pool, "maxPool2d", "copy"),
    subject("  gradient", pool, "maxUnpool2d", "copy"),
    subject("average pooling 2×2 8×56×56×64", pool, "averagePool2d", "copy"),
    subject("  gradient", pool, "averagePool2dGradient", "copy"),
  ];
}

/** Each subject in turn with its roof, so that a machine whose speed drifts bends both alike. */
async function measureRows(parts: GpuParts, subjects: readonly Subject[]) {
  const probes = { "FMA peak": await fmaPeakProbe(parts.gpu), copy: await copyPeakProbe(parts.gpu) };
  const roofs: Record<Roof, number[]> = { "FMA peak": [], copy: [] };
  const times = subjects.map((): number[] => []);
  const shares = subjects.map((): number[] => []);
  const roofOf = ({ bytes }: Subject): Roof => (bytes === undefined ? "FMA peak" : "copy");
  const workOf = ({ flops = 0, bytes = flops }: Subject): number => bytes;
  for (let round = 0; round < ROUNDS; round++)
    for (const [i, one] of subjects.entries()) {
      const limit = await probes[roofOf(one)].measure();
      const ms = await timeDispatches(parts, one.dispatches, 3);
      roofs[roofOf(one)].push(limit);
      times[i].push(ms);
      shares[i].push(workOf(one) / (ms / 1e3) / limit);
    }
  for (const probe of Object.values(probes)) probe.dispose();
  const rows = subjects.map((one, i): SpeedRow => {
    const ms = median(times[i]);
    return { name: one.name, ms, rate: workOf(one) / ms / 1e6, roof: roofOf(one), share: median(shares[i]) };
  });
  return { rows, peakGflops: median(roofs["FMA peak"]) / 1e9, copyGbps: median(roofs.copy) / 1e9 };
}

/** Compiles a training step with nothing cached, and how long that takes. */
async function compileStep(engine: Engine, spec: Parameters<typeof compile>[1]) {
  const before = engine.pipelinesCreated;
  const start = performance.now();
  const program = (await compile(engine, spec)) as unknown as GpuProgram;
  const compileMs = performance.now() - start;
  await (program as Program).run(batchOf(program.spec.inputs), { read: ["loss"] });
  return { program, compileMs, pipelines: engine.pipelinesCreated - before };
}

async function measureStep(
  parts: GpuParts,
  { program, compileMs, pipelines }: Awaited<ReturnType<typeof compileStep>>,
): Promise<StepReport> {
  const timed: { kernel: string; ms: number }[] = [];
  for (const dispatch of program.placed) timed.push({ kernel: dispatch.kernel.name, ms: await timeDispatches(parts, [dispatch], 3) });
  const host = await timeHost(parts, program);
  return {
    name: program.label,
    dispatches: program.dispatches,
    compileMs,
    pipelines,
    hostMicrosecondsPerDispatch: host.microseconds,
    uploadMicrosecondsPerDispatch: host.uploadMicroseconds,
    wallMs: host.wallMs,
    parts: timed,
  };
}

/**
 * The figures of `unroll verify --speed`: the register FMA peak and the bandwidth of a copy; products, the recurrent walk, convolutions,
 * pooling and their gradients as shares of these, each measured in turn with its roof, medians of rounds; and two training steps.
 */
export async function measureSpeed(source: GPU | undefined, log: (line: string) => void = () => {}): Promise<SpeedReport> {
  const cold = await Engine.create({ gpu: source });
  const engine = await Engine.create({ gpu: source });
  try {
    log(`adapter: ${formatAdapter(engine.adapter)}`);
    const rnn = await compileStep(engine, trainingStep());
    // On an engine of its own, so that no pipeline is there before.
    const leNet = await compileStep(cold, leNetStep());
    const measured = await measureRows(gpuPartsOf(engine) as GpuParts, await subjectsOf(engine, rnn.program));
    log(
      `register FMA peak: ${measured.peakGflops.toFixed(1)} GFLOP/s; copy: ${measured.copyGbps.toFixed(2)} GB/s, read and written (medians)`,
    );
    for (const row of measured.rows) log(formatRow(row));
    const steps = [await measureStep(gpuPartsOf(engine) as GpuParts, rnn), await measureStep(gpuPartsOf(cold) as GpuParts, leNet)];
    for (const line of steps.flatMap(formatStep)) log(line);
    return { adapter: engine.adapter, ...measured, steps };
  } finally {
    engine.dispose();
    cold.dispose();
  }
}

const formatRow = ({ name, ms, rate, roof, share }: SpeedRow): string =>
  `${name.padEnd(36)} ${ms.toFixed(2).padStart(8)} ms  ${rate.toFixed(2).padStart(6)} ${roof === "copy" ? "GB/s   " : "GFLOP/s"}  ${(100 * share).toFixed(1).padStart(5)} % of ${roof === "copy" ? "the copy" : "peak"}`;

function formatStep(step: StepReport): string[] {
  const own = step.hostMicrosecondsPerDispatch - step.uploadMicrosecondsPerDispatch;
  const upload = step.uploadMicrosecondsPerDispatch;
  return [
    `${step.name}: ${step.wallMs.toFixed(1)} ms per step in a loop; ${step.dispatches} dispatches in one submit; ${step.pipelines} pipelines, ready after ${step.compileMs.toFixed(0)} ms`,
    `  host: ${own.toFixed(1)} µs per dispatch, and ${upload.toFixed(1)} µs of uploading inputs`,
    ...step.parts.map(({ kernel, ms }) => `  ${ms.toFixed(3).padStart(8)} ms  ${kernel}`),
  ];
}

/**
 * Host time of `run` up to its return (upload, encoding and submit happen before that), taken while the GPU is idle: a software GPU
 * takes the processor that the host needs. And wall time of a step in a loop that never waits, which also warms the host's code up.
 */
async function timeHost(
  { gpu }: GpuParts,
  program: GpuProgram,
): Promise<{ microseconds: number; uploadMicroseconds: number; wallMs: number }> {
  const batch = batchOf(program.spec.inputs);
  const arrays = Object.values<Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer>>(batch);
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
