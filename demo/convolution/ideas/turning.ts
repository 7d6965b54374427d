import { find } from "../../shared/dom.ts";
import { diverging, magnitude } from "../../shared/palette.ts";
import { PixelGrid, type Plane } from "../../shared/pixel-grid.ts";
import { element } from "../../shared/svg.ts";
import { digitPlane, REST } from "./digit.ts";
import { convolve, maxoutOf } from "./responses.ts";

/** What the three filters were turned by. */
const ANGLES = [-30, 0, 30] as const;
const FARTHEST = 60;
const HEIGHT = 150;
const EDGE = { left: 34, right: 10, top: 10, bottom: 24 };
/** Pixels of the digit's plane that a filter leaves out at each side. */
const MARGIN = 4;

/** Three filters that know a digit in one orientation each, and the maxout unit that takes the largest of their responses. */
export class Turning {
  readonly #card: HTMLElement;
  readonly #grids: readonly PixelGrid[];
  readonly #chart: HTMLElement;
  #filters: readonly number[][] = [];
  /** By filter, the response to the digit at each degree. */
  #curves: readonly (readonly number[])[] = [];
  #degrees = 0;
  #width = 0;

  constructor(card: HTMLElement) {
    this.#card = card;
    this.#grids = ANGLES.map(
      (angle, i) => new PixelGrid(this.#part(`turn-filter-${i}`), { label: `A filter that knows it at ${angle}°`, cell: 6 }),
    );
    this.#chart = this.#part("turn-chart");
    new ResizeObserver(() => {
      if (this.#chart.clientWidth !== this.#width) this.#draw();
    }).observe(this.#chart);
  }

  #part(id: string): HTMLElement {
    return find(this.#card, `[data-id="${id}"]`, HTMLElement);
  }

  /** Makes the filters for a digit. */
  take(value: number): void {
    this.#filters = ANGLES.map((degrees) => template(digitPlane(value, { ...REST, degrees })));
    const size = Math.sqrt(this.#filters[0].length);
    this.#grids.forEach((grid, i) => {
      grid.show({ rows: size, columns: size, values: this.#filters[i] }, { scale: diverging(magnitude(this.#filters[i])) });
    });
    const turned = degreesShown().map((degrees) => this.#respond(digitPlane(value, { ...REST, degrees })));
    this.#curves = ANGLES.map((_, i) => turned.map((responses) => responses[i]));
  }

  /** The best match of each filter anywhere in the image, from 0 to about 1. */
  #respond(image: Plane): number[] {
    return this.#filters.map((filter) => Math.max(0, magnitudeAbove(convolve(image, filter, 1))));
  }

  show(image: Plane, degrees: number): void {
    const responses = this.#respond(image);
    const largest = maxoutOf(responses);
    responses.forEach((response, i) => {
      this.#bar(`turn-response-${i}`, response);
      this.#part(`turn-filter-${i}`).classList.toggle("winner", response === largest);
    });
    this.#bar("turn-response-maxout", largest);
    this.#degrees = degrees;
    this.#draw();
  }

  #bar(id: string, response: number): void {
    const bar = this.#part(id);
    bar.style.setProperty("--share", String(Math.min(1, response)));
    bar.textContent = response.toFixed(2);
  }

  #draw(): void {
    this.#width = this.#chart.clientWidth;
    const width = Math.max(this.#width, 200);
    const x = (degrees: number) => EDGE.left + ((degrees + FARTHEST) / (2 * FARTHEST)) * (width - EDGE.left - EDGE.right);
    const y = (response: number) => HEIGHT - EDGE.bottom - Math.min(1, response) * (HEIGHT - EDGE.top - EDGE.bottom);
    const svg = element("svg", { width, height: HEIGHT, viewBox: `0 0 ${width} ${HEIGHT}` });
    for (const value of [0, 0.5, 1])
      svg.append(line([x(-FARTHEST), y(value)], [x(FARTHEST), y(value)], "grid"), word(EDGE.left - 8, y(value) + 4, String(value), "end"));
    for (const degrees of [-60, -30, 0, 30, 60])
      svg.append(word(x(degrees), HEIGHT - 6, `${String(degrees).replace("-", "−")}°`, "middle"));
    const points = (curve: readonly number[]) =>
      curve.map((response, i) => `${x(degreesShown()[i]).toFixed(1)},${y(response).toFixed(1)}`).join(" ");
    const most = this.#curves[0]?.map((_, i) => Math.max(...this.#curves.map((curve) => curve[i]))) ?? [];
    svg.append(
      element("polyline", { points: points(most), class: "maxout-line" }),
      ...this.#curves.map((curve) => element("polyline", { points: points(curve), class: "filter-line" })),
      line([x(this.#degrees), EDGE.top], [x(this.#degrees), HEIGHT - EDGE.bottom], "now"),
    );
    this.#chart.replaceChildren(svg);
  }
}

const degreesShown = (): number[] => Array.from({ length: 25 }, (_, i) => -FARTHEST + i * 5);

/** The middle of a digit's plane as a filter: zero in the mean, and scaled so that its own digit gives 1. */
function template({ columns, values }: Plane): number[] {
  const size = columns - 2 * MARGIN;
  const cut = Array.from({ length: size * size }, (_, i) => values[(MARGIN + Math.floor(i / size)) * columns + MARGIN + (i % size)]);
  const mean = cut.reduce((sum, value) => sum + value, 0) / cut.length;
  const power = cut.reduce((sum, value) => sum + (value - mean) * value, 0);
  return cut.map((value) => (value - mean) / power);
}

const magnitudeAbove = ({ values }: Plane): number => Array.from(values).reduce((most, value) => Math.max(most, value), 0);

const line = ([x1, y1]: readonly number[], [x2, y2]: readonly number[], name: string) => element("line", { x1, y1, x2, y2, class: name });

function word(x: number, y: number, text: string, anchor: string): SVGTextElement {
  const made = element("text", { x, y, "text-anchor": anchor });
  made.textContent = text;
  return made;
}
