import { type ComparedRow, type Comparison, compareReports, THRESHOLD } from "../compare.ts";
import { number, percent, times } from "./format.ts";
import { html, type Markup } from "./markup.ts";
import { chip, type Shown } from "./subject.ts";

/** The first report beside each other one: one ratio for each row that both have. */
export function renderComparison(shown: readonly Shown[], threshold = THRESHOLD): Markup {
  if (shown.length < 2) return html``;
  const [base, ...others] = shown;
  return html`<section class="card compare" aria-label="Comparison">
    <header><h2>Comparison</h2><p class="note">Time of the other report over that of ${base.letter}: below 1 it is faster. Beside the ratio its 95 % interval (bootstrap of the medians). A row is faster or slower where all of that lies beyond ${percent(threshold)} of no change, the same where all lies within, else unclear.</p></header>
    ${others.map((other) => renderOne(base, other, compareReports(base.report, other.report, threshold)))}
  </section>`;
}

function renderOne(base: Shown, other: Shown, { rows, mean, unmatched, warning }: Comparison): Markup {
  const timed = rows.filter((row): row is Timed => row.ratio !== undefined);
  const broken = rows.filter(({ verdict }) => verdict === "broken");
  if (rows.length === 0)
    return html`<h3>${chip(other)} against ${chip(base)}</h3><p class="note">The two have no row in common that both have timed.</p>`;
  const furthest = Math.max(2, ...timed.map(({ ratio }) => Math.max(ratio, 1 / ratio)));
  const count = (verdict: ComparedRow["verdict"]) => timed.filter((row) => row.verdict === verdict).length;
  const rest = [
    ...(broken.length > 0 ? [`${broken.length} timed in ${base.letter} and not in ${other.letter}`] : []),
    ...(unmatched.length > 0 ? [`${unmatched.length} in one report only`] : []),
  ].map((text) => `; ${text}`);
  return html`<h3>${chip(other)} ${other.name} <small>against</small> ${chip(base)} ${base.name}</h3>
    <p class="summary">${mean !== undefined && html`<b>${saying(mean)}</b> in the geometric mean of ${timed.length} rows. `}${count("faster")} faster, ${count("slower")} slower, ${count("same")} the same, ${count("unclear")} unclear${rest}.</p>
    ${warning !== undefined && html`<p class="note">Beware: ${warning}.</p>`}
    <div class="scroll"><table class="ratios">
      <thead><tr><th scope="col">Row</th><th scope="col">${base.letter} <small>ms</small></th><th scope="col">${other.letter} <small>ms</small></th><th scope="col">${other.letter} / ${base.letter}</th><td class="wide"></td></tr></thead>
      <tbody>${broken.map(renderBroken)}${[...timed].sort((a, b) => b.ratio - a.ratio).map((row) => renderRow(row, furthest))}</tbody>
    </table></div>`;
}

type Timed = ComparedRow & { readonly ratio: number };

/** In the direction of the rows. */
const saying = (ratio: number): string => (Math.abs(ratio - 1) < 0.005 ? "The same time" : `${times(ratio)} the time`);

const renderBroken = ({ suite, name, subject, reason }: ComparedRow): Markup =>
  html`<tr class="broken" data-suite="${suite}" data-name="${`${name} ${subject}`}">
    <th scope="row">${name} <small>${subject}</small></th><td class="text reason" colspan="4">broken: ${reason}</td>
  </tr>`;

function renderRow({ suite, name, subject, clock, before, after, ratio, low, high, verdict }: Timed, furthest: number): Markup {
  const half = (50 * Math.log(ratio)) / Math.log(furthest);
  const [x, width] = [Math.min(50, 50 + half), Math.abs(half)].map((percent) => Math.round(100 * percent) / 100);
  return html`<tr class="${verdict}" data-suite="${suite}" data-name="${`${name} ${subject}`}">
    <th scope="row">${name} <small>${subject}${clock === "wall" && ", wall"}</small></th>
    <td>${number(before)}</td><td>${number(after)}</td>
    <td title="${`${times(low)} to ${times(high)}`}"><b>${times(ratio)}</b> <small>${times(low)}–${times(high)}</small></td>
    <td class="wide"><svg class="track" aria-hidden="true"><rect class="ratio" x="${x}%" y="4" height="12" width="${width}%"/><line class="whisker" x1="50%" x2="50%" y1="0" y2="20"/></svg></td>
  </tr>`;
}
