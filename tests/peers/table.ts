import type { BenchResult } from "../../src/bench/schema.ts";
import { libraries, OWN } from "./libraries.ts";
import { GEOMETRIC_MEAN, targetOf } from "./targets.ts";

export interface Ratio {
  readonly name: string;
  /** The time of the best WebGPU peer over ours. */
  readonly ratio: number;
  readonly best: string;
  readonly target: number;
}

const widths = { name: 46, time: 9 };
const subjects = libraries.map(({ subject }) => subject);
const peers = new Set(libraries.filter(({ webgpu, subject }) => webgpu && subject !== OWN).map(({ subject }) => subject));

/** undefined where either side has no time. */
export function ratioOf(name: string, results: readonly BenchResult[]): Ratio | undefined {
  const own = results.find(({ subject }) => subject === OWN)?.wall;
  const timed = results.filter(({ subject, wall }) => peers.has(subject) && wall);
  if (!own || timed.length === 0) return undefined;
  const best = timed.reduce((a, b) => ((b.wall?.median ?? 0) < (a.wall?.median ?? 0) ? b : a));
  return { name, ratio: (best.wall?.median ?? 0) / own.median, best: best.subject, target: targetOf(name) };
}

export const header = (): string =>
  `${"ms (median)".padEnd(widths.name)}${subjects.map((subject) => subject.padStart(widths.time + 1)).join("")}   ratio  dispatches (submits)`;

/** One line of a row: times, ratio, dispatches. */
export function formatRow(name: string, results: readonly BenchResult[]): string {
  const of = (subject: string) => results.find((result) => result.subject === subject);
  const times = subjects.map((subject) => ` ${formatTime(of(subject)).padStart(widths.time)}`).join("");
  const found = ratioOf(name, results);
  const ratio = found ? `${found.ratio.toFixed(2)}${found.ratio < found.target ? "!" : " "}` : "– ";
  const counts = results.flatMap(({ subject, dispatches, submits }) =>
    dispatches !== undefined && subject && libraries.find((library) => library.subject === subject)?.webgpu
      ? [`${dispatches} (${submits})`]
      : [],
  );
  return `${name.padEnd(widths.name)}${times}  ${ratio.padStart(7)}  ${counts.join(" · ")}`;
}

function formatTime(result: BenchResult | undefined): string {
  if (!result) return "";
  if (!result.wall) return result.check.ok ? "n/a" : "wrong";
  const { median } = result.wall;
  return median.toFixed(median < 10 ? 2 : median < 100 ? 1 : 0);
}

export const geometricMean = (values: readonly number[]): number =>
  Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);

/** What the table says all together: mean of the ratios, rows below their targets, reasons for what is missing. */
export function formatSummary(results: readonly BenchResult[]): string[] {
  const names = [...new Set(results.map(({ name }) => name))];
  const ratios = names.flatMap(
    (name) =>
      ratioOf(
        name,
        results.filter((result) => result.name === name),
      ) ?? [],
  );
  if (ratios.length === 0) return ["no row has times of both sides"];
  const mean = geometricMean(ratios.map(({ ratio }) => ratio));
  const below = ratios.filter(({ ratio, target }) => ratio < target);
  const missing = results.filter((result) => result.missing);
  const shipped = results.flatMap(({ subject, shippedBytes }) =>
    shippedBytes ? [`${subject} ${Math.round(shippedBytes / 1000)} KB`] : [],
  );
  return [
    ...(shipped.length > 0 ? [`script and WebAssembly that LeNet forward loads, gzipped: ${shipped.join(", ")}`] : []),
    `geometric mean of the ratios to the best WebGPU peer: ${mean.toFixed(2)} over ${ratios.length} rows (target ${GEOMETRIC_MEAN})`,
    below.length === 0 ? "no row is below its target" : `below their targets (! in the table):`,
    ...below.map(({ name, ratio, target, best }) => `  ${name}: ${ratio.toFixed(2)}, target ${target} (best peer ${best})`),
    ...(missing.length > 0 ? ["without a time:"] : []),
    ...[...new Set(missing.map(reasonOf))].map(
      (reason) =>
        `  ${reason} (${missing
          .filter((result) => reasonOf(result) === reason)
          .map(({ name }) => name)
          .join(", ")})`,
    ),
  ];
}

const reasonOf = ({ subject, missing }: BenchResult): string => `${subject}: ${missing}`;
