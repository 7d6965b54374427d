/**
 * `unroll-gpu/bench`: what `unroll bench` is made of, for any page. `runBench` measures suites or kernels of one's own, `mountReport` and
 * `renderPage` draw what it gives.
 */
export { read, readWrite, write } from "../graph/kernel.ts";
export { kernel } from "../graph/user-kernel.ts";
export { type ComparedRow, type Comparison, compareReports } from "./compare.ts";
export { type Ceilings, ceilingsOf, type Figures, figuresOf, type Outcome, outcomeOf, reasonOf } from "./figures.ts";
export { benchJsonSchema } from "./json-schema.ts";
export { parseReport } from "./parse.ts";
export { geometricMean, type PeerRatio, peerRatios } from "./peers.ts";
export { type MountedReport, mountReport, type ReportOptions, renderPage, renderReport, reportCss } from "./report/index.ts";
export { type BenchOptions, runBench, type SuiteName, suiteNames } from "./run.ts";
export {
  BENCH_SCHEMA,
  type BenchEnvironment,
  type BenchReport,
  type BenchResult,
  type Check,
  type Distribution,
  type Roofline,
} from "./schema.ts";
export { type Ratio, ratioOfMedians } from "./statistics.ts";
export { type BenchBuffer, type BenchmarkSpec, type BenchSize, benchmark, type KernelBench } from "./user-kernel.ts";
