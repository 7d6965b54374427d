import { outcomeOf } from "../figures.ts";
import { coldTotal } from "../peers.ts";
import { bytes, milliseconds } from "./format.ts";
import { html, type Markup } from "./markup.ts";
import { barScale } from "./scale.ts";
import { renderStanding } from "./standing.ts";
import { chip, type Entry, rowsOf, type Shown } from "./subject.ts";

/** Cold starts, each a bar of its parts one after the other. */
export function renderStart(shown: readonly Shown[]): Markup {
  const entries = rowsOf(shown)
    .flatMap((row) => row.entries)
    .filter(({ result }) => result.parts && outcomeOf(result) !== "wrong");
  if (entries.length === 0) return html``;
  const names = [...new Set(entries.flatMap(({ result }) => result.parts?.map(({ name }) => name) ?? []))];
  const scale = barScale(entries.map(total));
  return html`<section class="card start" aria-label="Cold start">
    <header><h2>Cold start</h2><p class="note">From nothing to the first result, in a page that has loaded nothing yet</p></header>
    ${renderStanding(shown, entries[0].result.suite)}
    <p class="legend">${names.map((name, i) => html`<span class="key block tint-${i % 7}">${name}</span>`)}</p>
    <ul class="bars">${entries.map((entry) => renderStack(entry, names, scale.at))}</ul>
  </section>`;
}

const total = ({ result }: Entry): number => coldTotal(result) ?? 0;

function renderStack(entry: Entry, names: readonly string[], at: (ms: number) => number): Markup {
  const { result, shown } = entry;
  let from = 0;
  const parts = (result.parts ?? [])
    .filter(({ ms }) => Number.isFinite(ms) && ms >= 0)
    .map(({ name, ms }) => {
      const x = at(from);
      from += ms;
      return html`<rect class="bar tint-${names.indexOf(name) % 7}" x="${x}%" y="2" height="16" width="${Math.max(0, at(from) - x)}%"><title>${name}: ${milliseconds(ms)}</title></rect>`;
    });
  return html`<li data-suite="${result.suite}" data-name="${`${result.name} ${result.subject}`}">
    <span class="who">${chip(shown)} ${result.name} <small>${result.subject}${result.shippedBytes !== undefined && `, ships ${bytes(result.shippedBytes)} gzipped`}</small></span>
    <svg class="track" role="img" aria-label="${(result.parts ?? []).map(({ name, ms }) => `${name} ${milliseconds(ms)}`).join(", ")}">${parts}</svg>
    <span class="amount">${milliseconds(total(entry))}</span>
  </li>`;
}
