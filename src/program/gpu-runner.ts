import { checkOptions, type UnrollError } from "../errors.ts";
import { align, evenBytes } from "../gpu/gpu.ts";
import type { Location, PlacedDispatch } from "../gpu/recorder.ts";
import { hostArray } from "../graph/tensor.ts";
import { byteLength, sizeOf } from "../graph/types.ts";
import { STATUS } from "../graph/update.ts";
import { checkBatch, checkRead, type Types } from "./batch.ts";
import { type Built, type Readback, STATUS_BYTES } from "./built.ts";
import { type Engine, type GpuParts, gpuPartsOf } from "./engine.ts";
import { BufferChecks } from "./indices/buffers.ts";
import { type IndexChecks, indexError, isIndexFlag } from "./indices/flag.ts";
import type { InputRange, TensorRange } from "./indices/range.ts";
import { type AnyBatch, type AnyResults, disposedProgram, nonFinite, type RunnableProgram } from "./program.ts";

/** Labels and checks by id, so that an error can name the program in which something was not finite or out of range. */
const programs = new WeakMap<Engine, IndexChecks[]>();

/** The number by which the GPU names a program of this label. */
export function programId(engine: Engine, label: string): number {
  const known = programs.get(engine) ?? [];
  programs.set(engine, known);
  return known.push({ label, checks: [] }) - 1;
}

/** What is known of a program besides what it is built of. */
export interface Signature {
  readonly label: string;
  /** Its number, or −1. */
  readonly id: number;
  readonly inputs: Types;
  readonly outputs: Types;
  /** Whether a run changes variables. */
  readonly updates: boolean;
  /** Indices in inputs, and those that it checks on the GPU. */
  readonly indices: readonly InputRange[];
  readonly checks: readonly TensorRange[];
}

/** A program on the GPU: everything is made once, a run only uploads, encodes and submits. Knows no graph. */
export class GpuRunner implements RunnableProgram {
  readonly engine: Engine;
  readonly label: string;
  readonly inputs: Types;
  readonly outputs: Types;
  readonly indices: readonly InputRange[];
  readonly dispatches: number;
  counter = 0;
  readonly #checks: IndexChecks;
  readonly #bufferChecks: BufferChecks;
  /** Of a program that changes nothing: the words that its checks of indices write, and whether the last run may have. */
  readonly #ownStatus: GPUBuffer | undefined;
  #written = false;
  readonly #updates: boolean;
  readonly #parts: GpuParts;
  readonly #built: Built;
  readonly #staging: GPUBuffer[];
  #disposed = false;

  constructor(engine: Engine, { label, id, inputs, outputs, updates, indices, checks }: Signature, built: Built) {
    this.engine = engine;
    this.label = label;
    this.inputs = inputs;
    this.outputs = outputs;
    this.dispatches = built.placed.length;
    this.#updates = updates;
    this.#parts = gpuPartsOf(engine) as GpuParts;
    this.#built = built;
    this.#staging = [...built.staging];
    this.indices = indices;
    this.#checks = { label, checks: [...checks, ...indices.map((range) => ({ ...range, type: inputs[range.input] }))] };
    const known = programs.get(engine);
    if (known?.[id]) known[id] = this.#checks;
    const { counter, status } = built;
    this.#ownStatus = status === this.#parts.status ? undefined : status;
    this.#bufferChecks = new BufferChecks(
      { gpu: this.#parts.gpu, label, id, types: inputs, inputs: built.inputs, counter, status },
      indices,
      checks.length,
    );
  }

  /** Every dispatch of a run, in order. */
  get placed(): readonly PlacedDispatch[] {
    return this.#built.placed;
  }

  /** Where an output lies, from the end of each run to the next. @throws UnrollError `name`, `disposed` */
  outputLocation(name: string): Location {
    this.#assertUsable();
    checkRead(this.outputs, [name]);
    return (this.#built.readbacks.get(name) as Readback).location;
  }

  async run(batch: AnyBatch, options: { readonly read?: readonly PropertyKey[] } = {}): Promise<never> {
    this.#assertUsable();
    checkBatch(this, batch);
    checkOptions("run", options, ["read"]);
    checkRead(this.outputs, options.read ?? []);
    const read = [...(options.read ?? [])] as string[];
    const watched = this.#updates;
    if (watched && this.engine.nonFinite) throw this.engine.nonFinite;
    const { gpu } = this.#parts;
    const number = this.counter++;
    // What is read, and the flag of non-finite values, comes through a staging buffer; a run that finds none free waits its turn.
    const staged = read.length > 0 || watched;
    const ready = () => !staged || this.#staging.length > 0 || this.#disposed || gpu.hasEnded;
    const started = await gpu.turns.take(ready, () => this.#start(batch, number, read, staged));
    if (read.length > 0) return (await started.results) as never;
    await gpu.room();
    return {} as never;
  }

  #assertUsable(): void {
    this.engine.assertUsable();
    if (this.#disposed) throw disposedProgram(this.label);
  }

  /** Submits a run. What it gives is in an object, so that nothing waits for it here. */
  #start(batch: AnyBatch, number: number, read: readonly string[], staged: boolean): { readonly results: Promise<unknown> } {
    this.#assertUsable();
    const { gpu } = this.#parts;
    const staging = staged ? this.#staging.pop() : undefined;
    try {
      this.#submit(batch, number, read, staging);
    } catch (error) {
      if (staging) this.#staging.push(staging);
      throw error;
    }
    const results = gpu.track<unknown>(staging ? this.#collect(staging, read) : gpu.device.queue.onSubmittedWorkDone());
    // Without `read` nobody waits for it; the next run tells.
    results.catch(() => {});
    return { results };
  }

  #submit(batch: AnyBatch, number: number, read: readonly string[], staging: GPUBuffer | undefined): void {
    const { device } = this.#parts.gpu;
    const encoder = device.createCommandEncoder({ label: this.label });
    for (const [name, buffer] of this.#built.inputs) {
      const value = batch[name];
      const bytes = byteLength(this.inputs[name]);
      if (ArrayBuffer.isView(value)) device.queue.writeBuffer(buffer, 0, evenBytes(value));
      else encoder.copyBufferToBuffer(value as GPUBuffer, 0, buffer, 0, bytes);
    }
    if (this.#built.counted) device.queue.writeBuffer(this.#built.counter, 0, Uint32Array.of(number));
    const checks = this.#bufferChecks.needed(batch);
    if (this.#written && this.#ownStatus) encoder.clearBuffer(this.#ownStatus);
    this.#written = this.#bufferChecks.planned || checks.length > 0;
    const pass = encoder.beginComputePass({ label: this.label });
    for (const check of checks) check.encode(pass);
    this.#built.recording.encode(pass);
    pass.end();
    if (staging) {
      encoder.copyBufferToBuffer(this.#built.status, 0, staging, 0, STATUS_BYTES);
      for (const name of read) {
        const { location, offset } = this.#built.readbacks.get(name) as Readback;
        if (location.bytes > 0) encoder.copyBufferToBuffer(location.buffer, location.offset, staging, offset, align(location.bytes, 4));
      }
    }
    device.queue.submit([encoder.finish()]);
  }

  /** Waits for a run and takes what was asked for out of its staging buffer. */
  async #collect(staging: GPUBuffer, read: readonly string[]): Promise<AnyResults> {
    const cleared = this.engine.clearances;
    try {
      await staging.mapAsync(1, 0, read.length > 0 ? staging.size : STATUS_BYTES);
      const mapped = staging.getMappedRange(0, read.length > 0 ? staging.size : STATUS_BYTES);
      const status = new Uint32Array(mapped, 0, STATUS.WORDS);
      if (status[STATUS.FLAG] !== 0 && this.#updates) throw this.#nonFinite(status, cleared);
      if (status[STATUS.FLAG] !== 0 && this.#ownStatus) throw indexError(status, this.#checks, false);
      const results: AnyResults = {};
      for (const name of read) {
        const { type, offset } = this.#built.readbacks.get(name) as Readback;
        const data = hostArray(type.dtype, sizeOf(type.shape));
        new Uint8Array(data.buffer).set(new Uint8Array(mapped, offset, data.byteLength));
        results[name] = data;
      }
      return results;
    } catch (error) {
      // A mapping that ends with the program fails in words of the browser's own.
      throw this.#disposed && !this.#parts.gpu.hasEnded ? disposedProgram(this.label) : error;
    } finally {
      if (staging.mapState === "mapped") staging.unmap();
      this.#staging.push(staging);
      this.#parts.gpu.turns.advance();
    }
  }

  /** @param cleared how often the flag had been cleared when the run was submitted: an older flag says nothing of what comes now. */
  #nonFinite(status: Uint32Array, cleared: number): UnrollError {
    const finite = { gradient: (status[STATUS.FLAG] & 1) === 0, loss: (status[STATUS.FLAG] & 2) === 0 };
    const checks = programs.get(this.engine)?.[status[STATUS.PROGRAM]] ?? this.#checks;
    const run = status[STATUS.RUN];
    const error = isIndexFlag(status) ? indexError(status, checks, true) : nonFinite(checks.label, run, finite);
    return cleared === this.engine.clearances ? this.engine.reportNonFinite(error) : error;
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#built.dispose();
    this.#bufferChecks.dispose();
    this.#parts.gpu.turns.advance();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
