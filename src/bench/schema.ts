import type { AdapterDescription } from "../gpu/device.ts";

/*
 * What `unroll bench --json` writes, the page saves and `--compare` reads. The JSON Schema of the same is src/bench/json-schema.ts; a
 * change that breaks readers gets a new number. All times in milliseconds unless a name says otherwise.
 */

export const BENCH_SCHEMA = "unroll-bench/1";

/** Repeated measurements of one thing. */
export interface Distribution {
  /** Milliseconds of one run each, in the order of measuring. */
  readonly samples: readonly number[];
  readonly median: number;
  readonly p10: number;
  readonly p90: number;
  /** Runs within each sample, one right after the other: the sample is their mean. */
  readonly repeats: number;
  /** How many samples each round has, in order: those of a round are nearer to one another. Absent: one round. */
  readonly rounds?: readonly number[];
}

/** Whether the output was right, which is found out before anything is timed. */
export interface Check {
  readonly ok: boolean;
  /** `reference`: the f64 reference of the op or kernel. `unroll`: this library's output (peers). `none`: there is nothing to compare with. */
  readonly against: "reference" | "unroll" | "none";
  /** The largest error in units of what is allowed: right up to 1. */
  readonly error?: number;
  /** What is wrong, where it is. */
  readonly message?: string;
}

export interface BenchResult {
  readonly suite: string;
  /** What is computed, with its sizes: the row. */
  readonly name: string;
  /** Who computes it: a variant's name within `kernels`, a library within `peers`, else "unroll". Row and subject together are unique. */
  readonly subject: string;
  /** Whether `subject` is what the planner takes on this adapter (`kernels`). */
  readonly chosen?: boolean;
  readonly check: Check;
  /** Time between timestamps on the GPU; absent where the device has none, or the work is no single pass. */
  readonly gpu?: Distribution;
  /** Time on the host's clock from the call to the result, or to the end of the work. */
  readonly wall?: Distribution;
  /** Of the arithmetic that `flops` counts: `f16` is held against the f16 peak. Default f32. */
  readonly precision?: "f32" | "f16";
  readonly flops?: number;
  /** The fewest bytes that must move; of a program the sum over its kernels. */
  readonly bytes?: number;
  readonly dispatches?: number;
  readonly submits?: number;
  /** Parts of a cold start, in order. */
  readonly parts?: readonly { readonly name: string; readonly ms: number }[];
  /** Bytes of script that a page ships for this, gzipped. */
  readonly shippedBytes?: number;
  /** No figure, and why: the subject cannot do this, or computes it wrongly. */
  readonly missing?: string;
}

/** What the hardware can do, measured in the same run. Rates per second. */
export interface Roofline {
  /** FLOP/s of independent fused multiply-adds in registers; a multiply-add counts as two. */
  readonly fma: { readonly scalar: number; readonly vec4: number; readonly f16?: number };
  /** Bytes read and written per second by a copy, by the bytes that it touches. */
  readonly memory: readonly { readonly workingSetBytes: number; readonly bytesPerSecond: number }[];
  /** Bytes per second read from workgroup memory. */
  readonly workgroupBytesPerSecond: number;
  /** One workgroupBarrier of 64 invocations. */
  readonly barrierNanoseconds: number;
  /** An empty dispatch within a pass. */
  readonly dispatchMicroseconds: number;
  /** An empty submit until the queue says done. */
  readonly submitMicroseconds: number;
  /** A copy of four bytes, from submit to mapped. */
  readonly readbackMicroseconds: number;
}

export interface BenchEnvironment {
  readonly adapter: AdapterDescription;
  readonly features: readonly string[];
  readonly limits: Readonly<Record<string, number>>;
  /** navigator.userAgent, where there is one. */
  readonly userAgent: string;
  /** Runtime and what was chosen (a browser with its path and version); in a page `page`. */
  readonly runtime: { readonly name: string; readonly choice: string };
  /** Flags given to the browser. */
  readonly flags: readonly string[];
  /** Of this library and what it was compared with, by name. */
  readonly versions: Readonly<Record<string, string>>;
  readonly cores?: number;
  /** Driver with its version and the API beneath, where the browser tells (Chrome with developer features). */
  readonly driver?: string;
}

export interface BenchReport {
  readonly schema: typeof BENCH_SCHEMA;
  /** ISO 8601, when the run began. */
  readonly date: string;
  /** As typed, to repeat it. */
  readonly command?: string;
  readonly environment: BenchEnvironment;
  readonly clock: {
    /** `gpu` where timestamps are written by the GPU. */
    readonly kind: "gpu" | "wall";
    /** What all steps between timestamps are multiples of, nanoseconds; absent where there are none. */
    readonly gpuGrainNanoseconds?: number;
    /** The smallest step of performance.now(), nanoseconds. */
    readonly wallGrainNanoseconds: number;
  };
  /** Absent where it was not asked for. */
  readonly roofline?: Roofline;
  readonly results: readonly BenchResult[];
  /** The run was stopped before it was through. */
  readonly incomplete?: boolean;
}
