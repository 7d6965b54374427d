import type { Gpu } from "../gpu/gpu.ts";
import type { Cost } from "../graph/kernel.ts";
import type { Engine } from "../program/engine.ts";
import type { Check } from "./schema.ts";
import type { Encode } from "./timing.ts";

/** What a subject is made ready on. */
export interface Bench {
  readonly engine: Engine;
  readonly gpu: Gpu;
}

/** Something that can be timed. Nothing of it is made before `prepare`. */
export interface Subject {
  readonly suite: string;
  readonly name: string;
  readonly subject: string;
  readonly chosen?: boolean;
  prepare(bench: Bench): Promise<Ready>;
}

/** A subject with its buffers and pipelines. */
export interface Ready {
  readonly cost?: Partial<Cost>;
  /** Of the arithmetic that the cost counts. Default f32. */
  readonly precision?: "f16";
  readonly dispatches: number;
  /** Compares the output with what is right. Nothing is timed unless it agrees. */
  check(): Promise<Check>;
  /** One run, on the `turn`-th of its sets of inputs. */
  readonly encode: Encode;
  /** Work that changes what it reads: its sets serve that many runs, and are restored before each measurement. */
  readonly once?: { readonly runs: number; restore(): Promise<void> };
  /** The same through the public API, without reading back, and the wait for all of it. Absent: the wall clock runs around passes. */
  readonly run?: (turn: number) => Promise<void>;
  readonly finish?: () => Promise<void>;
  dispose(): void;
}

/** What caches hold, roughly, and the most sets that are made. */
const CACHES = 64 * 2 ** 20;
const MOST_SETS = 16;

/** Sets of inputs: where memory allows it, so many that a run does not find its own in the caches. */
export const setsFor = (bytes: number): number => Math.max(2, Math.min(MOST_SETS, Math.ceil(CACHES / Math.max(1, bytes))));
