import type { ComparedRow, Comparison } from "../../bench/compare.ts";
import { ceilingsOf, figuresOf, outcomeOf, reasonOf } from "../../bench/figures.ts";
import { bytes, count, duration, number, percent, rate, times } from "../../bench/report/format.ts";
import type { BenchReport, BenchResult, Roofline } from "../../bench/schema.ts";
import { formatAdapter } from "../../gpu/device.ts";

/** The head of a report: what was measured on, and by which clock. The adapter stands first; a software adapter is called so. */
export function formatHead({ environment, clock, roofline }: BenchReport): string[] {
  const { adapter, runtime, flags, features, limits, versions, driver } = environment;
  const grain =
    clock.kind === "gpu"
      ? `timestamps in steps of ${duration(clock.gpuGrainNanoseconds)}`
      : "no timestamps on this device: wall clock only";
  return [
    `adapter: ${formatAdapter(adapter)}`,
    ...(driver === undefined ? [] : [`driver: ${driver}`]),
    `runtime: ${runtime.name}, ${runtime.choice}${flags.length > 0 ? ` ${flags.join(" ")}` : ""}`,
    `versions: ${Object.entries(versions)
      .map((version) => version.join(" "))
      .join(", ")}`,
    `features: ${features.join(", ") || "none"}`,
    `limits: workgroups of ${count(limits.maxComputeInvocationsPerWorkgroup)}, ${bytes(limits.maxComputeWorkgroupStorageSize)} of workgroup memory, bindings of ${bytes(limits.maxStorageBufferBindingSize)}`,
    `clock: ${grain}; performance.now() in steps of ${duration(clock.wallGrainNanoseconds)}`,
    ...(roofline ? formatRoofline(roofline) : []),
  ];
}

/** What the device can do. */
export function formatRoofline(roofline: Roofline): string[] {
  const { fma, memory, workgroupBytesPerSecond, barrierNanoseconds, dispatchMicroseconds, submitMicroseconds, readbackMicroseconds } =
    roofline;
  const f16 = fma.f16 === undefined ? "" : `, f16 ${rate(fma.f16, "FLOP/s")}`;
  const sets = memory.map(({ workingSetBytes, bytesPerSecond }) => `${rate(bytesPerSecond, "B/s")} at ${bytes(workingSetBytes)}`);
  return [
    `FMA peak: scalar ${rate(fma.scalar, "FLOP/s")}, vec4 ${rate(fma.vec4, "FLOP/s")}${f16}`,
    `memory: ${sets.join(", ")}`,
    `workgroup memory: ${rate(workgroupBytesPerSecond, "B/s")}; a barrier ${duration(barrierNanoseconds)}`,
    `dispatch ${duration(1e3 * dispatchMicroseconds)}, submit ${duration(1e3 * submitMicroseconds)}, readback ${duration(1e3 * readbackMicroseconds)}`,
  ];
}

const COLUMNS = ["", "gpu ms", "p10–p90", "wall ms", "GFLOP/s", "GB/s", "FLOP/B", "of roof"] as const;

/** All results, suite by suite; the variant that the planner takes here has a star. */
export function formatTable({ results, roofline }: BenchReport): string[] {
  const lines: string[] = [];
  const roof = ceilingsOf(roofline) ? roofline : undefined;
  for (const suite of new Set(results.map((result) => result.suite))) {
    const rows: string[][] = [];
    const notes = new Map<number, string>();
    let row = "";
    for (const result of results.filter((one) => one.suite === suite).sort(byRow(results))) {
      const only = results.filter((one) => one.suite === suite && one.name === result.name).length === 1;
      if (result.name !== row && !only) rows.push([result.name]);
      row = result.name;
      const label = only
        ? `${result.name}${result.subject === "unroll" ? "" : ` (${result.subject})`}`
        : `  ${result.chosen ? "*" : " "} ${result.subject}`;
      if (outcomeOf(result) !== "timed")
        notes.set(rows.length, `${outcomeOf(result) === "wrong" ? "WRONG: " : "n/a: "}${reasonOf(result).split("\n")[0]}`);
      rows.push([label, ...cells(result, roof)]);
    }
    const widths = COLUMNS.map((title, i) =>
      Math.max(title.length, ...rows.filter((cell) => cell.length > 1 || i > 0).map((cell) => (cell[i] ?? "").length)),
    );
    const line = (cell: readonly string[]) =>
      cell
        .map((text, i) => (i === 0 ? text.padEnd(widths[0]) : text.padStart(widths[i])))
        .join("  ")
        .trimEnd();
    lines.push("", line([suite, ...COLUMNS.slice(1)]));
    for (const [i, cell] of rows.entries()) lines.push(notes.has(i) ? `${cell[0].padEnd(widths[0])}  ${notes.get(i)}` : line(cell));
  }
  return [...lines, ...remarks(results, roof)];
}

/** No compute-bound row can be this far above the peak: its cost is wrong, or the compiler has left work out. */
const IMPOSSIBLE = 1.1;

function remarks(results: readonly BenchResult[], roofline: Roofline | undefined): string[] {
  const impossible = results.filter((result) => {
    const { bound, share = 0 } = figuresOf(result, roofline);
    return bound === "compute" && share > IMPOSSIBLE;
  });
  const unverified = results.filter((result) => result.suite === "own" && result.check.against === "none" && outcomeOf(result) === "timed");
  const cached = results.some((result) => {
    const { bound, share = 0 } = figuresOf(result, roofline);
    return bound === "memory" && share > 1;
  });
  const list = (found: readonly BenchResult[]) => found.map(({ name, subject }) => `${name} (${subject})`).join(", ");
  return [
    ...(results.some(({ chosen }) => chosen) ? ["", "* the variant that the planner takes for this size on this device"] : []),
    ...(cached ? ["above 100 % of the roof: the data fit into a cache, which is faster than memory"] : []),
    ...(impossible.length > 0
      ? ["", `more than the device can do, so the cost is wrong or the compiler left work out: ${list(impossible)}`]
      : []),
    ...(unverified.length > 0 ? ["", `not verified, for want of a reference: ${list(unverified)}`] : []),
  ];
}

/** Rows in the order in which they were first measured, their variants by time. */
const byRow = (results: readonly BenchResult[]) => {
  const order = [...new Set(results.map(({ name }) => name))];
  const time = (result: BenchResult) => figuresOf(result).milliseconds ?? Number.POSITIVE_INFINITY;
  return (a: BenchResult, b: BenchResult): number => order.indexOf(a.name) - order.indexOf(b.name) || time(a) - time(b);
};

function cells(result: BenchResult, roofline: Roofline | undefined): string[] {
  const { flopsPerSecond, bytesPerSecond, intensity, share } = figuresOf(result, roofline);
  const { gpu, wall } = result;
  const shown = gpu ?? wall;
  return [
    gpu ? number(gpu.median) : "–",
    shown ? `${number(shown.p10)}–${number(shown.p90)}` : "–",
    wall ? number(wall.median) : "–",
    flopsPerSecond ? number(flopsPerSecond / 1e9) : "–",
    bytesPerSecond ? number(bytesPerSecond / 1e9) : "–",
    number(intensity),
    percent(share),
  ];
}

/** Row by row: what is broken or slower now first, then by the ratio. */
export function formatComparison(comparison: Comparison, threshold: number): string[] {
  const { rows, unmatched, mean, regressions, warning } = comparison;
  const rank = ({ verdict }: ComparedRow) => ["broken", "slower"].indexOf(verdict) >>> 0; // the others last
  const sorted = [...rows].sort((a, b) => rank(a) - rank(b) || (b.ratio ?? 0) - (a.ratio ?? 0));
  const count = (verdict: ComparedRow["verdict"]) => rows.filter((row) => row.verdict === verdict).length;
  return [
    "",
    ...(warning ? [`beware: ${warning}`] : []),
    ...sorted.map(formatRow),
    `${rows.length} rows compared: ${regressions.length} slower or broken, ${count("faster")} faster, ${count("same")} the same within ${percent(threshold)}, ${count("unclear")} unclear` +
      `${mean === undefined ? "" : `; geometric mean of the times ${times(mean)}`}`,
    ...(unmatched.length > 0 ? [`not compared: ${few(unmatched)}`] : []),
  ];
}

const MOST_NAMED = 5;
const few = (names: readonly string[]): string =>
  names.length <= MOST_NAMED + 1 ? names.join("; ") : `${names.slice(0, MOST_NAMED).join("; ")}; and ${names.length - MOST_NAMED} more`;

function formatRow({ suite, name, subject, before, after, ratio, low, high, verdict, clock, reason }: ComparedRow): string {
  const shown = verdict === "same" || verdict === "unclear" ? verdict : verdict.toUpperCase();
  const label = `${shown.padEnd(7)} ${suite}: ${name}, ${subject}`;
  if (verdict === "broken") return `${label}: ${reason}`;
  return `${label}: ${number(before)} → ${number(after)} ms${clock === "wall" ? " (wall)" : ""}, ${times(ratio)} (95 %: ${times(low)} to ${times(high)})`;
}
