import type { OpSamples } from "./sample.ts";
import type { CaseReport, OpSummary } from "./schema.ts";

/** One op's cases in a few numbers. */
export function summarize({ op, looseBound }: OpSamples, reports: readonly CaseReport[]): OpSummary {
  const forward = reports.filter((report) => report.face === "forward");
  const variants = [...new Set(forward.map((report) => report.variant))];
  const failed = reports.filter((report) => !report.ok).length;
  const unreached = op.kernels.map((variant) => variant.name).filter((name) => !variants.includes(name));
  const [first, ...rest] = forward;
  const worst = first && rest.reduce((a, b) => (badness(b) > badness(a) ? b : a), first);
  return {
    op: op.name,
    cases: reports.length,
    failed,
    variants,
    unreached,
    worst: worst && { error: worst.error, bound: worst.bound, ratio: worst.ratio, variant: worst.variant },
    looseBound,
    ok: failed === 0 && (reports.length > 0 || op.view === true),
  };
}

const badness = ({ ratio, bound }: CaseReport): number =>
  ratio === null ? Number.POSITIVE_INFINITY : ratio + 1e-12 * Math.min(1, bound ?? 0);

/** A bound that is never reached to a fiftieth proves too little. */
const LOOSE = 50;

/** Floors for values that GPUs flush to zero say nothing about how tight a bound is. */
const FLUSH = 1e-30;

/** Whether the bound exceeds 50 × the worst error that was seen. A reason in `looseBound` excuses it. */
export const isLoose = ({ worst }: OpSummary): boolean =>
  worst !== undefined && worst.ratio !== null && worst.bound !== null && worst.bound > FLUSH && worst.ratio * LOOSE < 1;
