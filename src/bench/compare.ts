import { outcomeOf, positive, reasonOf } from "./figures.ts";
import type { BenchReport, BenchResult } from "./schema.ts";
import { type Ratio, ratioOfMedians, roundsOf } from "./statistics.ts";

/** One row in two reports. A ratio above 1 means that it takes longer now. */
export interface ComparedRow extends Partial<Ratio> {
  readonly suite: string;
  readonly name: string;
  readonly subject: string;
  readonly clock?: "gpu" | "wall";
  readonly before?: number;
  readonly after?: number;
  /**
   * `slower`, `faster`: the whole interval lies beyond the threshold; `same`: within it; `unclear`: partly. `broken`: it had a time, and has
   * none now.
   */
  readonly verdict: "same" | "unclear" | "slower" | "faster" | "broken";
  readonly reason?: string;
}

export interface Comparison {
  readonly rows: readonly ComparedRow[];
  /** Rows that only one of the two has with a time. */
  readonly unmatched: readonly string[];
  /** Geometric mean of the ratios; undefined without rows. */
  readonly mean?: number;
  /** What is slower or broken; of the suite `peers` this library's rows only. */
  readonly regressions: readonly ComparedRow[];
  /** The adapter, browser or clock differ: what was compared are two machines, not two builds. */
  readonly warning?: string;
}

/** What a row may gain or lose before it counts, unless said otherwise: 10 %. */
export const THRESHOLD = 0.1;

export const rowKey = ({ suite, name, subject }: Pick<BenchResult, "suite" | "name" | "subject">): string =>
  `${suite}: ${name}, ${subject}`;

/**
 * Two reports, row by row. A row is slower when the whole 95 % bootstrap interval of the ratio of its medians lies above 1 + threshold, so
 * that neither a lucky median nor a wide spread is taken for a change.
 */
export function compareReports(before: BenchReport, after: BenchReport, threshold = THRESHOLD): Comparison {
  const old = new Map(before.results.map((result) => [rowKey(result), result]));
  const rows: ComparedRow[] = [];
  const unmatched: string[] = [];
  for (const result of after.results) {
    const key = rowKey(result);
    const earlier = old.get(key);
    old.delete(key);
    if (earlier === undefined || outcomeOf(earlier) !== "timed") {
      if (outcomeOf(result) === "timed") unmatched.push(`${key} (new)`);
      continue;
    }
    const { suite, name, subject } = result;
    if (outcomeOf(result) !== "timed") {
      rows.push({ suite, name, subject, verdict: "broken", reason: reasonOf(result) || "it was not timed" });
      continue;
    }
    const clock = earlier.gpu && result.gpu ? "gpu" : "wall";
    const [a, b] = [earlier[clock], result[clock]].map((times) => (times ? roundsOf(times, positive) : []));
    if (a.length === 0 || b.length === 0) {
      unmatched.push(`${key} (${earlier[clock] && result[clock] ? "without samples" : "timed by different clocks"})`);
      continue;
    }
    const ratio = ratioOfMedians(a, b);
    const verdict = verdictOf(ratio, 1 + threshold);
    rows.push({ suite, name, subject, clock, before: earlier[clock]?.median, after: result[clock]?.median, ...ratio, verdict });
  }
  for (const [key, result] of old) if (outcomeOf(result) === "timed") unmatched.push(`${key} (gone)`);
  const ratios = rows.flatMap(({ ratio }) => (ratio === undefined ? [] : [Math.log(ratio)]));
  return {
    rows,
    unmatched,
    mean: ratios.length > 0 ? Math.exp(ratios.reduce((sum, log) => sum + log, 0) / ratios.length) : undefined,
    regressions: rows.filter(
      ({ suite, subject, verdict }) => (verdict === "slower" || verdict === "broken") && (suite !== "peers" || subject === "unroll"),
    ),
    warning: differences(before, after),
  };
}

function verdictOf({ low, high }: Ratio, allowed: number): ComparedRow["verdict"] {
  if (low > allowed) return "slower";
  if (high < 1 / allowed) return "faster";
  return high <= allowed && low >= 1 / allowed ? "same" : "unclear";
}

function differences({ environment: a, clock: c }: BenchReport, { environment: b, clock: d }: BenchReport): string | undefined {
  const name = ({ adapter }: typeof a) =>
    [adapter.description, adapter.vendor, adapter.architecture, adapter.device].filter(Boolean).join(" ");
  const different = [
    ...(name(a) === name(b) ? [] : [`adapters (${name(a)}; ${name(b)})`]),
    ...(a.runtime.name === b.runtime.name && a.runtime.choice === b.runtime.choice
      ? []
      : [`runtimes (${a.runtime.choice}; ${b.runtime.choice})`]),
    ...(a.flags.join(" ") === b.flags.join(" ") ? [] : [`flags (${a.flags.join(" ") || "none"}; ${b.flags.join(" ") || "none"})`]),
    ...(c.kind === d.kind ? [] : [`clocks (${c.kind}; ${d.kind})`]),
  ];
  return different.length > 0 ? `the two are of different ${different.join(" and ")}` : undefined;
}
