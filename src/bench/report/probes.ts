import { ceilingsOf } from "../figures.ts";
import type { Roofline } from "../schema.ts";
import { bytes, DASH, duration, number, plain, rate } from "./format.ts";
import { html, type Markup } from "./markup.ts";
import { linearScale, logScale, type Scale } from "./scale.ts";
import { chip, type Shown } from "./subject.ts";

const FIGURES: readonly (readonly [name: string, text: (roofline: Roofline) => string])[] = [
  ["f32 FMA, vec4", ({ fma }) => rate(fma.vec4, "FLOP/s")],
  ["f32 FMA, scalar", ({ fma }) => rate(fma.scalar, "FLOP/s")],
  ["f16 FMA", ({ fma }) => (fma.f16 === undefined ? "not supported" : rate(fma.f16, "FLOP/s"))],
  ["Memory", (roofline) => rate(ceilingsOf(roofline)?.memory.bytesPerSecond, "B/s")],
  ["Workgroup memory", ({ workgroupBytesPerSecond }) => rate(workgroupBytesPerSecond, "B/s")],
  ["Ridge", (roofline) => `${number(ceilingsOf(roofline)?.ridge)} FLOP/byte`],
  ["Barrier", ({ barrierNanoseconds }) => duration(barrierNanoseconds)],
  ["Dispatch", ({ dispatchMicroseconds }) => duration(1e3 * dispatchMicroseconds)],
  ["Submit", ({ submitMicroseconds }) => duration(1e3 * submitMicroseconds)],
  ["Readback", ({ readbackMicroseconds }) => duration(1e3 * readbackMicroseconds)],
];

/** What the probes found of the hardware. */
export function renderProbes(shown: readonly Shown[]): Markup {
  if (!shown.some(({ report }) => report.roofline)) return html``;
  return html`<section class="card probes" aria-label="Probes">
    <header><h2>What the hardware can do</h2><p class="note">Probed in the same run</p></header>
    <div class="scroll"><table class="figures">
      ${shown.length > 1 && html`<thead><tr><td></td>${shown.map((one) => html`<th scope="col">${chip(one)}</th>`)}</tr></thead>`}
      <tbody>${FIGURES.map(
        ([name, text]) =>
          html`<tr><th scope="row">${name}</th>${shown.map(({ report }) => html`<td>${report.roofline ? text(report.roofline) : DASH}</td>`)}</tr>`,
      )}</tbody>
    </table></div>
    ${bandwidth(shown)}
  </section>`;
}

/** Copy bandwidth by working set: where the steps are, a cache ends. */
function bandwidth(shown: readonly Shown[]): Markup | undefined {
  const lines = shown.map((one) => ({
    one,
    points: [...(one.report.roofline?.memory ?? [])]
      .filter(({ workingSetBytes, bytesPerSecond }) => workingSetBytes > 0 && Number.isFinite(bytesPerSecond))
      .sort((a, b) => a.workingSetBytes - b.workingSetBytes),
  }));
  const all = lines.flatMap(({ points }) => points);
  if (all.length < 2) return undefined;
  const x = logScale(
    all.map(({ workingSetBytes }) => workingSetBytes),
    { room: 1.25, base: 4 },
  );
  const rates = all.map(({ bytesPerSecond }) => bytesPerSecond);
  // beside a GPU's line, that of a software adapter would lie on the ground
  const far = shown.length > 1 && Math.max(...rates) > 20 * Math.min(...rates);
  const y = far ? logScale(rates, { room: 1.5 }) : linearScale(rates, 3);
  return html`<div class="figure">
    <h3>Copy bandwidth by working set</h3>
    <svg class="plot small" role="img" aria-label="${summary(lines)}">
      ${x.ticks.map((tick) => html`<text class="tick" x="${x.at(tick)}%" y="100%" dy="16" text-anchor="middle">${plain(bytes(tick)).replace("iB", "")}</text>`)}
      ${y.ticks.map((tick) => html`<line class="gridline" x1="0%" x2="100%" y1="${100 - y.at(tick)}%" y2="${100 - y.at(tick)}%"/><text class="tick" x="0%" dx="-8" y="${100 - y.at(tick)}%" dy=".32em" text-anchor="end">${plain(rate(tick, ""))}</text>`)}
      <text class="axis" x="0%" y="0%" dy="-9" dx="-8">B/s</text>
      ${lines.map(({ one, points }) => curve(points, x, y, one))}
    </svg>
  </div>`;
}

function curve(points: Roofline["memory"], x: Scale, y: Scale, one: Shown): Markup {
  const at = points.map(({ workingSetBytes, bytesPerSecond }) => [
    x.at(workingSetBytes),
    Math.round(1e4 - 100 * y.at(bytesPerSecond)) / 100,
  ]);
  return html`<g class="${one.tint}">
    ${at.slice(1).map(([x2, y2], i) => html`<line class="curve" x1="${at[i][0]}%" y1="${at[i][1]}%" x2="${x2}%" y2="${y2}%"/>`)}
    ${at.map(([cx, cy], i) => html`<circle class="knot" cx="${cx}%" cy="${cy}%" r="3"><title>${one.letter && `${one.letter}: `}${bytes(points[i].workingSetBytes)}: ${rate(points[i].bytesPerSecond, "B/s")}</title></circle>`)}
  </g>`;
}

const summary = (lines: readonly { readonly one: Shown; readonly points: Roofline["memory"] }[]): string =>
  lines
    .map(
      ({ one, points }) =>
        `${one.letter ? `${one.letter}: ` : ""}${points.map((p) => `${bytes(p.workingSetBytes)} ${rate(p.bytesPerSecond, "B/s")}`).join(", ")}`,
    )
    .join("; ");
