import { COPY_INVOCATIONS, COPY_ITEMS, copyPeakShader } from "../../shaders/copy_peak.wgsl.ts";
import { type FmaKind, fmaPeakShader, PEAK_ACCUMULATORS, PEAK_LANES, PEAK_UNROLL } from "../../shaders/fma_peak.wgsl.ts";
import { BARRIERS, barrierPeakShader, GROUP, GROUP_READS, workgroupPeakShader } from "../../shaders/workgroup_peak.wgsl.ts";
import { type Gpu, USAGE } from "../gpu/gpu.ts";
import { Recording } from "../gpu/recorder.ts";
import { type Kernel, kernel, read, write } from "../graph/kernel.ts";
import { timeGpu } from "./timing.ts";

/** Workgroups that fill a device. */
const GROUPS = { software: 64, hardware: 4096 };
const TURNS = 256;

/** A measurement that can be repeated between others. */
export interface Probe {
  /** One measurement, FLOP/s or bytes/s (of barriers: barriers/s of a workgroup). */
  measure(): Promise<number>;
  dispose(): void;
}

/** What a probe dispatches: pure, so that what it is said to do can be held against what its kernel does. */
export interface Job {
  readonly kernel: Kernel;
  /** Bytes of each binding. */
  readonly bytes: readonly number[];
  readonly params: Readonly<Record<string, number>>;
  readonly groups: number;
  /** What one run does: the rate is of this. */
  readonly work: number;
}

/** Buffers of its own for one kernel, and its rate. */
export async function probe(gpu: Gpu, { kernel, bytes, params, groups, work }: Job): Promise<Probe> {
  const buffers = bytes.map((size) => gpu.createBuffer(kernel.name, size, USAGE.STORAGE));
  const locations = buffers.map((buffer, i) => ({ buffer, offset: 0, bytes: bytes[i] }));
  const most = gpu.device.limits.maxComputeWorkgroupsPerDimension;
  const rows = Math.ceil(groups / most);
  const recording = await Recording.create(gpu, kernel.name, [{ kernel, locations, params, workgroups: [groups / rows, rows, 1] }]);
  return {
    async measure() {
      const { median } = await timeGpu(gpu, (pass) => recording.encode(pass), { samples: 3, warmUp: 1 });
      return work / (median / 1e3);
    },
    dispose() {
      recording.dispose();
      for (const buffer of buffers) gpu.destroyBuffer(buffer);
    },
  };
}

const groupsFor = (software: boolean): number => (software ? GROUPS.software : GROUPS.hardware);

export function fmaPeakJob(software: boolean, kind: FmaKind): Job {
  const groups = groupsFor(software);
  const invocations = 64 * groups;
  return {
    kernel: kernel({
      name: kind === "scalar" ? "fma_peak" : `fma_peak ${kind}`,
      wgsl: fmaPeakShader(kind),
      bindings: { y: write("f32") },
      params: { turns: "u32", m: "f32", c: "f32" },
    }),
    bytes: [4 * invocations],
    params: { turns: TURNS, m: 0.5, c: 1 },
    groups,
    work: 2 * PEAK_ACCUMULATORS * PEAK_UNROLL * PEAK_LANES[kind] * TURNS * invocations,
  };
}

/** The rate of multiply-adds on registers, measured on the device: what shares of a peak refer to. FLOP/s. */
export const fmaPeakProbe = (gpu: Gpu, kind: FmaKind = "scalar"): Promise<Probe> => probe(gpu, fmaPeakJob(gpu.traits.software, kind));

/** Elements of the copy: as many as pooling is measured with, 8·56·56·64. */
const COPIED = 8 * 56 * 56 * 64;
/** Bytes that one workgroup reads in one turn; it writes as many. */
const GROUP_BYTES = 16 * COPY_INVOCATIONS * COPY_ITEMS;

export function copyPeakJob(elements: number): Job {
  const groups = Math.max(1, Math.ceil((4 * elements) / GROUP_BYTES));
  const bytes = GROUP_BYTES * groups;
  return {
    kernel: kernel({ name: "copy_peak", wgsl: copyPeakShader(), bindings: { x: read("f32"), y: write("f32") } }),
    bytes: [bytes, bytes],
    params: {},
    groups,
    work: 2 * bytes,
  };
}

/** The bytes per second, read and written, of a plain copy from one buffer to another. `elements` is rounded up to 1,024. */
export const copyPeakProbe = (gpu: Gpu, elements = COPIED): Promise<Probe> => probe(gpu, copyPeakJob(elements));

/** Bytes read and written within one dispatch at least: much more than the dispatch itself costs. */
const LEAST_MOVED = { software: 16 * 2 ** 20, hardware: 256 * 2 ** 20 };

export function memoryJob(software: boolean, workingSetBytes: number): Job {
  const bytes = workingSetBytes / 2;
  const parts = bytes / GROUP_BYTES;
  // A small set has too few parts to fill a GPU: there more workgroups wrap around within it, which copy the same to the same places.
  const groups = software ? parts : Math.max(parts, GROUPS.hardware);
  const moved = 2 * GROUP_BYTES * groups;
  const turns = Math.max(1, Math.ceil((software ? LEAST_MOVED.software : LEAST_MOVED.hardware) / moved));
  return {
    kernel: kernel({
      name: "copy_peak turns",
      wgsl: copyPeakShader({ turns: true }),
      bindings: { x: read("f32"), y: write("f32") },
      params: { turns: "u32" },
    }),
    bytes: [bytes, bytes],
    params: { turns },
    groups,
    work: moved * turns,
  };
}

/** The same for a working set, both buffers together, of a power of two of bytes; a small one is copied many times in one dispatch. */
export const memoryProbe = (gpu: Gpu, workingSetBytes: number): Promise<Probe> =>
  probe(gpu, memoryJob(gpu.traits.software, workingSetBytes));

export function workgroupPeakJob(software: boolean): Job {
  const groups = groupsFor(software);
  return {
    kernel: kernel({ name: "workgroup_peak", wgsl: workgroupPeakShader(), bindings: { y: write("f32") }, params: { turns: "u32" } }),
    bytes: [4 * GROUP * groups],
    params: { turns: TURNS },
    groups,
    work: 16 * GROUP_READS * TURNS * GROUP * groups,
  };
}

/** Bytes per second read from workgroup memory, over all workgroups. */
export const workgroupPeakProbe = (gpu: Gpu): Promise<Probe> => probe(gpu, workgroupPeakJob(gpu.traits.software));

export const barrierJob = (): Job => ({
  kernel: kernel({ name: "barrier_peak", wgsl: barrierPeakShader(), bindings: { y: write("f32") }, params: { turns: "u32" } }),
  bytes: [4 * GROUP],
  params: { turns: TURNS },
  groups: 1,
  work: 2 * BARRIERS * TURNS,
});

/** Barriers per second of one workgroup of 64, alone on the device: the latency of one, not what many hide. */
export const barrierProbe = (gpu: Gpu): Promise<Probe> => probe(gpu, barrierJob());
