import { check } from "../../errors.ts";
import type { AdapterDescription } from "../../gpu/device.ts";
import { BENCH_SCHEMA, type BenchReport, type BenchResult } from "../schema.ts";
import { date } from "./format.ts";
import { html, type Markup } from "./markup.ts";

/** A report with what tells it from the others that are shown beside it. */
export interface Shown {
  readonly report: BenchReport;
  /** A, B, C …; empty where there is only one. */
  readonly letter: string;
  /** The class of its colour, where reports are told apart by colour. */
  readonly tint: string;
  /** Adapter, and what else it takes to be no other's name. */
  readonly name: string;
}

/** Colours that can be told apart; more than so many things repeat them. */
const TINTS = 7;

/** @param names for example of the files that the reports are from. */
export function showReports(reports: readonly BenchReport[], names: readonly (string | undefined)[] = []): Shown[] {
  check(
    Array.isArray(reports) && reports.every((report) => report?.schema === BENCH_SCHEMA),
    "argument",
    "give a list of reports, as runBench or parseReport make them",
  );
  const adapters = reports.map((report, i) => names[i] || shortName(report.environment.adapter));
  return reports.map((report, i) => ({
    report,
    letter: reports.length > 1 ? letterOf(i) : "",
    tint: `tint-${i % TINTS}`,
    name: adapters.some((other, j) => other === adapters[i] && j !== i) ? `${adapters[i]}, ${date(report.date)}` : adapters[i],
  }));
}

/** An adapter in few words. */
function shortName({ description, vendor, architecture, device, software }: AdapterDescription): string {
  const name = description || [vendor, architecture, device].filter(Boolean).join(" ") || "unnamed adapter";
  return software ? `${name}, software` : name;
}

const letterOf = (i: number): string => (i < 26 ? String.fromCharCode(65 + i) : `A${i - 25}`);

export const chip = ({ letter, tint, name }: Shown): Markup | undefined =>
  letter ? html`<abbr class="chip ${tint}" title="${name}">${letter}</abbr>` : undefined;

const SUITES = ["kernels", "layers", "models", "peers", "start"];

/** The suites of all reports, the known ones first. */
export function suitesOf(shown: readonly Shown[]): string[] {
  const found = new Set(shown.flatMap(({ report }) => report.results.map(({ suite }) => suite)));
  return [...SUITES.filter((suite) => found.has(suite)), ...[...found].filter((suite) => !SUITES.includes(suite)).sort()];
}

export function suiteTint(suite: string, suites: readonly string[]): string {
  const known = SUITES.indexOf(suite);
  return `tint-${(known >= 0 ? known : SUITES.length + suites.filter((other) => !SUITES.includes(other)).indexOf(suite)) % TINTS}`;
}

/** One subject's result in one of the reports. */
export interface Entry {
  readonly shown: Shown;
  readonly result: BenchResult;
}

/** All results of one row, of every subject and report. */
export interface Row {
  readonly suite: string;
  readonly name: string;
  readonly entries: readonly Entry[];
}

/** Rows in the order of the first report that has them; subjects side by side, each with its reports next to one another. */
export function rowsOf(shown: readonly Shown[]): Row[] {
  const rows = new Map<string, { suite: string; name: string; entries: Entry[] }>();
  for (const one of shown)
    for (const result of one.report.results) {
      const key = JSON.stringify([result.suite, result.name]);
      const row = rows.get(key) ?? { suite: result.suite, name: result.name, entries: [] };
      rows.set(key, row);
      row.entries.push({ shown: one, result });
    }
  return [...rows.values()].map((row) => ({ ...row, entries: bySubject(row.entries) }));
}

function bySubject(entries: readonly Entry[]): Entry[] {
  const subjects = [...new Set(entries.map(({ result }) => result.subject))];
  return subjects.flatMap((subject) => entries.filter(({ result }) => result.subject === subject));
}
