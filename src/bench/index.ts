export { type Ceilings, ceilingsOf, type Figures, figuresOf, type Outcome, outcomeOf, reasonOf } from "./figures.ts";
export { benchJsonSchema } from "./json-schema.ts";
export { parseReport } from "./parse.ts";
export { geometricMean, type PeerRatio, peerRatios } from "./peers.ts";
export { type MountedReport, mountReport, type ReportOptions, renderPage, renderReport, reportCss } from "./report/index.ts";
export {
  BENCH_SCHEMA,
  type BenchEnvironment,
  type BenchReport,
  type BenchResult,
  type Check,
  type Distribution,
  type Roofline,
} from "./schema.ts";
