import { UnrollError } from "../errors.ts";
import { align, type Gpu, USAGE } from "../gpu/gpu.ts";
import type { Kernel } from "../graph/kernel.ts";
import type { Call, Dispatch, Lowering, Operand } from "../graph/op.ts";
import { byteLength, type HostArray, type TensorType } from "../graph/types.ts";
import { fromHost } from "./prepare.ts";

/** Changes the WGSL of a kernel before it is compiled: how faults are planted. */
export type Transform = (wgsl: string, kernel: Kernel) => string;

export interface RunResult {
  readonly outputs: readonly Float64Array[];
  /** Of the inputs that were asked for, what they hold afterwards. */
  readonly changed: readonly Float64Array[];
  /** A guard word that changed, bits that differ between the two runs, a validation error. */
  readonly problem?: string;
}

/** Bytes behind each buffer that no kernel may touch. */
const GUARD = 256;

/**
 * What fills outputs, temporaries and everything behind a tensor's end before each of the two runs: a NaN, which spreads through
 * sums, and a large number, which shows in minima and maxima that ignore NaN. A kernel that leaves an element out, reads what it did
 * not write or reads beyond an end gives a wrong value in one of the runs.
 */
const POISONS = [0x7fc0dead, 0x7149f2ca] as const;

/**
 * Runs a lowering twice, straight on the device: buffers of its own for every operand with guard words behind, its own bind groups,
 * one dispatch after another. It shares nothing with the planner and the executor but the pipeline cache, so it proves kernels and
 * plans independently of them.
 * @param changed inputs that the kernels write as well, to be read back.
 */
export async function runLowering(
  gpu: Gpu,
  call: Call,
  lowering: Lowering,
  inputs: readonly HostArray[],
  inPlace: number | undefined,
  transform?: Transform,
  changed: readonly number[] = [],
): Promise<RunResult> {
  const types: readonly TensorType[] = [...call.inputs, ...call.outputs, ...(lowering.temporaries ?? [])];
  const firstOutput = call.inputs.length;
  const firstTemporary = firstOutput + call.outputs.length;
  const place = (operand: Operand): number => {
    if ("input" in operand) return operand.input;
    if ("output" in operand) return operand.output + firstOutput;
    return operand.temporary + firstTemporary;
  };
  const made: GPUBuffer[] = [];
  const make = (label: string, bytes: number, usage: number): GPUBuffer => {
    const buffer = gpu.createBuffer(label, bytes, usage);
    made.push(buffer);
    return buffer;
  };
  try {
    const buffers = types.map((type, i) =>
      make(`verify ${i}`, align(byteLength(type), 16) + GUARD, USAGE.STORAGE | USAGE.COPY_DST | USAGE.COPY_SRC),
    );
    const bufferAt = (operand: Operand): GPUBuffer => buffers[place(operand)];
    if (inPlace !== undefined) buffers[firstOutput] = buffers[inPlace];

    const steps = await Promise.all(lowering.dispatches.map((dispatch) => prepareDispatch(gpu, dispatch, bufferAt, make, transform)));
    const offsets: number[] = [];
    let total = 0;
    for (const buffer of buffers) {
      offsets.push(total);
      total += buffer.size;
    }
    const stagings = POISONS.map(() => make("verify staging", total, USAGE.MAP_READ | USAGE.COPY_DST));
    const { device } = gpu;
    device.pushErrorScope("validation");
    POISONS.forEach((poison, run) => {
      types.forEach((_, i) => {
        if (i === firstOutput && inPlace !== undefined) return;
        const words = new Uint32Array(buffers[i].size / 4).fill(poison);
        if (i < firstOutput) new Uint8Array(words.buffer).set(bytesOf(inputs[i]));
        device.queue.writeBuffer(buffers[i], 0, words);
      });
      const encoder = device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      for (const { pipeline, bindGroup, workgroups } of steps) {
        pass.setPipeline(pipeline);
        pass.setBindGroup(0, bindGroup);
        pass.dispatchWorkgroups(workgroups[0], workgroups[1], workgroups[2]);
      }
      pass.end();
      for (const [i, buffer] of buffers.entries()) encoder.copyBufferToBuffer(buffer, 0, stagings[run], offsets[i], buffer.size);
      device.queue.submit([encoder.finish()]);
    });
    const validation = device.popErrorScope();
    const mapped = Promise.all(stagings.map((staging) => staging.mapAsync(1)));
    const error = await validation;
    if (error) {
      await mapped.catch(() => undefined);
      return { outputs: [], changed: [], problem: `the GPU's validation says: ${error.message}` };
    }
    await mapped;
    const runs = stagings.map((staging) => staging.getMappedRange());
    const written = [...call.outputs.map((_, i) => firstOutput + i), ...changed];
    const arrays = written.map((i) => runs.map((bytes) => read(types[i], bytes, offsets[i])));
    const guards = types.flatMap((type, i) =>
      runs.flatMap((bytes, run) =>
        checkGuard(nameOf(i, firstOutput, firstTemporary), type, bytes, offsets[i], buffers[i].size, POISONS[run]),
      ),
    );
    const unequal = arrays.findIndex(([first, second]) => !sameBits(first, second));
    const problem =
      guards[0] ??
      (unequal >= 0
        ? `${nameOf(written[unequal], firstOutput, firstTemporary)} differs between two runs with the same inputs and other garbage around them`
        : undefined);
    const values = arrays.map(([first], i) => fromHost(types[written[i]].dtype, first));
    return { outputs: values.slice(0, call.outputs.length), changed: values.slice(call.outputs.length), problem };
  } finally {
    for (const buffer of made) gpu.destroyBuffer(buffer);
  }
}

interface Step {
  readonly pipeline: GPUComputePipeline;
  readonly bindGroup: GPUBindGroup;
  readonly workgroups: readonly [number, number, number];
}

async function prepareDispatch(
  gpu: Gpu,
  dispatch: Dispatch,
  bufferAt: (operand: Operand) => GPUBuffer,
  make: (label: string, bytes: number, usage: number) => GPUBuffer,
  transform?: Transform,
): Promise<Step> {
  const { kernel, params = {}, workgroups } = dispatch;
  const bound = Object.keys(kernel.bindings).map((name) => {
    const operand = dispatch.bindings[name];
    if (!operand) throw new UnrollError("shader", `kernel "${kernel.name}": the plan binds nothing to "${name}"`);
    return bufferAt(operand);
  });
  const names = Object.keys(kernel.params ?? {});
  if (names.length > 0) {
    const data = new DataView(new ArrayBuffer(align(4 * names.length, 16)));
    names.forEach((name, i) => {
      const value = params[name];
      if (!Number.isFinite(value))
        throw new UnrollError("shader", `kernel "${kernel.name}": the plan gives ${value} for the param "${name}"`);
      const type = kernel.params?.[name];
      if (type === "f32") data.setFloat32(4 * i, value, true);
      else if (type === "i32") data.setInt32(4 * i, value, true);
      else data.setUint32(4 * i, value, true);
    });
    const uniform = make("verify params", data.byteLength, USAGE.UNIFORM | USAGE.COPY_DST);
    gpu.device.queue.writeBuffer(uniform, 0, data.buffer);
    bound.push(uniform);
  }
  const { pipeline, layout } = await gpu.pipeline(transform ? { ...kernel, wgsl: transform(kernel.wgsl, kernel) } : kernel);
  const bindGroup = gpu.device.createBindGroup({ layout, entries: bound.map((buffer, binding) => ({ binding, resource: { buffer } })) });
  return { pipeline, bindGroup, workgroups };
}

const bytesOf = (array: HostArray): Uint8Array => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

function read(type: TensorType, bytes: ArrayBuffer, offset: number): HostArray {
  const part = bytes.slice(offset, offset + byteLength(type));
  if (type.dtype === "f32") return new Float32Array(part);
  if (type.dtype === "i32") return new Int32Array(part);
  return type.dtype === "u32" ? new Uint32Array(part) : new Uint16Array(part);
}

/** Everything behind the tensor's last byte must still be poison: the rounding to 16 bytes, too. */
function checkGuard(name: string, type: TensorType, bytes: ArrayBuffer, offset: number, size: number, poison: number): string[] {
  const from = byteLength(type);
  const expected = new Uint8Array(Uint32Array.of(poison).buffer);
  const seen = new Uint8Array(bytes, offset, size);
  for (let i = from; i < size; i++)
    if (seen[i] !== expected[i % 4]) return [`${name} was written beyond its end: ${i - from} bytes behind the last of its ${from}`];
  return [];
}

function nameOf(index: number, firstOutput: number, firstTemporary: number): string {
  if (index < firstOutput) return `input ${index}`;
  return index < firstTemporary ? `output ${index - firstOutput}` : `temporary ${index - firstTemporary}`;
}

function sameBits(a: HostArray, b: HostArray): boolean {
  const x = bytesOf(a);
  const y = bytesOf(b);
  return x.every((byte, i) => byte === y[i]);
}
