import { type Comparison, compareReports, type Pair } from "./comparison.ts";
import { number, times } from "./format.ts";
import { html, type Markup } from "./markup.ts";
import { chip, type Shown } from "./subject.ts";

/** The first report beside each other one: one ratio for each row that both have. */
export function renderComparison(shown: readonly Shown[]): Markup {
  if (shown.length < 2) return html``;
  const [base, ...others] = shown;
  return html`<section class="card compare" aria-label="Comparison">
    <header><h2>Comparison</h2><p class="note">Time of the other report over that of ${base.letter}: below 1 it is faster. Grey where the spreads overlap.</p></header>
    ${others.map((other) => renderOne(base, other, compareReports(base.report, other.report)))}
  </section>`;
}

function renderOne(base: Shown, other: Shown, { pairs, mean, unpaired }: Comparison): Markup {
  if (pairs.length === 0)
    return html`<h3>${chip(other)} against ${chip(base)}</h3><p class="note">The two have no row in common that both have timed.</p>`;
  const furthest = Math.max(2, ...pairs.map(({ ratio }) => Math.max(ratio, 1 / ratio)));
  const [faster, slower] = [pairs.filter((p) => p.ratio < 1 && !p.overlaps).length, pairs.filter((p) => p.ratio > 1 && !p.overlaps).length];
  const rest = unpaired > 0 ? `; ${unpaired} in one report only` : "";
  return html`<h3>${chip(other)} ${other.name} <small>against</small> ${chip(base)} ${base.name}</h3>
    <p class="summary"><b>${mean !== undefined && saying(mean)}</b> in the geometric mean of ${pairs.length} rows. ${faster} faster, ${slower} slower, ${pairs.length - faster - slower} within the spread${rest}.</p>
    <div class="scroll"><table class="ratios">
      <thead><tr><th scope="col">Row</th><th scope="col">${base.letter} <small>ms</small></th><th scope="col">${other.letter} <small>ms</small></th><th scope="col">${other.letter} / ${base.letter}</th><td class="wide"></td></tr></thead>
      <tbody>${[...pairs].sort((a, b) => b.ratio - a.ratio).map((pair) => renderPair(pair, furthest))}</tbody>
    </table></div>`;
}

/** 1 / 0.5 is 2.00× as fast. */
const saying = (ratio: number): string =>
  Math.abs(ratio - 1) < 0.005 ? "As fast" : ratio < 1 ? `${times(1 / ratio)} as fast` : `${times(ratio)} the time`;

function renderPair({ base, clock, before, after, ratio, overlaps }: Pair, furthest: number): Markup {
  const half = (50 * Math.log(ratio)) / Math.log(furthest);
  const [x, width] = [Math.min(50, 50 + half), Math.abs(half)].map((percent) => Math.round(100 * percent) / 100);
  const kind = overlaps ? "same" : ratio < 1 ? "faster" : "slower";
  return html`<tr class="${kind}" data-suite="${base.suite}" data-name="${`${base.name} ${base.subject}`}">
    <th scope="row">${base.name} <small>${base.subject}${clock === "wall" && ", wall"}</small></th>
    <td>${number(before)}</td><td>${number(after)}</td>
    <td><b>${times(ratio)}</b></td>
    <td class="wide"><svg class="track" aria-hidden="true"><rect class="ratio" x="${x}%" y="4" height="12" width="${width}%"/><line class="whisker" x1="50%" x2="50%" y1="0" y2="20"/></svg></td>
  </tr>`;
}
