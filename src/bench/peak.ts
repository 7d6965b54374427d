import { COPY_INVOCATIONS, COPY_ITEMS, copyPeakShader } from "../../shaders/copy_peak.wgsl.ts";
import { fmaPeakShader, PEAK_ACCUMULATORS, PEAK_UNROLL } from "../../shaders/fma_peak.wgsl.ts";
import { type Gpu, USAGE } from "../gpu/gpu.ts";
import { Recording } from "../gpu/recorder.ts";
import { kernel, read, write } from "../graph/kernel.ts";
import { timeGpu } from "./timing.ts";

const GROUPS = { software: 64, hardware: 4096 };
const TURNS = 256;

/** A measurement that can be repeated between others. */
export interface Probe {
  /** One measurement, FLOP/s or bytes/s. */
  measure(): Promise<number>;
  dispose(): void;
}

/** The rate of f32 multiply-adds on registers, measured on the device: what shares of a peak refer to. */
export async function fmaPeakProbe(gpu: Gpu): Promise<Probe> {
  const groups = gpu.traits.software ? GROUPS.software : GROUPS.hardware;
  const invocations = 64 * groups;
  const buffer = gpu.createBuffer("fma peak", 4 * invocations, USAGE.STORAGE);
  const peak = kernel({
    name: "fma_peak",
    wgsl: fmaPeakShader(),
    bindings: { y: write("f32") },
    params: { turns: "u32", m: "f32", c: "f32" },
  });
  const recording = await Recording.create(gpu, "fma peak", [
    {
      kernel: peak,
      locations: [{ buffer, offset: 0, bytes: 4 * invocations }],
      params: { turns: TURNS, m: 0.5, c: 1 },
      workgroups: [groups, 1, 1],
    },
  ]);
  const flops = 2 * PEAK_ACCUMULATORS * PEAK_UNROLL * TURNS * invocations;
  return {
    async measure() {
      const { median } = await timeGpu(gpu, (pass) => recording.encode(pass), { samples: 3, warmUp: 1 });
      return flops / (median / 1e3);
    },
    dispose() {
      recording.dispose();
      gpu.destroyBuffer(buffer);
    },
  };
}

/** Elements of the copy: as many as pooling is measured with, 8·56·56·64. */
const COPIED = 8 * 56 * 56 * 64;

/** The bytes per second, read and written, of a plain copy from one buffer to another. */
export async function copyPeakProbe(gpu: Gpu): Promise<Probe> {
  const bytes = 4 * COPIED;
  const buffers = ["copied", "copy"].map((label) => gpu.createBuffer(label, bytes, USAGE.STORAGE));
  const recording = await Recording.create(gpu, "copy peak", [
    {
      kernel: kernel({ name: "copy_peak", wgsl: copyPeakShader(), bindings: { x: read("f32"), y: write("f32") } }),
      locations: buffers.map((buffer) => ({ buffer, offset: 0, bytes })),
      params: {},
      workgroups: [COPIED / (4 * COPY_INVOCATIONS * COPY_ITEMS), 1, 1],
    },
  ]);
  return {
    async measure() {
      const { median } = await timeGpu(gpu, (pass) => recording.encode(pass), { samples: 3, warmUp: 1 });
      return (2 * bytes) / (median / 1e3);
    },
    dispose() {
      recording.dispose();
      for (const buffer of buffers) gpu.destroyBuffer(buffer);
    },
  };
}
