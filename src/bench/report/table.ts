import { type Figures, figuresOf, outcomeOf, positive, reasonOf } from "../figures.ts";
import { coldTotal } from "../peers.ts";
import type { BenchResult, Check } from "../schema.ts";
import { count, DASH, number, percent, plain } from "./format.ts";
import { html, type Markup } from "./markup.ts";
import { chip, type Entry, rowsOf, type Shown, suitesOf, suiteTint } from "./subject.ts";

interface Column {
  readonly title: string;
  readonly unit?: string;
  /** What the column says, in full. */
  readonly help: string;
  /** Sorted by this; what has no value goes last. */
  readonly value: (result: BenchResult, figures: Figures) => number | string | undefined;
  readonly show: (result: BenchResult, figures: Figures) => string | Markup;
}

const giga = (value: number | undefined): number | undefined => value && value / 1e9;

const COLUMNS: readonly Column[] = [
  {
    title: "GPU",
    unit: "ms",
    help: "Median time between timestamps on the GPU",
    value: ({ gpu }) => positive(gpu?.median),
    show: ({ gpu }) => withSpread(gpu),
  },
  {
    title: "Wall",
    unit: "ms",
    help: "Median time on the host's clock, until the work is done",
    value: (result) => positive(result.wall?.median) ?? sumOfParts(result),
    show: (result) =>
      sumOfParts(result) === undefined ? withSpread(result.wall) : html`${number(sumOfParts(result))}<small> cold</small>`,
  },
  {
    title: "GFLOP/s",
    help: "By GPU time, else by wall time",
    value: (_, f) => f.flopsPerSecond,
    show: (_, f) => number(giga(f.flopsPerSecond)),
  },
  {
    title: "GB/s",
    help: "Of the fewest bytes that must move",
    value: (_, f) => f.bytesPerSecond,
    show: (_, f) => number(giga(f.bytesPerSecond)),
  },
  { title: "FLOP/byte", help: "Arithmetic intensity", value: (_, f) => f.intensity, show: (_, f) => number(f.intensity) },
  {
    title: "Roofline",
    help: "Share of what peak and memory bandwidth allow at this intensity; above 100 % a cache serves it",
    value: (_, f) => f.share,
    show: (_, f) =>
      f.share === undefined ? DASH : html`${percent(f.share)}<small>${f.bound === "memory" ? " of memory" : " of peak"}</small>`,
  },
  {
    title: "Dispatches",
    help: "Dispatches, and the submits that they are in",
    value: ({ dispatches }) => dispatches,
    show: ({ dispatches, submits }) =>
      dispatches === undefined && submits === undefined
        ? DASH
        : html`${count(dispatches)}${submits !== undefined && html`<small> in ${count(submits)}</small>`}`,
  },
];

/** Of a cold start, which is measured once. */
const sumOfParts = (result: BenchResult): number | undefined => (result.wall ? undefined : coldTotal(result));

const withSpread = (d: BenchResult["gpu"]): string | Markup =>
  positive(d?.median) ? html`${number(d?.median)}<small> ${number(d?.p10)}–${number(d?.p90)}</small>` : DASH;

/** Every result with all its figures; sorted in the page by a click on a heading. */
export function renderTable(shown: readonly Shown[]): Markup {
  const entries = rowsOf(shown).flatMap((row) => row.entries);
  const suites = suitesOf(shown);
  if (entries.length === 0) return html`<section class="card"><p class="note">No results yet.</p></section>`;
  const several = shown.length > 1;
  return html`<section class="card all" aria-label="All results">
    <header><h2>All results</h2><p class="note">Click a heading to sort; beside each median, its 10th and 90th percentile</p></header>
    <div class="scroll" tabindex="0" role="region" aria-label="Table of all results"><table data-table="">
      <thead><tr>
        ${heading("Name", "What is computed", 0, "name")}
        ${heading("Subject", "Who computes it", 1, "text", undefined, true)}
        ${COLUMNS.map(({ title, unit, help }, i) => heading(title, help, i + 2, "", unit))}
        ${heading("Check", "Whether the output was right, and the largest error in units of what is allowed", COLUMNS.length + 2, "text")}
      </tr></thead>
      <tbody>${entries.map((entry) => renderRow(entry, several, suiteTint(entry.result.suite, suites)))}</tbody>
    </table></div>
  </section>`;
}

/** `wide`: on a phone its place is another. */
const heading = (title: string, help: string, column: number, classes: string, unit?: string, wide = false): Markup =>
  html`<th scope="col" class="${classes}" title="${help}"${wide && html` data-wide=""`}><button type="button" data-sort="${column}">${title}${unit && html` <small>${unit}</small>`}</button></th>`;

function renderRow({ result, shown }: Entry, several: boolean, suite: string): Markup {
  const figures = figuresOf(result, shown.report.roofline);
  const outcome = outcomeOf(result);
  const refused = outcome === "wrong" || outcome === "missing";
  const values = refused ? COLUMNS.map(() => undefined) : COLUMNS.map(({ value }) => value(result, figures));
  const checkRank = { wrong: 3, missing: 2, untimed: 1, timed: 0 }[outcome];
  const keys = JSON.stringify([result.name, result.subject, ...values.map((value) => value ?? null), checkRank]);
  return html`<tr class="${outcome}" data-suite="${result.suite}" data-name="${`${result.name} ${result.subject}`}" data-keys="${keys}">
    <th scope="row"><span class="dot ${several ? shown.tint : suite}" title="${several ? shown.name : result.suite}"></span>${chip(shown)} ${result.name}<small data-narrow="">${result.subject}${result.chosen && ", chosen"}</small></th>
    <td class="text" data-wide="">${result.subject}${result.chosen && html` <em>chosen</em>`}</td>
    ${
      refused
        ? html`<td class="text reason" colspan="${COLUMNS.length}">${outcome === "wrong" ? "" : "n/a: "}${reasonOf(result)}</td>`
        : COLUMNS.map(({ show }) => html`<td>${show(result, figures)}</td>`)
    }
    <td class="text">${outcome === "missing" ? DASH : checkText(result.check)}</td>
  </tr>`;
}

function checkText({ ok, against, error }: Check): Markup {
  const size = typeof error === "number" && Number.isFinite(error) && html`<small> ${plain(number(error))}</small>`;
  if (!ok) return html`<b>wrong</b>${size}`;
  return against === "none"
    ? html`not compared`
    : html`right${size ? html`<small> (error${size})</small>` : html`<small> by ${against}</small>`}`;
}
