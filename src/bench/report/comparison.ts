import { outcomeOf, positive } from "../figures.ts";
import { geometricMean } from "../peers.ts";
import type { BenchReport, BenchResult, Distribution } from "../schema.ts";

/** One row and subject of two reports. */
export interface Pair {
  readonly base: BenchResult;
  readonly other: BenchResult;
  /** The clock of both times: the GPU's where both have it. */
  readonly clock: "gpu" | "wall";
  /** Milliseconds, medians. */
  readonly before: number;
  readonly after: number;
  /** after / before: below 1 the other report is faster. */
  readonly ratio: number;
  /** The two ranges from p10 to p90 have something in common, so that the difference may be noise. */
  readonly overlaps: boolean;
}

export interface Comparison {
  readonly pairs: readonly Pair[];
  /** Geometric mean of all ratios; undefined where there are none. */
  readonly mean?: number;
  /** Rows that only one of the two has a time for. */
  readonly unpaired: number;
}

const keyOf = ({ suite, name, subject }: BenchResult): string => JSON.stringify([suite, name, subject]);

/** What can be said from medians and spreads alone. (`--compare` resamples; this is for looking at.) */
export function compareReports(base: BenchReport, other: BenchReport): Comparison {
  const timed = (report: BenchReport) => report.results.filter((result) => outcomeOf(result) === "timed");
  const others = new Map(timed(other).map((result) => [keyOf(result), result]));
  const bases = timed(base);
  const pairs = bases.flatMap((result) => {
    const twin = others.get(keyOf(result));
    return (twin && pairOf(result, twin)) ?? [];
  });
  const mean = geometricMean(pairs.map(({ ratio }) => ratio));
  return { pairs, mean, unpaired: bases.length + others.size - 2 * pairs.length };
}

function pairOf(base: BenchResult, other: BenchResult): Pair | undefined {
  for (const clock of ["gpu", "wall"] as const) {
    const [a, b] = [base[clock], other[clock]];
    if (!a || !b || !positive(a.median) || !positive(b.median)) continue;
    return { base, other, clock, before: a.median, after: b.median, ratio: b.median / a.median, overlaps: meet(a, b) };
  }
  return undefined;
}

const meet = (a: Distribution, b: Distribution): boolean => !(a.p90 < b.p10 || b.p90 < a.p10);
