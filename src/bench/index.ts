/**
 * `unroll-gpu/bench`: what `unroll bench` is made of, for any page. `runBench` measures suites or kernels of one's own.
 */
export { read, readWrite, write } from "../graph/kernel.ts";
export { kernel } from "../graph/user-kernel.ts";
export { type BenchOptions, runBench, type SuiteName, suiteNames } from "./run.ts";
export type * from "./schema.ts";
export { BENCH_SCHEMA } from "./schema.ts";
export { type Ratio, ratioOfMedians } from "./statistics.ts";
export { type Timing, type TimingOptions, timeGpu } from "./timing.ts";
export { type BenchBuffer, type BenchmarkSpec, type BenchSize, benchmark, type KernelBench } from "./user-kernel.ts";
