import { formatAdapter } from "../../gpu/device.ts";
import type { BenchReport } from "../schema.ts";
import { renderBars } from "./bars.ts";
import { renderComparison } from "./compare.ts";
import { enhance } from "./enhance.ts";
import { renderHead } from "./head.ts";
import { html, type Markup } from "./markup.ts";
import { renderProbes } from "./probes.ts";
import { renderRoofline } from "./roofline.ts";
import { renderStart } from "./start.ts";
import { reportCss } from "./style.ts";
import { type Shown, showReports, suitesOf, suiteTint } from "./subject.ts";
import { renderTable } from "./table.ts";

export interface ReportOptions {
  /** Of the page; the adapter's name unless given. */
  readonly title?: string;
  /** One for each report, such as its file's; the adapters' names unless given. */
  readonly names?: readonly (string | undefined)[];
  /** What a row may gain or lose before it counts as faster or slower. Default 0.1. */
  readonly threshold?: number;
}

/** The script of a page, as text: everything in it is its own. */
export const reportScript = (): string => `(${enhance})(document.querySelector(".report"));`;

/** The parts of a report's page, by name: those that did not change need not be drawn anew. */
export function renderParts(reports: readonly BenchReport[], { names, threshold }: ReportOptions = {}): Readonly<Record<string, string>> {
  if (reports.length === 0) return { head: html`<p class="note">No report.</p>`.text };
  const shown = showReports(reports, names);
  const [roofline, probes] = [renderRoofline(shown), renderProbes(shown)];
  const parts: Record<string, Markup> = {
    head: renderHead(shown),
    tools: renderTools(shown),
    hardware:
      roofline.text || probes.text
        ? html`<div class="${probes.text && roofline.text && reports.length < 3 ? "split" : ""}">${roofline}${probes}</div>`
        : html``,
    comparison: renderComparison(shown, threshold),
    times: renderBars(shown),
    start: renderStart(shown),
    table: renderTable(shown),
  };
  return Object.fromEntries(Object.entries(parts).map(([name, { text }]) => [name, text]));
}

/** One report, or several side by side, as HTML for within `<div class="report">`. */
export function renderReport(reports: readonly BenchReport[], options: ReportOptions = {}): string {
  return Object.entries(renderParts(reports, options))
    .map(([name, text]) => `<div data-part="${name}">${text}</div>`)
    .join("\n");
}

/** A single file that needs nothing else: no network, and none allowed. */
export function renderPage(reports: readonly BenchReport[], options: ReportOptions = {}): string {
  const title = options.title ?? titleOf(reports);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:">
<link rel="icon" href="data:,">
${html`<title>${title}</title>`}
<style>${reportCss}</style>
</head>
<body>
<main class="report page">
${renderReport(reports, options)}
<footer class="note">Made by <code>unroll bench</code>. Times are in milliseconds unless a unit is given.</footer>
</main>
<script>${reportScript()}</script>
</body>
</html>
`;
}

const titleOf = (reports: readonly BenchReport[]): string =>
  `Unroll bench: ${reports.map(({ environment }) => formatAdapter(environment.adapter)).join(" | ") || "no report"}`;

/** Which suites and rows are shown below. */
function renderTools(shown: readonly Shown[]): Markup {
  const suites = suitesOf(shown);
  if (suites.length === 0) return html``;
  return html`<div class="tools" role="group" aria-label="What is shown">
    ${suites.map((suite) => html`<button type="button" class="toggle" data-toggle="${suite}" aria-pressed="true"><span class="dot ${shown.length > 1 ? "" : suiteTint(suite, suites)}"></span>${suite}</button>`)}
    <label class="words"><span>Filter</span> <input type="search" data-words="" placeholder="words in a name" autocomplete="off" spellcheck="false"></label>
  </div>
  <p class="nothing" role="status" data-nothing="" data-off="">No row has these words in its name.</p>`;
}
