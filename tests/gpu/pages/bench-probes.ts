import type { FmaKind } from "../../../shaders/fma_peak.wgsl.ts";
import { fmaPeakJob, type Job, memoryJob, probe, workgroupPeakJob } from "../../../src/bench/peak.ts";
import { requestDevice } from "../../../src/gpu/device.ts";
import { Gpu, USAGE } from "../../../src/gpu/gpu.ts";
import { Recording } from "../../../src/gpu/recorder.ts";

/** What a job leaves in its last buffer; `x` is written into its first one before. */
async function outputOf(gpu: Gpu, { kernel, bytes, params, groups }: Job, x?: Float32Array<ArrayBuffer>): Promise<Float32Array> {
  const usage = USAGE.STORAGE | USAGE.COPY_SRC | USAGE.COPY_DST;
  const buffers = bytes.map((size) => gpu.createBuffer(kernel.name, size, usage));
  const locations = buffers.map((buffer, i) => ({ buffer, offset: 0, bytes: bytes[i] }));
  const size = bytes[bytes.length - 1];
  const staging = gpu.createBuffer("staging", size, USAGE.MAP_READ | USAGE.COPY_DST);
  if (x) gpu.device.queue.writeBuffer(buffers[0], 0, x);
  const recording = await Recording.create(gpu, kernel.name, [{ kernel, locations, params, workgroups: [groups, 1, 1] }]);
  const encoder = gpu.device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  recording.encode(pass);
  pass.end();
  encoder.copyBufferToBuffer(buffers[buffers.length - 1], 0, staging, 0, size);
  gpu.device.queue.submit([encoder.finish()]);
  await staging.mapAsync(1);
  return new Float32Array(staging.getMappedRange().slice(0));
}

async function onDevice<T>(use: (gpu: Gpu) => Promise<T>): Promise<T> {
  const gpu = new Gpu(await requestDevice({}), true);
  try {
    return await use(gpu);
  } finally {
    gpu.dispose();
  }
}

const total = (values: Float32Array): number => values.reduce((sum, value) => sum + value, 0);

/** FLOPs as the device counts them: with m = 1 and c = 1 each multiply-add adds 1. What accumulators begin with goes off, by a run of no turns. */
export const countedFlops = (kind: FmaKind) =>
  onDevice(async (gpu) => {
    const job = fmaPeakJob(gpu.traits.software, kind);
    const run = async (turns: number) => total(await outputOf(gpu, { ...job, params: { turns, m: 1, c: 1 } }));
    return { counted: 2 * ((await run(job.params.turns)) - (await run(0))), work: job.work };
  });

/** Bytes read from workgroup memory as the device counts them: all words of it are 1, so that their sum is their number. */
export const countedReads = () =>
  onDevice(async (gpu) => {
    const job = workgroupPeakJob(gpu.traits.software);
    const wgsl = job.kernel.wgsl.replace("vec4<f32>(f32(i))", "vec4<f32>(1.0)");
    return { counted: 4 * total(await outputOf(gpu, { ...job, kernel: { ...job.kernel, wgsl } })), work: job.work };
  });

/** Elements that the copy of a working set gets wrong, as it runs on software or on hardware, and its rate in bytes/s. */
export const copies = (software: boolean, workingSetBytes: number) =>
  onDevice(async (gpu) => {
    const job = memoryJob(software, workingSetBytes);
    const x = Float32Array.from({ length: job.bytes[0] / 4 }, (_, i) => i + 1);
    const y = await outputOf(gpu, job, x);
    const measured = await probe(gpu, job);
    const rate = await measured.measure();
    measured.dispose();
    return { wrong: x.reduce((wrong, value, i) => wrong + (value === y[i] ? 0 : 1), 0), rate };
  });
