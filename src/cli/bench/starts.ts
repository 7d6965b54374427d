import type { BenchReport, BenchResult } from "../../bench/schema.ts";
import { distribution, median } from "../../bench/statistics.ts";

/** The report with the cold starts of another added to its own: one sample more for each, and the medians of their parts; those that it has not are added. */
export function mergeStarts(report: BenchReport, other: BenchReport): BenchReport {
  const starts = report.results.filter(({ suite }) => suite === "start");
  const rest = report.results.filter(({ suite }) => suite !== "start");
  const more = new Map(other.results.filter(({ suite }) => suite === "start").map((result) => [result.name, result]));
  const merged = starts.map((result) => {
    const again = more.get(result.name);
    more.delete(result.name);
    return again ? merge(result, again) : result;
  });
  return { ...report, results: [...merged, ...more.values(), ...rest] };
}

/** Parts of every sample, which the report itself has no place for. */
const samples = new WeakMap<BenchResult, readonly (readonly number[])[]>();

function merge(result: BenchResult, again: BenchResult): BenchResult {
  if (!result.check.ok || !again.check.ok || !result.wall || !again.wall || !result.parts || !again.parts)
    return again.check.ok ? result : again;
  const all = [...(samples.get(result) ?? [result.parts.map(({ ms }) => ms)]), again.parts.map(({ ms }) => ms)];
  const parts = result.parts.map(({ name }, i) => ({ name, ms: median(all.map((one) => one[i])) }));
  const merged = { ...result, wall: distribution([...result.wall.samples, ...again.wall.samples], 1), parts };
  samples.set(merged, all);
  return merged;
}
