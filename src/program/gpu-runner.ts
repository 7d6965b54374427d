import { checkOptions, UnrollError } from "../errors.ts";
import { align, evenBytes, refused } from "../gpu/gpu.ts";
import type { Location, PlacedDispatch } from "../gpu/recorder.ts";
import { hostArray } from "../graph/tensor.ts";
import { byteLength, sizeOf } from "../graph/types.ts";
import { CONTROL, STATUS } from "../graph/update.ts";
import { checkBatch, checkRead, isBuffer, type Types } from "./batch.ts";
import { type Built, type Readback, STATUS_BYTES } from "./built.ts";
import type { Engine } from "./engine.ts";
import { BufferChecks } from "./indices/buffers.ts";
import { checksOf, type IndexChecks, indexError, isIndexFlag, type ProgramChecks } from "./indices/flag.ts";
import { type InputRange, RUN } from "./indices/range.ts";
import { checkBuffers, type Launchable, launch, newRun, type Run, type Started } from "./launch.ts";
import { type GpuParts, gpuPartsOf, stepsOf } from "./parts.ts";
import { type AnyBatch, type AnyResults, countsSteps, disposedProgram, nonFinite } from "./program.ts";
import type { Uses } from "./uses.ts";

/**
 * Labels and checks by id, so that an error can name the program in which something was not finite or out of range. Programs that are alike
 * in them have one.
 */
const programs = new WeakMap<Engine, IndexChecks[]>();

/** The number by which the GPU names a program. */
export function programId(engine: Engine, program: ProgramChecks): number {
  const known = programs.get(engine) ?? [];
  programs.set(engine, known);
  const checks = checksOf(program);
  const id = known.findIndex(({ key }) => key === checks.key);
  return id >= 0 ? id : known.push(checks) - 1;
}

/** What is known of a program besides what it is built of. */
export interface Signature extends ProgramChecks {
  /** Its number, or −1. */
  readonly id: number;
  readonly outputs: Types;
  /** Whether a run changes variables. */
  readonly updates: boolean;
}

/** A program on the GPU: everything is made once, a run only uploads, encodes and submits. Knows no graph. */
export class GpuRunner implements Launchable {
  readonly engine: Engine;
  readonly label: string;
  readonly inputs: Types;
  readonly outputs: Types;
  readonly indices: readonly InputRange[];
  readonly dispatches: number;
  readonly #checks: IndexChecks;
  readonly #bufferChecks: BufferChecks;
  /** Of a program that changes nothing: the words that its checks of indices write, and whether a run may have. */
  readonly #ownStatus: GPUBuffer | undefined;
  #written = false;
  readonly stepNames: readonly string[];
  readonly #updates: boolean;
  readonly #parts: GpuParts;
  readonly #built: Built;
  readonly #staging: GPUBuffer[];
  #runs = 0;
  #bySteps = false;
  /** Whether WebGPU took a run. */
  #proven = false;
  #inFlight = 0;
  /** To be called when nothing is in flight any more. */
  readonly #landed: (() => void)[] = [];
  #disposed = false;

  constructor(engine: Engine, signature: Signature, built: Built) {
    const { label, id, inputs, outputs, updates, indices, checks } = signature;
    this.engine = engine;
    this.label = label;
    this.inputs = inputs;
    this.outputs = outputs;
    this.dispatches = built.placed.length;
    this.stepNames = built.steps.map(({ name }) => name);
    this.#updates = updates;
    this.#parts = gpuPartsOf(engine) as GpuParts;
    this.#built = built;
    this.#staging = [...built.staging];
    this.indices = indices;
    this.#checks = checksOf(signature);
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

  get counter(): number {
    return this.#bySteps ? stepsOf(this.engine).of(this.stepNames[0]) : this.#runs;
  }

  set counter(runs: number) {
    if (this.#bySteps) throw countsSteps(this.label);
    this.#runs = runs;
  }

  drawBySteps(): void {
    this.#bySteps = this.stepNames.length > 0;
  }

  /** Where an output lies, from the end of each run to the next. @throws UnrollError `name`, `disposed` */
  outputLocation(name: string): Location {
    this.#assertUsable();
    checkRead(this.outputs, [name]);
    return (this.#built.readbacks.get(name) as Readback).location;
  }

  async run(batch: AnyBatch, options: { readonly read?: readonly PropertyKey[] } = {}): Promise<never> {
    this.#assertUsable();
    this.checkBatch(batch);
    checkOptions("run", options, ["read"]);
    checkRead(this.outputs, options.read ?? []);
    const read = [...(options.read ?? [])] as string[];
    if (this.#updates && this.engine.nonFinite) throw this.engine.nonFinite;
    const number = this.#runs++;
    const run = newRun(this.engine, batch, read, this.stepNames);
    return (await launch(
      this.engine,
      run,
      () => this.ready(run),
      () => this.#begin(run, number),
    )) as never;
  }

  checkBatch(batch: AnyBatch, caller = RUN): void {
    checkBatch(this, batch, caller);
    checkBuffers(this.engine, batch);
  }

  #assertUsable(): void {
    this.engine.assertUsable();
    if (this.#disposed) throw disposedProgram(this.label);
  }

  /** What is read, and the flag of non-finite values, comes through a staging buffer; a run that finds none free waits its turn. */
  ready({ read }: Run): boolean {
    return !this.#stages(read) || this.#staging.length > 0 || this.#disposed;
  }

  #stages(read: readonly string[]): boolean {
    return read.length > 0 || this.#updates;
  }

  start(run: Run): Started {
    return this.#begin(run, this.#runs++);
  }

  /** Submits a run. What it gives is in an object, so that nothing waits for it here. */
  #begin(run: Run, number: number): Started {
    this.#assertUsable();
    if (this.#updates && run.nonFinite) throw run.nonFinite;
    checkBuffers(this.engine, run.batch); // one may have been freed while the run waited
    const { gpu } = this.#parts;
    const { read } = run;
    const staging = this.#stages(read) ? this.#staging.pop() : undefined;
    // What is made of buffers that only this engine can reach, and ran once, WebGPU does not refuse.
    const isDoubtful = !this.#proven || gpu.lends || Object.values(run.batch).some(isBuffer);
    let refusal: Promise<GPUError | null> | undefined;
    try {
      if (isDoubtful || !gpu.owned) refusal = gpu.guard(() => this.#submit(run.batch, number, read, staging));
      else this.#submit(run.batch, number, read, staging);
    } catch (error) {
      if (staging) this.#staging.push(staging);
      throw error;
    }
    const accepted = refusal && this.#accepted(run, refusal);
    if (!isDoubtful && read.length === 0) accepted?.catch((error: UnrollError) => gpu.owe(error));
    this.#inFlight++;
    const results = gpu.track<AnyResults>(this.#collect(staging, run, accepted));
    results.catch(() => {});
    const wait = async (): Promise<AnyResults> => {
      if (read.length > 0) {
        const values = await results;
        gpu.tellOwed();
        return values;
      }
      // Nobody waits for what is not read: that something was not finite is told by the next run.
      if (isDoubtful) await accepted;
      gpu.tellOwed();
      await gpu.room(() => this.ready(run));
      return {};
    };
    return { wait };
  }

  get uses(): Uses {
    return this.#built.uses;
  }

  /** Resolves once WebGPU has taken a run. */
  #accepted({ copies, ticket }: Run, submitted: Promise<GPUError | null>): Promise<void> {
    const refusal = copies ? Promise.all([copies.refusal, submitted]).then(([copy, own]) => copy ?? own) : submitted;
    const accepted = refusal.then((error) => {
      if (!error) {
        this.#proven = true;
        return;
      }
      ticket.refuse();
      throw refused(`run of program "${this.label}"`, error);
    });
    accepted.catch(() => {});
    return accepted;
  }

  #submit(batch: AnyBatch, number: number, read: readonly string[], staging: GPUBuffer | undefined): void {
    const { device } = this.#parts.gpu;
    const { counter, counted, steps } = this.#built;
    const encoder = device.createCommandEncoder({ label: this.label });
    for (const [name, buffer] of this.#built.inputs) {
      const value = batch[name];
      const bytes = byteLength(this.inputs[name]);
      if (ArrayBuffer.isView(value)) device.queue.writeBuffer(buffer, 0, evenBytes(value));
      else encoder.copyBufferToBuffer(value as GPUBuffer, 0, buffer, 0, bytes);
    }
    if (this.#bySteps) encoder.copyBufferToBuffer(steps[0].control, 4 * CONTROL.STEP, counter, 0, 4);
    else if (counted) device.queue.writeBuffer(counter, 0, Uint32Array.of(number));
    const checks = this.#bufferChecks.needed(batch);
    this.#written ||= this.#bufferChecks.planned || checks.length > 0;
    if (this.#written && this.#ownStatus) encoder.clearBuffer(this.#ownStatus);
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
  async #collect(staging: GPUBuffer | undefined, run: Run, accepted: Promise<void> | undefined): Promise<AnyResults> {
    const { gpu } = this.#parts;
    const { read } = run;
    const size = read.length > 0 ? staging?.size : STATUS_BYTES;
    try {
      const done = staging ? staging.mapAsync(1, 0, size) : gpu.device.queue.onSubmittedWorkDone();
      // A refused run leaves the staging buffer with what an earlier one gave. It must be mapped all the same before it is used again.
      if (accepted) {
        const [told] = await Promise.allSettled([accepted, done]);
        if (told.status === "rejected") throw told.reason;
      }
      await done;
      if (!staging) return {};
      const mapped = staging.getMappedRange(0, size);
      const status = new Uint32Array(mapped, 0, STATUS.WORDS);
      if (status[STATUS.FLAG] !== 0 && this.#updates) throw this.#nonFinite(status, run);
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
      throw this.#disposed && !gpu.hasEnded && !(error instanceof UnrollError) ? disposedProgram(this.label) : error;
    } finally {
      if (staging?.mapState === "mapped") staging.unmap();
      if (staging) this.#staging.push(staging);
      this.#inFlight--;
      if (this.#inFlight === 0) for (const landed of this.#landed.splice(0)) landed();
      gpu.turns.advance();
    }
  }

  /** An older flag says nothing of what was called after it was cleared. */
  #nonFinite(status: Uint32Array, { cleared, ticket }: Run): UnrollError {
    ticket.refuse();
    const finite = { gradient: (status[STATUS.FLAG] & 1) === 0, loss: (status[STATUS.FLAG] & 2) === 0 };
    const checks = programs.get(this.engine)?.[status[STATUS.PROGRAM]] ?? this.#checks;
    const run = status[STATUS.RUN];
    const error = isIndexFlag(status) ? indexError(status, checks, true) : nonFinite(checks.label, run, finite);
    return cleared === this.engine.clearances ? this.engine.reportNonFinite(error) : error;
  }

  /** Disposes once all that was called so far is done. */
  async retire(): Promise<void> {
    await this.#parts.turns.take(
      () => true,
      () => {},
    );
    if (this.#inFlight > 0) await new Promise<void>((resolve) => this.#landed.push(resolve));
    this.dispose();
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
