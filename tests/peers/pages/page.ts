import { type Data, dataOf, SETS } from "../data.ts";
import { rows, type Work } from "../works.ts";

/** One piece of work, ready to run: inputs and weights lie where the library keeps them. */
export interface Job {
  /** Runs once on a set of inputs. What it starts is submitted when this returns, or when what it returns resolves. */
  run(set: number): unknown;
  /** Outputs by name in this library's layouts: of set 0; of a training step the losses of the first steps and what they changed. */
  outputs(): Promise<Record<string, Float32Array>>;
  dispose(): void;
}

export interface Library {
  /** @throws Error with the reason where the library cannot do this. */
  open(work: Work, data: Data): Promise<Job>;
  /** Resolves when everything submitted so far is done. */
  finish(): Promise<unknown>;
}

/** How many training steps the check takes. */
export const CHECKED_STEPS = 4;

/** Outputs of a training job: losses of the first steps, and by how much they changed each parameter. */
export async function trained(
  data: Data,
  step: (set: number) => Promise<number>,
  read: () => Promise<Record<string, ArrayLike<number>>>,
): Promise<Record<string, Float32Array>> {
  const losses: number[] = [];
  for (let i = 0; i < CHECKED_STEPS; i++) losses.push(await step(i % SETS));
  const after = Object.entries(await read());
  const changes = after.map(([name, values]) => {
    const before = data.shared[name].data;
    return [`change of ${name}`, Float32Array.from(before, (value, i) => values[i] - value)] as const;
  });
  return { losses: Float32Array.from(losses), ...Object.fromEntries(changes) };
}

/** What the harness calls, as `window.peer`. */
export interface Peer {
  /** Gets a row ready, and gives its outputs for the check; a reason instead where there are none. */
  open(name: string): Promise<{ readonly outputs?: Record<string, string>; readonly missing?: string }>;
  /** How many runs make a sample of at least `ms`. */
  calibrate(ms: number): Promise<number>;
  /** Milliseconds of one run: `runs` one after the other, then one wait for all of them. */
  sample(runs: number): Promise<number>;
  count(): Promise<{ readonly dispatches: number; readonly submits: number }>;
  close(): void;
}

const MOST_RUNS = 2000;

/** Makes a page a peer: everything that is the same for all libraries. */
export function serve(start: () => Promise<Library>): void {
  const library = start();
  library.catch(() => {}); // open tells
  let job: Job | undefined;
  let next = 0;
  const repeat = async (runs: number): Promise<number> => {
    const own = await library;
    await own.finish();
    const from = performance.now();
    for (let i = 0; i < runs; i++) await job?.run(next++ % SETS);
    await own.finish();
    return (performance.now() - from) / runs;
  };
  const peer: Peer = {
    async open(name) {
      const { work } = rows.find((row) => row.name === name) as { work: Work };
      try {
        job = await (await library).open(work, dataOf(work));
        const outputs = await job.outputs();
        return { outputs: Object.fromEntries(Object.entries(outputs).map(([name, values]) => [name, encode(values)])) };
      } catch (error) {
        return { missing: (error instanceof Error ? error.message : String(error)).split("\n")[0] };
      }
    },
    async calibrate(ms) {
      let runs = 1;
      for (let tries = 0; tries < 5; tries++) {
        const needed = Math.min(MOST_RUNS, Math.ceil(ms / (await repeat(runs))));
        if (needed <= runs) break;
        // What is short is not told from the wait for it at first.
        runs = tries < 3 ? Math.min(needed, 16 * runs) : needed;
      }
      return runs;
    },
    sample: repeat,
    async count() {
      const own = await library;
      const waiting = await counted(() => own.finish());
      const all = await counted(async () => {
        await job?.run(0);
        await own.finish();
      });
      return { dispatches: all.dispatches - waiting.dispatches, submits: all.submits - waiting.submits };
    },
    close() {
      job?.dispose();
      job = undefined;
    },
  };
  Object.assign(window, { peer });
}

/** The bytes in base 64, which is the fastest way through the browser's protocol. */
function encode(values: Float32Array): string {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  let text = "";
  for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(text);
}

/** Dispatches and submits within `work`. */
async function counted(work: () => Promise<unknown>): Promise<{ dispatches: number; submits: number }> {
  const counts = { dispatches: 0, submits: 0 };
  const pass = GPUComputePassEncoder.prototype;
  const { dispatchWorkgroups, dispatchWorkgroupsIndirect } = pass;
  const { submit } = GPUQueue.prototype;
  pass.dispatchWorkgroups = function (...args) {
    counts.dispatches++;
    return dispatchWorkgroups.apply(this, args);
  };
  pass.dispatchWorkgroupsIndirect = function (...args) {
    counts.dispatches++;
    return dispatchWorkgroupsIndirect.apply(this, args);
  };
  GPUQueue.prototype.submit = function (buffers) {
    counts.submits++;
    return submit.call(this, buffers);
  };
  try {
    await work();
  } finally {
    Object.assign(pass, { dispatchWorkgroups, dispatchWorkgroupsIndirect });
    Object.assign(GPUQueue.prototype, { submit });
  }
  return counts;
}
