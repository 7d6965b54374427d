import { check } from "../errors.ts";
import { type Gpu, USAGE } from "../gpu/gpu.ts";
import type { Distribution } from "./schema.ts";
import { distribution, median } from "./statistics.ts";

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
  /** Samples stop after this many milliseconds, once there are 3. Default: no limit. */
  readonly budget?: number;
}

/** One run's work, encoded into a pass. `turn` counts the runs, so that they can take turns with their buffers. */
export type Encode = (pass: GPUComputePassEncoder, turn: number) => void;

/** Milliseconds of a number of runs. `gpu` is absent where the device has no timestamps. */
export interface Lap {
  readonly gpu?: number;
  /** From submitting until the host knows that it is done. */
  readonly wall: number;
}

const MOST_REPEATS = 4096;
/** So many times what is wanted is no accident. */
const SURELY = 20;
/** Measurements before the first that counts, at most, and how near to one another the last three must be to stop earlier. */
const MOST_WARM_UP = 12;
const STEADY = 0.05;

/** Times passes: by timestamps around the pass where the device has them, and by the host's clock around submit and completion. */
export class Stopwatch {
  readonly clock: Timing["clock"];
  readonly #gpu: Gpu;
  readonly #timestamps?: { readonly querySet: GPUQuerySet; readonly resolved: GPUBuffer; readonly staging: GPUBuffer };
  #turn = 0;

  constructor(gpu: Gpu) {
    this.#gpu = gpu;
    this.clock = gpu.device.features.has("timestamp-query") ? "gpu" : "wall";
    if (this.clock === "gpu")
      this.#timestamps = {
        querySet: gpu.device.createQuerySet({ type: "timestamp", count: 2 }),
        resolved: gpu.createBuffer("timing", 16, USAGE.QUERY_RESOLVE | USAGE.COPY_SRC),
        staging: gpu.createBuffer("timing staging", 16, USAGE.MAP_READ | USAGE.COPY_DST),
      };
  }

  /** `repeats` runs in one pass. */
  async lap(encode: Encode, repeats: number): Promise<Lap> {
    const [begin, end, wall] = await this.#run(encode, repeats);
    // WebGPU lets timestamps go backwards, when a GPU's clock is reset: such a lap has only the wall's time
    return this.clock === "gpu" && end >= begin ? { gpu: Number(end - begin) / 1e6, wall } : { wall };
  }

  /** When the pass began and ended by the GPU's clock, nanoseconds; 0 where it has none. */
  async stamps(encode: Encode, repeats: number): Promise<readonly [bigint, bigint]> {
    const [begin, end] = await this.#run(encode, repeats);
    return [begin, end];
  }

  async #run(encode: Encode, repeats: number): Promise<readonly [begin: bigint, end: bigint, wall: number]> {
    const { device } = this.#gpu;
    const stamps = this.#timestamps;
    const encoder = device.createCommandEncoder({ label: "timing" });
    const timestampWrites = stamps && { querySet: stamps.querySet, beginningOfPassWriteIndex: 0, endOfPassWriteIndex: 1 };
    const pass = encoder.beginComputePass({ label: "timing", timestampWrites });
    for (let i = 0; i < repeats; i++) encode(pass, this.#turn++);
    pass.end();
    if (stamps) {
      encoder.resolveQuerySet(stamps.querySet, 0, 2, stamps.resolved, 0);
      encoder.copyBufferToBuffer(stamps.resolved, 0, stamps.staging, 0, 16);
    }
    const commands = encoder.finish();
    const start = performance.now();
    device.queue.submit([commands]);
    if (!stamps) {
      await device.queue.onSubmittedWorkDone();
      return [0n, 0n, performance.now() - start];
    }
    await stamps.staging.mapAsync(1);
    const wall = performance.now() - start;
    const [begin, end] = new BigInt64Array(stamps.staging.getMappedRange().slice(0));
    stamps.staging.unmap();
    return [begin, end, wall];
  }

  dispose(): void {
    if (!this.#timestamps) return;
    this.#timestamps.querySet.destroy();
    this.#gpu.destroyBuffer(this.#timestamps.resolved);
    this.#gpu.destroyBuffer(this.#timestamps.staging);
  }
}

/** Samples of `lap(repeats)`, which says how long that many runs took. */
export async function sample(
  lap: (repeats: number) => Promise<Lap>,
  options: TimingOptions = {},
): Promise<{ readonly gpu?: Distribution; readonly wall: Distribution; readonly repeats: number }> {
  const { samples = 7, warmUp = 2, budget = Number.POSITIVE_INFINITY } = options;
  check(Number.isInteger(samples) && samples > 0, "argument", () => `timing: samples must be a whole number of at least 1, not ${samples}`);
  if (warmUp > 0) await lap(warmUp);
  const repeats = options.repeats ?? (await repeatsFor(lap, options.atLeast));
  const laps: Lap[] = [];
  const start = performance.now();
  for (let i = 0; i < samples && (laps.length < 3 || performance.now() - start < budget); i++) laps.push(await lap(repeats));
  const of = (times: readonly number[]) =>
    distribution(
      times.map((time) => time / repeats),
      repeats,
    );
  const gpu = laps.flatMap((one) => (one.gpu === undefined ? [] : [one.gpu]));
  return { gpu: gpu.length === laps.length ? of(gpu) : undefined, wall: of(laps.map(({ wall }) => wall)), repeats };
}

const timeOf = ({ gpu, wall }: Lap): number => gpu ?? wall;

/** Laps of work whose inputs serve `runs` runs: each lap is of as many passes as that takes, and inputs are restored before each. */
export const restoring =
  (lap: (repeats: number) => Promise<Lap>, { runs, restore }: { readonly runs: number; restore(): Promise<void> }) =>
  async (repeats: number): Promise<Lap> => {
    const laps: Lap[] = [];
    for (let left = repeats; left > 0; left -= runs) {
      await restore();
      laps.push(await lap(Math.min(left, runs)));
    }
    return sumOf(laps);
  };

const sumOf = (laps: readonly Lap[]): Lap => ({
  gpu: laps.every(({ gpu }) => gpu !== undefined) ? laps.reduce((sum, { gpu = 0 }) => sum + gpu, 0) : undefined,
  wall: laps.reduce((sum, { wall }) => sum + wall, 0),
});

/** How many runs take `atLeast` milliseconds. Short work must be repeated, as clocks are coarse. */
export async function repeatsFor(lap: (repeats: number) => Promise<Lap>, atLeast?: number): Promise<number> {
  let repeats = 1;
  while (repeats < MOST_REPEATS) {
    const taken = await lap(repeats);
    const wanted = atLeast ?? (taken.gpu === undefined ? 20 : 5);
    let time = timeOf(taken);
    // one long lap may be the machine's doing
    if (time >= wanted && time < SURELY * wanted) time = Math.min(time, timeOf(await lap(repeats)));
    if (time >= wanted) break;
    // a time of 0 is one below the clock's step
    repeats = Math.min(MOST_REPEATS, Math.max(2 * repeats, Math.ceil((1.2 * repeats * wanted) / Math.max(time, wanted / 16))));
  }
  return repeats;
}

/** Runs until three measurements in a row are alike: caches are warm then, clocks are up, and lazy allocations done. */
export async function warmUp(lap: (repeats: number) => Promise<Lap>, repeats: number, budget = 500): Promise<void> {
  const times: number[] = [];
  const start = performance.now();
  while (times.length < MOST_WARM_UP && (times.length < 2 || performance.now() - start < budget)) {
    times.push(timeOf(await lap(repeats)));
    const last = times.slice(-3);
    if (last.length === 3 && Math.max(...last) <= (1 + STEADY) * Math.min(...last)) return;
  }
}

/**
 * Times dispatches within one compute pass: by timestamps around the pass where the device has them, else by the wall clock around
 * submit and completion. `encode` is called once for each run; runs follow one another in the pass.
 */
export async function timeGpu(gpu: Gpu, encode: Encode, options: TimingOptions = {}): Promise<Timing> {
  const stopwatch = new Stopwatch(gpu);
  try {
    const { gpu: onGpu, wall, repeats } = await sample((n) => stopwatch.lap(encode, n), options);
    const { samples } = onGpu ?? wall;
    return {
      median: median(samples),
      min: Math.min(...samples),
      max: Math.max(...samples),
      samples: samples.length,
      repeats,
      clock: onGpu ? "gpu" : "wall",
    };
  } finally {
    stopwatch.dispose();
  }
}
