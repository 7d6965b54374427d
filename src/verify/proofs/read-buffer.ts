import { type Gpu, USAGE } from "../../gpu/gpu.ts";

/** The floats at the start of a buffer. */
export async function readBuffer(gpu: Gpu, buffer: GPUBuffer, bytes: number): Promise<Float32Array> {
  const staging = gpu.createBuffer("verify staging", bytes, USAGE.MAP_READ | USAGE.COPY_DST);
  try {
    const encoder = gpu.device.createCommandEncoder();
    encoder.copyBufferToBuffer(buffer, 0, staging, 0, bytes);
    gpu.device.queue.submit([encoder.finish()]);
    await staging.mapAsync(1);
    return new Float32Array(staging.getMappedRange().slice(0, bytes));
  } finally {
    gpu.destroyBuffer(staging);
  }
}
