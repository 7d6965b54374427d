import { check } from "../errors.ts";
import { type Gpu, USAGE } from "../gpu/gpu.ts";

/** How long something takes. All times in milliseconds. */
export interface Timing {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** Measurements that the median is of. */
  readonly samples: number;
  /** How often it ran within each measurement, one run right after the other. */
  readonly repeats: number;
  /** `gpu`: timestamps that the GPU writes. `wall`: the clock of the host, which includes submitting and waiting. */
  readonly clock: "gpu" | "wall";
}

export interface TimingOptions {
  /** Default 7. */
  readonly samples?: number;
  /** Runs before the first measurement: compilation, caches, clocks. Default 2. */
  readonly warmUp?: number;
  /** Runs within each measurement. By default as many as take `atLeast` milliseconds. */
  readonly repeats?: number;
  /** Default 20 (for `gpu` 5): short work must be repeated, as clocks are coarse (65 µs for timestamps in many browsers). */
  readonly atLeast?: number;
}

const MOST_REPEATS = 4096;

export function median(values: readonly number[]): number {
  check(values.length > 0, "argument", "median: there are no values");
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * Times dispatches within one compute pass: by timestamps around the pass where the device has them, else by the wall clock around
 * submit and completion. `encode` is called once for each run; runs follow one another in the pass.
 */
export async function timeGpu(gpu: Gpu, encode: (pass: GPUComputePassEncoder) => void, options: TimingOptions = {}): Promise<Timing> {
  const { device } = gpu;
  const record = (repeats: number, timestampWrites?: GPUComputePassTimestampWrites): GPUCommandEncoder => {
    const encoder = device.createCommandEncoder({ label: "timing" });
    const pass = encoder.beginComputePass({ label: "timing", timestampWrites });
    for (let i = 0; i < repeats; i++) encode(pass);
    pass.end();
    return encoder;
  };
  if (!device.features.has("timestamp-query")) {
    const measure = async (repeats: number): Promise<number> => {
      const commands = record(repeats).finish();
      const start = performance.now();
      device.queue.submit([commands]);
      await device.queue.onSubmittedWorkDone();
      return performance.now() - start;
    };
    return collect("wall", measure, options);
  }
  const querySet = device.createQuerySet({ type: "timestamp", count: 2 });
  const resolved = gpu.createBuffer("timing", 16, USAGE.QUERY_RESOLVE | USAGE.COPY_SRC);
  const staging = gpu.createBuffer("timing staging", 16, USAGE.MAP_READ | USAGE.COPY_DST);
  const measure = async (repeats: number): Promise<number> => {
    const encoder = record(repeats, { querySet, beginningOfPassWriteIndex: 0, endOfPassWriteIndex: 1 });
    encoder.resolveQuerySet(querySet, 0, 2, resolved, 0);
    encoder.copyBufferToBuffer(resolved, 0, staging, 0, 16);
    device.queue.submit([encoder.finish()]);
    await staging.mapAsync(1);
    const [begin, end] = new BigInt64Array(staging.getMappedRange().slice(0));
    staging.unmap();
    return Number(end - begin) / 1e6;
  };
  try {
    return await collect("gpu", measure, { atLeast: 5, ...options });
  } finally {
    querySet.destroy();
    gpu.destroyBuffer(resolved);
    gpu.destroyBuffer(staging);
  }
}

/** `measure(repeats)` says how many milliseconds that many runs took. */
async function collect(clock: Timing["clock"], measure: (repeats: number) => Promise<number>, options: TimingOptions): Promise<Timing> {
  const { samples = 7, warmUp = 2, atLeast = 20 } = options;
  check(Number.isInteger(samples) && samples > 0, "argument", () => `timing: samples must be a whole number of at least 1, not ${samples}`);
  if (warmUp > 0) await measure(warmUp);
  let repeats = options.repeats ?? 1;
  if (options.repeats === undefined)
    while (repeats < MOST_REPEATS) {
      const time = await measure(repeats);
      if (time >= atLeast) break;
      // a time of 0 is one below the clock's step
      repeats = Math.min(MOST_REPEATS, Math.max(2 * repeats, Math.ceil((1.2 * repeats * atLeast) / Math.max(time, atLeast / 16))));
    }
  const times: number[] = [];
  for (let i = 0; i < samples; i++) times.push((await measure(repeats)) / repeats);
  return { median: median(times), min: Math.min(...times), max: Math.max(...times), samples, repeats, clock };
}
