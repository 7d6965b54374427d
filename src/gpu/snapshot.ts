import { type Gpu, USAGE } from "./gpu.ts";

/** A copy of a buffer of a caller's, made on the queue, which its owner does not write to. */
export interface Snapshot {
  readonly buffer: GPUBuffer;
  /** Why WebGPU refused to copy it. */
  readonly refusal: Promise<GPUError | null>;
  free(): void;
}

/** Whether work that waits must copy a buffer: what belongs to the engine is written only by work that waits its turn, too. */
export const mustCopy = (gpu: Gpu, buffer: GPUBuffer): boolean =>
  !gpu.owns(buffer) && (buffer.usage & USAGE.COPY_SRC) !== 0 && buffer.size % 4 === 0 && buffer.mapState === "unmapped";

/** Copies a buffer as it stands on the queue now. */
export function snapshot(gpu: Gpu, from: GPUBuffer): Snapshot {
  const buffer = gpu.createBuffer("kept", from.size, USAGE.COPY_SRC | USAGE.COPY_DST | USAGE.STORAGE);
  const refusal = gpu.guard(() => {
    const encoder = gpu.device.createCommandEncoder({ label: "keep" });
    encoder.copyBufferToBuffer(from, 0, buffer, 0, from.size);
    gpu.device.queue.submit([encoder.finish()]);
  });
  return { buffer, refusal, free: () => gpu.destroyBuffer(buffer) };
}
