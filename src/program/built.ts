import { check } from "../errors.ts";
import { align, type Gpu, USAGE } from "../gpu/gpu.ts";
import { type Location, type PlacedDispatch, Recording } from "../gpu/recorder.ts";
import type { Kernel } from "../graph/kernel.ts";
import type { TensorType } from "../graph/types.ts";
import { STATUS } from "../graph/update.ts";
import type { Types } from "./batch.ts";
import type { GpuParts } from "./parts.ts";
import type { Uses } from "./uses.ts";

/** One more than the runs in flight, so that a loop that reads each run never waits for a staging buffer. */
const STAGING_BUFFERS = 4;
export const STATUS_BYTES = 4 * STATUS.WORDS;

/** An output that can be read: where it is, and its place in a staging buffer. */
export interface Readback {
  readonly location: Location;
  readonly type: TensorType;
  readonly offset: number;
}

/** Where an optimizer counts its steps. */
export interface StepState {
  readonly name: string;
  readonly control: GPUBuffer;
}

/** Buffers and places of a program, made without waiting for anything. */
export interface Made {
  readonly placed: readonly PlacedDispatch[];
  readonly inputs: ReadonlyMap<string, GPUBuffer>;
  /** u32[1]: the number of the run, or of the step where a trainer's steps are counted. */
  readonly counter: GPUBuffer;
  /** Whether anything reads it: an upload costs a small program as much as a dispatch. */
  readonly counted: boolean;
  /** STATUS words: the engine's where variables change, else the program's own, cleared by each run that checks indices on the GPU. */
  readonly status: GPUBuffer;
  /** Control words of the optimizers, with the states that name them. */
  readonly steps: readonly StepState[];
  readonly readbacks: ReadonlyMap<string, Readback>;
  readonly staging: readonly GPUBuffer[];
}

/** Everything that a program on the GPU is made of. */
export interface Built extends Made {
  readonly recording: Recording;
  /** Of the engine's variables. */
  readonly uses: Uses;
  dispose(): void;
}

/** Keeps a buffer until the program is disposed. */
export type Own = (buffer: GPUBuffer) => GPUBuffer;

/** The words that the checks of a program write: see {@link Made.status}. */
export const statusOf = ({ gpu, status }: Pick<GpuParts, "gpu" | "status">, label: string, updates: boolean, checks: number, own: Own) =>
  updates || checks === 0
    ? status
    : own(gpu.createBuffer(`${label} status`, STATUS_BYTES, USAGE.STORAGE | USAGE.COPY_SRC | USAGE.COPY_DST));

/**
 * Compiles all pipelines, then allocates by `make`. Leaves nothing behind when it fails.
 * @param proof what must not reject before the program may run
 */
export async function assemble(
  { gpu, store }: GpuParts,
  label: string,
  kernels: readonly Kernel[],
  make: (own: Own) => Made,
  proof?: (recording: Recording) => Promise<void>,
): Promise<Built> {
  await Promise.all(kernels.map((kernel) => gpu.pipeline(kernel)));
  gpu.assertUsable();

  const owned: GPUBuffer[] = [];
  let recording: Recording | undefined;
  let undo = () => {};
  const free = () => {
    recording?.dispose();
    for (const buffer of owned) gpu.destroyBuffer(buffer);
  };
  gpu.device.pushErrorScope("out-of-memory");
  let shortage: Promise<GPUError | null> | undefined;
  const endScope = () => {
    shortage ??= gpu.device.popErrorScope().catch(() => null); // a lost device is told elsewhere
    return shortage;
  };
  try {
    const attempt = store.attempt(() =>
      make((buffer) => {
        owned.push(buffer);
        return buffer;
      }),
    );
    undo = attempt.undo;
    void endScope();
    recording = await Recording.create(gpu, label, attempt.value.placed);
    const short = await shortage;
    if (short) throw new Error(short.message);
    await proof?.(recording);
    const { uses } = attempt;
    const dispose = () => {
      free();
      uses.release();
    };
    return { ...attempt.value, recording, uses, dispose };
  } catch (error) {
    const short = await endScope();
    free();
    undo();
    // The reason of whatever else failed.
    check(!short, "limit", () => `compile "${label}": the GPU has too little memory (${short?.message})`);
    throw error;
  }
}

/** Places for outputs in a staging buffer, behind the status, and the buffers themselves. */
export function makeReadbacks(gpu: Gpu, label: string, outputs: Types, locate: (name: string) => Location, updates: boolean, own: Own) {
  let end = align(STATUS_BYTES, 16);
  const readbacks = new Map(
    Object.entries(outputs).map(([name, type]): [string, Readback] => {
      const readback = { location: locate(name), type, offset: end };
      end += align(readback.location.bytes, 16);
      return [name, readback];
    }),
  );
  const staging = Array.from({ length: readbacks.size > 0 || updates ? STAGING_BUFFERS : 0 }, () =>
    own(gpu.createBuffer(`${label} staging`, end, USAGE.MAP_READ | USAGE.COPY_DST)),
  );
  return { readbacks, staging };
}
