import type { UnrollError } from "../errors.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { mustCopy, type Snapshot, snapshot } from "../gpu/snapshot.ts";
import type { Kept } from "../gpu/turns.ts";
import { isBuffer } from "./batch.ts";
import type { Engine } from "./engine.ts";
import type { Caller } from "./indices/range.ts";
import { gpuPartsOf, partsOf, stepsOf } from "./parts.ts";
import type { AnyBatch, AnyResults, RunnableProgram } from "./program.ts";
import type { Ticket } from "./steps.ts";
import type { Uses } from "./uses.ts";

/** One call of a program, with all that it meant when it was made. */
export interface Run {
  batch: AnyBatch;
  readonly read: readonly string[];
  /** How often the flag of non-finite values had been cleared, and the error that was known. */
  readonly cleared: number;
  readonly nonFinite: UnrollError | undefined;
  readonly ticket: Ticket;
  /** Copies of GPUBuffers, made on the queue at the call, and whether WebGPU refused one. */
  copies?: { readonly refusal: Promise<GPUError | null>; free(): void };
}

/** What is under way: nothing waits for it until somebody awaits it. */
export interface Started {
  /** The values that were asked for; without any, that the next run may come. */
  wait(): Promise<AnyResults>;
}

/** A program as the queue of its engine sees it. */
export interface Launchable extends RunnableProgram {
  /** States that hold the steps of its optimizers. */
  readonly stepNames: readonly string[];
  /** Of the engine's variables. */
  readonly uses: Uses;
  /** Whether this run can start now. */
  ready(run: Run): boolean;
  /** Submits (or computes) a run, whose batch is checked. */
  start(run: Run): Started;
  /** @throws UnrollError when the batch does not fit */
  checkBatch(batch: AnyBatch, caller?: Caller): void;
  /** From now on random ops draw by the optimizer's steps, not by runs. */
  drawBySteps(): void;
  /** Disposes once all that was called so far is done. */
  retire(): Promise<void>;
}

export const newRun = (engine: Engine, batch: AnyBatch, read: readonly string[], steps: readonly string[]): Run => ({
  batch,
  read,
  cleared: engine.clearances,
  nonFinite: engine.nonFinite,
  ticket: stepsOf(engine).begin(steps),
});

/** Gives a run its place in the queue, at once. What it holds is copied only where it has to wait. */
export async function launch(engine: Engine, run: Run, ready: () => boolean, start: () => Started): Promise<AnyResults> {
  const { turns } = partsOf(engine);
  let begun = false;
  const begin = () => {
    try {
      const started = start();
      begun = true;
      return started;
    } finally {
      run.copies?.free();
    }
  };
  try {
    const turn = turns.take(ready, begin, () => keepBatch(gpuPartsOf(engine)?.gpu, run));
    const started = turn instanceof Promise ? await turn : turn;
    return await started.wait();
  } catch (error) {
    if (!begun) run.ticket.refuse();
    throw error;
  }
}

/** @throws UnrollError `argument` for a GPUBuffer that was freed or is another engine's */
export function checkBuffers(engine: Engine, batch: AnyBatch): void {
  const gpu = gpuPartsOf(engine)?.gpu;
  for (const [name, value] of Object.entries(batch))
    if (gpu && isBuffer(value)) gpu.checkBuffer(() => `run: the GPUBuffer for input "${name}"`, value);
}

/** What {@link launchCompiled} runs. */
export interface Later<P> {
  readonly batch: AnyBatch;
  readonly read: readonly string[];
  /** States whose steps are counted at the call. */
  readonly steps: readonly string[];
  /** Whom errors name. */
  readonly caller?: Caller;
  /** The batch as the program takes it. */
  adapt(program: P, batch: AnyBatch): AnyBatch;
}

/** Gives a run of a program that is still compiling its place in the queue: what is called after it waits behind it. */
export async function launchCompiled<P extends RunnableProgram>(
  engine: Engine,
  compiling: Promise<P>,
  later: Later<P>,
): Promise<AnyResults> {
  const { turns } = partsOf(engine);
  checkBuffers(engine, later.batch);
  const run = newRun(engine, later.batch, later.read, later.steps);
  let outcome: { readonly program: P } | { readonly error: unknown } | undefined;
  const settled = (result: typeof outcome) => {
    outcome = result;
    turns.advance();
  };
  compiling.then(
    (program) => settled({ program }),
    (error) => settled({ error }),
  );
  const ready = () => outcome !== undefined && ("error" in outcome || asLaunchable(outcome.program).ready(run));
  return launch(engine, run, ready, () => {
    engine.assertUsable();
    if (!outcome || "error" in outcome) throw outcome?.error;
    const program = asLaunchable(outcome.program);
    run.batch = later.adapt(outcome.program, run.batch);
    program.checkBatch(run.batch, later.caller);
    return program.start(run);
  });
}

/** All programs of an engine are. */
export const asLaunchable = (program: RunnableProgram): Launchable => program as Launchable;

/** Arrays are copied; a GPUBuffer of the caller's is copied on the queue, before its owner writes to it again. */
function keepBatch(gpu: Gpu | undefined, run: Run): Kept {
  const entries = Object.entries(run.batch ?? {});
  const isForeign = (value: unknown): value is GPUBuffer => isBuffer(value) && gpu !== undefined && mustCopy(gpu, value);
  const bytes = entries.reduce((sum, [, value]) => {
    if (ArrayBuffer.isView(value)) return sum + value.byteLength;
    return sum + (isForeign(value) ? value.size : 0);
  }, 0);
  const copy = () => {
    const made: Snapshot[] = [];
    run.batch = Object.fromEntries(
      entries.map(([name, value]) => {
        if (ArrayBuffer.isView(value)) return [name, value.slice()];
        if (!gpu || !isForeign(value)) return [name, value];
        const own = snapshot(gpu, value);
        made.push(own);
        return [name, own.buffer];
      }),
    );
    if (made.length === 0) return;
    run.copies = {
      refusal: Promise.all(made.map(({ refusal }) => refusal)).then((found) => found.find((one) => one !== null) ?? null),
      free() {
        for (const one of made.splice(0)) one.free();
      },
    };
  };
  return { bytes, copy };
}
