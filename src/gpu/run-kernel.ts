import type { Kernel, KernelCall, Workgroups } from "../graph/kernel.ts";
import { bytesPerElement, type HostArray } from "../graph/types.ts";
import { evenBytes, type Gpu, USAGE } from "./gpu.ts";
import { type Location, Recording } from "./recorder.ts";

export interface KernelRun {
  /** For each binding: its values (read, read_write), or how many elements it has (write). */
  readonly buffers: Readonly<Record<string, HostArray | number>>;
  readonly params?: Readonly<Record<string, number>>;
  /** Overrides the kernel's own rule. */
  readonly workgroups?: Workgroups;
}

/** The lengths of what is bound, and the params. */
export const kernelCall = (kernel: Kernel, { buffers, params = {} }: KernelRun): KernelCall => ({
  lengths: Object.fromEntries(
    Object.keys(kernel.bindings).map((name) => {
      const value = buffers[name];
      return [name, typeof value === "number" ? value : value.length];
    }),
  ),
  params,
});

export const ARRAYS = { f32: Float32Array, i32: Int32Array, u32: Uint32Array, f16: Uint16Array } as const;

/**
 * Runs one kernel on its own and returns what it wrote; nothing is checked. All buffers are made for this call and destroyed after it.
 * @param trusted as for a recording.
 */
export async function runKernelOn(
  gpu: Gpu,
  kernel: Kernel,
  run: KernelRun,
  trusted: Promise<void> = gpu.trusted,
): Promise<Record<string, HostArray>> {
  const call = kernelCall(kernel, run);
  const workgroups = (run.workgroups ?? kernel.workgroups?.(call)) as Workgroups;
  const buffers: GPUBuffer[] = [];
  let recording: Recording | undefined;
  try {
    const locations = Object.entries(kernel.bindings).map(([name, { dtype }]): Location => {
      const value = run.buffers[name];
      const bytes = call.lengths[name] * bytesPerElement(dtype);
      const buffer = gpu.createBuffer(`${kernel.name} ${name}`, bytes, USAGE.STORAGE | USAGE.COPY_SRC | USAGE.COPY_DST);
      buffers.push(buffer);
      if (typeof value !== "number") gpu.device.queue.writeBuffer(buffer, 0, evenBytes(value));
      return { buffer, offset: 0, bytes };
    });
    recording = await Recording.create(gpu, kernel.name, [{ kernel, locations, params: call.params, workgroups }], trusted);
    const encoder = gpu.device.createCommandEncoder({ label: kernel.name });
    const pass = encoder.beginComputePass({ label: kernel.name });
    recording.encode(pass);
    pass.end();
    const written = Object.entries(kernel.bindings).flatMap(([name, { dtype, access }], i) => {
      if (access === "read") return [];
      const staging = gpu.createBuffer(`${kernel.name} ${name} staging`, locations[i].bytes, USAGE.MAP_READ | USAGE.COPY_DST);
      buffers.push(staging);
      encoder.copyBufferToBuffer(locations[i].buffer, 0, staging, 0, staging.size);
      return [{ name, dtype, staging, bytes: locations[i].bytes }];
    });
    gpu.device.queue.submit([encoder.finish()]);
    await gpu.track(Promise.all(written.map(({ staging }) => staging.mapAsync(1))));
    return Object.fromEntries(
      written.map(({ name, dtype, staging, bytes }) => [name, new ARRAYS[dtype](staging.getMappedRange().slice(0, bytes))]),
    );
  } finally {
    recording?.dispose();
    for (const buffer of buffers) gpu.destroyBuffer(buffer);
  }
}
