/// <reference lib="esnext.disposable" preserve="true" />
import { UnrollError } from "../errors.ts";
import type { HostArray } from "../graph/types.ts";
import type { Types } from "./batch.ts";
import type { Engine } from "./engine.ts";
import type { InputRange } from "./indices/range.ts";
import type { GraphSpec, Plan } from "./plan/plan.ts";
import type { Batch, Results, Tensors } from "./spec.ts";

/** What an engine can run any number of times. */
export interface RunnableProgram<I extends Tensors = Tensors, O extends Tensors = Tensors> {
  readonly engine: Engine;
  readonly label: string;
  /** Types of the inputs and outputs by name. */
  readonly inputs: Types;
  readonly outputs: Types;
  /** Inputs that hold indices (tokens, labels), and what they may be: a run checks arrays from the host before it does anything. */
  readonly indices: readonly InputRange[];
  /** Dispatches of each run; 0 on a reference engine. All are in one pass and one submit. */
  readonly dispatches: number;
  /**
   * How many runs were called: what random ops draw from. Each call takes its number at once, so that a run that is refused leaves a
   * gap. Set it when training resumes from a checkpoint. The training step of a trainer counts applied steps instead (see `steps` there),
   * which come with `trainer.load` and cannot be set here.
   */
  counter: number;
  /**
   * One run: uploads the batch, computes, applies the updates. It comes after all that was called before it on this engine, awaited or
   * not, and before all that is called after it. The arrays of the batch may be reused as soon as the call returns; a GPUBuffer is read
   * as it stands on the device's queue at the call. Resolves when fewer than 3 runs are in flight (more while they are short), or, with
   * `read`, with the values of those outputs.
   *
   * An index out of range in an array of the batch is found before anything is done. One that the GPU computes, or reads from a GPUBuffer
   * or a variable, is found there: by a run with updates, which changes nothing and blocks those after it as `non-finite` does; else by a
   * run with `read`, and the next run is a new one.
   * @throws UnrollError `name`, `dtype`, `size`, `argument` when the batch does not fit; `range` for an index that selects nothing;
   *   `non-finite` once a loss or gradient was not finite, until `engine.clearNonFinite()`; `refused` when WebGPU refuses the run, which
   *   then changed nothing; `limit` when too many calls wait (see `maxQueuedBytes` of the engine); `lost`, `disposed`.
   */
  run(batch: Batch<I>): Promise<Record<never, never>>;
  run<R extends keyof O>(batch: Batch<I>, options: { readonly read: readonly R[] }): Promise<Results<O, R>>;
  /**
   * Frees what belongs to this program. Variables stay with the engine: those of graphs until `engine.release`, those of a model until
   * the last trainer of it is disposed.
   */
  dispose(): void;
  [Symbol.dispose](): void;
}

/** A graph compiled for an engine. */
export interface Program<I extends Tensors = Tensors, O extends Tensors = Tensors> extends RunnableProgram<I, O> {
  readonly spec: GraphSpec;
  /** Order, variants and memory; undefined on a reference engine. */
  readonly plan: Plan | undefined;
}

export type AnyBatch = Readonly<Record<string, HostArray | GPUBuffer>>;
export type AnyResults = Record<string, HostArray>;

/** The error of a run whose loss or gradients are not finite. */
export function nonFinite(label: string, run: number, finite: { readonly gradient: boolean; readonly loss: boolean }): UnrollError {
  const what = finite.loss ? "a gradient was" : finite.gradient ? "the loss was" : "the loss and a gradient were";
  return new UnrollError(
    "non-finite",
    `run ${run + 1} of program "${label}": ${what} not finite (infinite or NaN). No variable was changed by it or since; call engine.clearNonFinite() to go on`,
  );
}

export const countsSteps = (label: string): UnrollError =>
  new UnrollError(
    "argument",
    `counter: the program "${label}" belongs to a trainer and counts its steps; trainer.load takes them from a checkpoint`,
  );

export const disposedProgram = (label: string): UnrollError => new UnrollError("disposed", `run: the program "${label}" was disposed`);
