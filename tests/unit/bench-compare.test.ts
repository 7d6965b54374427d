import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { compareReports, rowKey } from "../../src/bench/compare.ts";
import { timeOf } from "../../src/bench/figures.ts";
import { parseReport } from "../../src/bench/parse.ts";
import type { BenchReport, BenchResult, Distribution } from "../../src/bench/schema.ts";
import { distribution, joined, quantile, ratioOfMedians, roundsOf } from "../../src/bench/statistics.ts";
import { formatComparison } from "../../src/cli/bench/table.ts";
import { sampleReport } from "../support/bench-report.ts";
import { coverageTests } from "./sweeps/coverage.ts";

/** Two runs of `unroll bench kernels layers models --quick` of one build, one right after the other. */
const recording = (name: string): BenchReport =>
  parseReport(readFileSync(new URL(`../support/recordings/${name}.json`, import.meta.url), "utf8"));

const scaled = (times: Distribution | undefined, factor: number) =>
  times &&
  distribution(
    times.samples.map((ms) => factor * ms),
    times.repeats,
  );

/** The report with one row slower. */
const withSlow = (report: BenchReport, key: string, factor: number): BenchReport => ({
  ...report,
  results: report.results.map((result) =>
    rowKey(result) === key ? { ...result, gpu: scaled(result.gpu, factor), wall: scaled(result.wall, factor) } : result,
  ),
});

describe("two recordings of one build", () => {
  const [before, after] = [recording("first"), recording("second")];

  test("hold enough to compare", () => {
    expect(before.results.length).toBeGreaterThan(20);
    expect(compareReports(before, after).rows).toHaveLength(before.results.length);
  });

  test("have not changed to --compare, either way round", () => {
    for (const { regressions, rows, unmatched, warning } of [compareReports(before, after), compareReports(after, before)]) {
      expect(regressions).toEqual([]);
      expect(rows.filter(({ verdict }) => !/^(same|unclear)$/.test(verdict))).toEqual([]);
      expect(rows.filter(({ verdict }) => verdict === "same").length).toBeGreaterThan(0.6 * rows.length);
      expect([unmatched, warning]).toEqual([[], undefined]);
    }
  });

  test("a slowdown of 1.3 is found in each row, and in no other", () => {
    const missed: string[] = [];
    const keys = before.results.map(rowKey);
    for (const [i, key] of keys.entries()) {
      // Rows are compared one by one: another one next to it is enough.
      const two = [key, keys[(i + 1) % keys.length]];
      const [old, now] = [before, after].map((all) => ({ ...all, results: all.results.filter((row) => two.includes(rowKey(row))) }));
      const found = compareReports(old, withSlow(now, key, 1.3)).regressions.map((row) => rowKey(row));
      if (!found.includes(key)) missed.push(key);
      expect(found.filter((other) => other !== key)).toEqual([]);
    }
    // where the spread of the machine is wider than 1.3, nothing can be said; that is rare
    expect(missed.length, missed.join("; ")).toBeLessThanOrEqual(0.1 * before.results.length);
  });
});

describe("compareReports", () => {
  const whole = sampleReport();
  // a few rows: each takes thousands of draws
  const base: BenchReport = { ...whole, results: whole.results.slice(0, 6) };
  const first = base.results.find((result) => timeOf(result)) as BenchResult;

  test("says nothing of changes within the threshold, which can be chosen", () => {
    const slower = withSlow(base, rowKey(first), 1.06);
    expect(compareReports(base, slower).regressions).toEqual([]);
    expect(compareReports(base, slower, 0.01).regressions.map(({ name }) => name)).toEqual([first.name]);
  });

  test("a row is the same where all of the interval says so, and unclear where only a part does", () => {
    const timed = (samples: number[]): BenchReport => ({ ...base, results: [{ ...first, gpu: distribution(samples, 1) }] });
    const verdict = (samples: number[]) => compareReports(timed([10, 10, 10, 10, 10]), timed(samples)).rows.map((row) => row.verdict);
    expect(verdict([10, 10.2, 9.9, 10.1, 10])).toEqual(["same"]);
    expect(verdict([9, 10, 12, 10, 13])).toEqual(["unclear"]);
    expect(verdict([12, 12, 12, 12, 12])).toEqual(["slower"]);
    expect(verdict([8, 8, 8, 8, 8])).toEqual(["faster"]);
  });

  test("every row is told, what is slower first", () => {
    const timed = (ms: number[]): BenchReport => ({
      ...base,
      results: ms.map((time, i) => ({ ...first, name: `row ${i}`, gpu: distribution([time, time, time], 1) })),
    });
    const lines = formatComparison(compareReports(timed([1, 1, 1]), timed([0.5, 1, 3])), 0.1).filter((line) => /row \d/.test(line));
    expect(lines.map((line) => /^(\S+) .*(row \d)/.exec(line)?.slice(1))).toEqual([
      ["SLOWER", "row 2"],
      ["same", "row 1"],
      ["FASTER", "row 0"],
    ]);
  });

  test("a row that is now wrong is a regression", () => {
    const results = base.results.map((result) =>
      result === first
        ? { ...result, gpu: undefined, wall: undefined, check: { ok: false, against: "reference", message: "off by 7" } as const }
        : result,
    );
    const { regressions } = compareReports(base, { ...base, results });
    expect(regressions).toMatchObject([{ name: first.name, verdict: "broken", reason: "off by 7" }]);
    expect(formatComparison(compareReports(base, { ...base, results }), 0.1).join("\n")).toMatch(/^BROKEN .*off by 7$/m);
  });

  test("what another library does in the suite peers is no regression of ours", () => {
    const row = (subject: string, ms: number): BenchResult => ({ ...first, suite: "peers", subject, gpu: distribution([ms, ms, ms], 1) });
    const [before, after] = [1, 3].map((ms): BenchReport => ({ ...base, results: [row("unroll", ms), row("tfjs", ms)] }));
    expect(compareReports(before, after).rows.map(({ verdict }) => verdict)).toEqual(["slower", "slower"]);
    expect(compareReports(before, after).regressions.map(({ subject }) => subject)).toEqual(["unroll"]);
  });

  test("tells rows that only one of the two has", () => {
    const fewer = { ...base, results: base.results.filter((result) => result !== first) };
    expect(compareReports(base, fewer).unmatched).toEqual([`${rowKey(first)} (gone)`]);
    expect(compareReports(fewer, base).unmatched).toEqual([`${rowKey(first)} (new)`]);
  });

  test("warns when it was given two machines", () => {
    expect(compareReports(base, base).warning).toBeUndefined();
    expect(compareReports(base, sampleReport({ software: false })).warning).toMatch(/different adapters/);
  });
});

describe("statistics", () => {
  test("quantiles between neighbours in proportion", () => {
    expect(quantile([4, 1, 3, 2], 0.5)).toBe(2.5);
    expect(quantile([10, 20, 30], 0.1)).toBeCloseTo(12);
    expect(quantile([7], 0.9)).toBe(7);
  });

  coverageTests(60);

  test("rounds are joined and told apart again", () => {
    const all = joined(joined(distribution([1, 2], 1), distribution([3], 1)), distribution([4, 5, Number.NaN], 2));
    expect(all).toMatchObject({ samples: [1, 2, 3, 4, 5, Number.NaN], rounds: [2, 1, 3], repeats: 2 });
    expect(roundsOf(all, Number.isFinite)).toEqual([[1, 2], [3], [4, 5]]);
    expect(roundsOf(distribution([1, 2], 1))).toEqual([[1, 2]]);
    expect(roundsOf({ ...all, rounds: [1] })).toEqual([[1], [2, 3, 4, 5, Number.NaN]]);
  });

  test("after twice before is 2, whatever the order of the samples", () => {
    const [a, b] = [
      [1, 1.1, 0.9, 1, 1.02],
      [2, 2.1, 2.2, 1.9, 2],
    ];
    const { ratio, low, high } = ratioOfMedians(a, b);
    expect(ratio).toBe(2);
    expect(low).toBeGreaterThan(1.6);
    expect(high).toBeLessThan(2.5);
    expect(ratioOfMedians(a, b)).toEqual(ratioOfMedians(a, b));
  });
});
