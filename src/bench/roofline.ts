import { type Gpu, USAGE } from "../gpu/gpu.ts";
import { Recording } from "../gpu/recorder.ts";
import { kernel, write } from "../graph/kernel.ts";
import { barrierProbe, fmaPeakProbe, memoryProbe, type Probe, workgroupPeakProbe } from "./peak.ts";
import type { Roofline } from "./schema.ts";
import { median } from "./statistics.ts";
import { Stopwatch } from "./timing.ts";

const EMPTY = `
@group(0) @binding(0) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) { y[id.x] = 1; }
`;

const KIB = 1024;
/** Both buffers together. */
const WORKING_SETS = [64 * KIB, 512 * KIB, 4 * KIB ** 2, 32 * KIB ** 2, 256 * KIB ** 2];
const QUICK_WORKING_SETS = [64 * KIB, 4 * KIB ** 2, 256 * KIB ** 2];

/** Measures what the device can do, with kernels that do nothing else. Each is the best of a few: a roof is what can be reached. */
export async function measureRoofline(
  gpu: Gpu,
  { quick = false, signal }: { quick?: boolean; signal?: AbortSignal } = {},
): Promise<Roofline> {
  const rounds = quick ? 2 : 4;
  const best = async (make: Promise<Probe>): Promise<number> => {
    const probe = await make;
    try {
      let most = 0;
      for (let i = 0; i < rounds && !signal?.aborted; i++) most = Math.max(most, await probe.measure());
      return most;
    } finally {
      probe.dispose();
    }
  };
  const { maxBufferSize, maxStorageBufferBindingSize } = gpu.device.limits;
  const fits = (bytes: number) => bytes / 2 <= Math.min(maxBufferSize, maxStorageBufferBindingSize);
  const memory: { workingSetBytes: number; bytesPerSecond: number }[] = [];
  for (const workingSetBytes of (quick ? QUICK_WORKING_SETS : WORKING_SETS).filter(fits))
    memory.push({ workingSetBytes, bytesPerSecond: await best(memoryProbe(gpu, workingSetBytes)) });
  return {
    fma: {
      scalar: await best(fmaPeakProbe(gpu, "scalar")),
      vec4: await best(fmaPeakProbe(gpu, "vec4")),
      ...(gpu.traits.f16 ? { f16: await best(fmaPeakProbe(gpu, "f16")) } : {}),
    },
    memory,
    workgroupBytesPerSecond: await best(workgroupPeakProbe(gpu)),
    barrierNanoseconds: 1e9 / (await best(barrierProbe(gpu))),
    ...(await latencies(gpu, quick ? 9 : 31)),
  };
}

/** Medians, for here it is what one commonly waits that counts. */
async function latencies(
  gpu: Gpu,
  times: number,
): Promise<Pick<Roofline, "dispatchMicroseconds" | "submitMicroseconds" | "readbackMicroseconds">> {
  const { device } = gpu;
  const buffer = gpu.createBuffer("latency", 256, USAGE.STORAGE | USAGE.COPY_SRC);
  const staging = gpu.createBuffer("latency staging", 16, USAGE.MAP_READ | USAGE.COPY_DST);
  const locations = [{ buffer, offset: 0, bytes: 256 }];
  const empty = kernel({ name: "empty", wgsl: EMPTY, bindings: { y: write("f32") } });
  const recording = await Recording.create(gpu, "empty", [{ kernel: empty, locations, params: {}, workgroups: [1, 1, 1] }]);
  const stopwatch = new Stopwatch(gpu);
  const timed = async (work: () => Promise<unknown>): Promise<number> => {
    const all: number[] = [];
    for (let i = 0; i < times; i++) {
      const start = performance.now();
      await work();
      all.push(performance.now() - start);
    }
    return 1e3 * median(all);
  };
  try {
    const few = 16;
    const many = 528;
    const dispatches: number[] = [];
    for (let i = 0; i < times; i++) {
      const time = async (count: number) => {
        const { gpu: onGpu, wall } = await stopwatch.lap((pass) => recording.encode(pass), count);
        return onGpu ?? wall;
      };
      // the difference of two lengths: what a pass costs once falls away
      dispatches.push((1e3 * ((await time(many)) - (await time(few)))) / (many - few));
    }
    return {
      dispatchMicroseconds: Math.max(0, median(dispatches)),
      submitMicroseconds: await timed(() => {
        device.queue.submit([device.createCommandEncoder().finish()]);
        return device.queue.onSubmittedWorkDone();
      }),
      readbackMicroseconds: await timed(async () => {
        const encoder = device.createCommandEncoder();
        encoder.copyBufferToBuffer(buffer, 0, staging, 0, 4);
        device.queue.submit([encoder.finish()]);
        await staging.mapAsync(1);
        staging.unmap();
      }),
    };
  } finally {
    stopwatch.dispose();
    recording.dispose();
    gpu.destroyBuffer(buffer);
    gpu.destroyBuffer(staging);
  }
}
