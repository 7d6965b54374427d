import { batchOf } from "./network.ts";

/** What a page tells. All times in milliseconds. */
export interface Report {
  /** From the start of the navigation to the first loss on the page. */
  readonly cold: number;
  /** When the parts of that ended, in order, on the same clock. */
  readonly parts: Readonly<Record<string, number>>;
  readonly losses: readonly number[];
  /** Steps that each wait for their loss. */
  readonly awaited: readonly number[];
  /** A step in loops that wait for the last loss only. */
  readonly loop: readonly number[];
  readonly dispatches: number;
  readonly submits: number;
  readonly adapter: string;
}

/** A network that trains. `k` is the number of the batch, from 0 to 3, which are ready beforehand. */
export interface Subject {
  /** One step; resolves with its loss. */
  step(k: number): Promise<number>;
  /** Steps one after another; resolves when the last loss is there. */
  loop(steps: number): Promise<number>;
  /** Gets ready what was not needed for the first loss. */
  prepare?(batches: readonly Batch[]): void;
}

export type Batch = ReturnType<typeof batchOf>;
export const BATCHES = 4;
const FIRST_LOSSES = 6;
const AWAITED = 30;
const LOOPS = 5;
const LOOP = 20;

/** When the module of the page began to run, and when each part since then was done. */
const marks: Record<string, number> = { script: performance.now() };
export const mark = (part: string): void => {
  marks[part] = performance.now();
};

/**
 * Runs a page: `start` makes the network ready for batch 0. Its first step ends the cold start. The report is left in `window.report`,
 * where the harness awaits it.
 */
export function run(start: (first: Batch) => Promise<Subject>, adapter: () => Promise<string>): void {
  const measure = async (): Promise<Report> => {
    const first = batchOf(100);
    mark("data");
    const subject = await start(first);
    const losses = [await subject.step(0)];
    mark("first step");
    const cold = performance.now();
    const parts = { ...marks };
    const output = document.querySelector("output");
    if (output) output.textContent = `first loss ${losses[0]} after ${cold.toFixed(0)} ms`;
    if (location.search === "?cold")
      return { cold, parts, losses, awaited: [], loop: [], dispatches: 0, submits: 0, adapter: await adapter() };
    subject.prepare?.([first, ...Array.from({ length: BATCHES - 1 }, (_, i) => batchOf(200 + 100 * i))]);
    while (losses.length < FIRST_LOSSES) losses.push(await subject.step(losses.length % BATCHES));
    const awaited: number[] = [];
    for (let i = 0; i < AWAITED; i++) {
      const from = performance.now();
      await subject.step(i % BATCHES);
      awaited.push(performance.now() - from);
    }
    const loop: number[] = [];
    for (let i = 0; i < LOOPS; i++) {
      const from = performance.now();
      await subject.loop(LOOP);
      loop.push((performance.now() - from) / LOOP);
    }
    return { cold, parts, losses, awaited, loop, ...(await count(() => subject.step(0))), adapter: await adapter() };
  };
  Object.assign(window, { report: measure() });
}

/** Dispatches and submits within `work`. */
async function count(work: () => Promise<unknown>): Promise<{ dispatches: number; submits: number }> {
  const counts = { dispatches: 0, submits: 0 };
  const { dispatchWorkgroups } = GPUComputePassEncoder.prototype;
  const { submit } = GPUQueue.prototype;
  GPUComputePassEncoder.prototype.dispatchWorkgroups = function (...args) {
    counts.dispatches++;
    return dispatchWorkgroups.apply(this, args);
  };
  GPUQueue.prototype.submit = function (buffers) {
    counts.submits++;
    return submit.call(this, buffers);
  };
  await work();
  Object.assign(GPUComputePassEncoder.prototype, { dispatchWorkgroups });
  Object.assign(GPUQueue.prototype, { submit });
  return counts;
}
