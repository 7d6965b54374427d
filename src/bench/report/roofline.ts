import { type Ceilings, ceilingsOf, figuresOf, reasonOf } from "../figures.ts";
import type { BenchResult } from "../schema.ts";
import { bytes, milliseconds, number, percent, plain, rate } from "./format.ts";
import { html, type Markup } from "./markup.ts";
import { logScale, type Scale } from "./scale.ts";
import { type Shown, suitesOf, suiteTint } from "./subject.ts";

/*
 * The plot is an SVG whose coordinates are percent of its box, so that lines and points follow the width of the page and text keeps
 * its size. Everything is drawn by attributes and classes: a page may forbid inline styles.
 */

interface Point {
  readonly shown: Shown;
  readonly result: BenchResult;
  /** FLOP per byte, FLOP/s. */
  readonly x: number;
  readonly y: number;
}

/** log-log: one point for each result with a time, FLOPs and bytes, beneath what the hardware allows. */
export function renderRoofline(shown: readonly Shown[]): Markup {
  const points = shown.flatMap((one) => pointsOf(one));
  const roofs = shown.flatMap((one) => {
    const ceilings = ceilingsOf(one.report.roofline);
    return ceilings ? [{ shown: one, ceilings, scalar: one.report.roofline?.fma.scalar ?? 0 }] : [];
  });
  if (points.length === 0 && roofs.length === 0) return html``;
  const x = logScale([...points.map((p) => p.x), ...roofs.flatMap(({ ceilings }) => [ceilings.ridge / 4, ceilings.ridge * 4])], {
    room: 2,
  });
  const y = logScale(
    [...points.map((p) => p.y), ...roofs.flatMap(({ ceilings }) => [Math.max(ceilings.peak, ceilings.f16 ?? 0), ceilings.peak / 50])],
    { room: 2 },
  );
  const several = shown.length > 1;
  return html`<section class="card roofline" aria-label="Roofline">
    <header><h2>Roofline</h2><p class="note">${
      roofs.length > 0 ? "How close each result comes to what this hardware allows" : "The hardware was not probed in this run: no ceilings"
    }</p></header>
    <div class="figure">
      <svg class="plot" role="group" aria-label="Roofline: ${points.length} results by arithmetic intensity and FLOP per second">
        ${grid(x, y)}
        ${roofs.map(({ shown: one, ceilings, scalar }) => roof(ceilings, scalar, x, y, several ? one : undefined))}
        <g class="points" data-roving="">${chosenLast(points).map((point) => dot(point, x, y, shown))}</g>
      </svg>
      <p class="axis-x">Arithmetic intensity, FLOP per byte</p>
    </div>
    ${roofs.map(({ shown: one, ceilings, scalar }) => legend(one, ceilings, scalar))}
    ${points.some(({ result }) => result.chosen === false) && html`<p class="legend">Hollow: variants that the planner does not take on this adapter.</p>`}
  </section>`;
}

/** On top of those that they would be hidden by. */
const chosenLast = (points: readonly Point[]): Point[] =>
  [...points].sort((a, b) => Number(a.result.chosen !== false) - Number(b.result.chosen !== false));

function pointsOf(shown: Shown): Point[] {
  return shown.report.results.flatMap((result) => {
    const { intensity, flopsPerSecond } = figuresOf(result);
    return intensity && flopsPerSecond ? [{ shown, result, x: intensity, y: flopsPerSecond }] : [];
  });
}

/** Up is small in an SVG. */
const top = (y: Scale, value: number): number => Math.round((100 - y.at(value)) * 100) / 100;

const grid = (x: Scale, y: Scale): Markup => html`<g class="grid" aria-hidden="true">
  ${x.ticks.map((tick) => html`<line x1="${x.at(tick)}%" x2="${x.at(tick)}%" y1="0%" y2="100%"/><text class="tick" x="${x.at(tick)}%" y="100%" dy="18" text-anchor="middle">${plain(number(tick))}</text>`)}
  ${y.ticks.map((tick) => html`<line x1="0%" x2="100%" y1="${top(y, tick)}%" y2="${top(y, tick)}%"/><text class="tick" x="0%" dx="-8" y="${top(y, tick)}%" dy=".32em" text-anchor="end">${plain(rate(tick, ""))}</text>`)}
  <line class="frame" x1="0%" x2="100%" y1="100%" y2="100%"/>
  <text class="axis" x="0%" y="0%" dy="-8" dx="-8">FLOP/s</text>
</g>`;

/** Peak and bandwidth as two lines that meet at the ridge; the scalar peak, if it is another, and the best cache are dashed. */
function roof({ peak, f16, memory, cache, ridge }: Ceilings, scalar: number, x: Scale, y: Scale, one: Shown | undefined): Markup {
  const tint = one ? one.tint : "roof-only";
  const flat = (from: number, flops: number, kind: string) => line(Math.max(from, x.low), flops, x.high, flops, x, y, `${kind} ${tint}`);
  const slope = (bandwidth: number, kind: string) => {
    const from = Math.max(x.low, y.low / bandwidth);
    return line(from, from * bandwidth, peak / bandwidth, peak, x, y, `${kind} ${tint}`);
  };
  const prefix = one?.letter ? `${one.letter}: ` : "";
  const along = Math.max(x.low, y.low / memory.bytesPerSecond) ** 0.62 * ridge ** 0.38;
  return html`<g class="roof" aria-hidden="true">
    ${slope(memory.bytesPerSecond, "ceiling")}
    ${flat(ridge, peak, "ceiling")}
    ${cache && slope(cache.bytesPerSecond, "ceiling dashed")}
    ${cache && flat(peak / cache.bytesPerSecond, peak, "ceiling dashed")}
    ${scalar > 0 && scalar < 0.97 * peak && flat(scalar / memory.bytesPerSecond, scalar, "ceiling dotted")}
    ${f16 && flat(f16 / memory.bytesPerSecond, f16, "ceiling dotted")}
    ${f16 && html`<text class="on-roof ${tint}" x="100%" dx="-4" y="${top(y, f16)}%" dy="-7" text-anchor="end">${prefix}f16 peak</text>`}
    <text class="on-roof ${tint}" x="100%" dx="-4" y="${top(y, peak)}%" dy="-7" text-anchor="end">${prefix}peak</text>
    <text class="on-roof ${tint}" x="${x.at(along)}%" dx="9" y="${top(y, along * memory.bytesPerSecond)}%" dy="13">${prefix}memory</text>
  </g>`;
}

const line = (x1: number, y1: number, x2: number, y2: number, x: Scale, y: Scale, classes: string): Markup =>
  html`<line class="${classes}" x1="${x.at(x1)}%" y1="${top(y, y1)}%" x2="${x.at(x2)}%" y2="${top(y, y2)}%"/>`;

/** A variant that the planner would not take is hollow. */
function dot({ shown: one, result, x: intensity, y: flops }: Point, x: Scale, y: Scale, all: readonly Shown[]): Markup {
  const tint = all.length > 1 ? one.tint : suiteTint(result.suite, suitesOf(all));
  const hollow = result.chosen === false ? " hollow" : "";
  return html`<circle class="point ${tint}${hollow}" cx="${x.at(intensity)}%" cy="${top(y, flops)}%" r="5" data-suite="${result.suite}" data-name="${`${result.name} ${result.subject}`}"><title>${told(one, result)}</title></circle>`;
}

/** The lines of the label of a point. */
export function told(one: Shown, result: BenchResult): string {
  const figures = figuresOf(result, one.report.roofline);
  return [
    `${one.letter ? `${one.letter}: ` : ""}${result.name}, ${result.subject}${result.chosen ? " (chosen)" : ""}`,
    reasonOf(result) || `${milliseconds(figures.milliseconds)} (${figures.clock === "gpu" ? "GPU" : "wall"})`,
    [rate(figures.flopsPerSecond, "FLOP/s"), rate(figures.bytesPerSecond, "B/s"), `${number(figures.intensity)} FLOP/byte`].join(" · "),
    figures.share === undefined
      ? ""
      : `${percent(figures.share)} of what ${figures.bound === "memory" ? "memory" : "the peak"} allows here${figures.bound === "memory" && figures.share > 1 ? ": a cache serves it" : ""}`,
  ]
    .filter(Boolean)
    .join("\n");
}

function legend(one: Shown, { peak, f16, memory, cache, ridge }: Ceilings, scalar: number): Markup {
  const tint = one.letter ? one.tint : "roof-only";
  const which = peak > scalar ? "vec4" : "scalar";
  return html`<p class="legend">${one.letter && html`<b>${one.letter}</b>`}
    <span class="key ${tint}">peak ${rate(peak, "FLOP/s")} (f32 FMA, ${which})</span>
    ${scalar > 0 && scalar < 0.97 * peak && html`<span class="key dotted ${tint}">scalar FMA ${rate(scalar, "FLOP/s")}</span>`}
    ${f16 && html`<span class="key dotted ${tint}">f16 FMA ${rate(f16, "FLOP/s")}</span>`}
    <span class="key ${tint}">memory ${rate(memory.bytesPerSecond, "B/s")} (${bytes(memory.workingSetBytes)})</span>
    ${cache && html`<span class="key dashed ${tint}">best cache ${rate(cache.bytesPerSecond, "B/s")} (${bytes(cache.workingSetBytes)})</span>`}
    <span>ridge at ${number(ridge)} FLOP/byte</span>
  </p>`;
}
