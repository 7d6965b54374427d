import { SIDE } from "../../digits/index.ts";
import { css, themeColor } from "../../shared/palette.ts";

type Point = readonly [x: number, y: number];

/** Pixels of the picture for each of the network's. */
const FINE = 4;
/** Of what the pad measures: the width of a line. */
const PEN = 0.075;

/** How drawn digits stand in the network's picture, like those that it learns from: the larger side, and the width of lines, in its pixels. */
export const STANDING = { size: 18, line: 2.4 } as const;

/** A sheet to draw a digit on, with mouse, finger or pen. */
export class Pad {
  /** The digit as the network takes it: white on black, centred and scaled. */
  readonly picture = document.createElement("canvas");
  readonly #canvas = document.createElement("canvas");
  readonly #onChange: () => void;
  #strokes: Point[][] = [];
  #drawing = false;

  constructor(host: HTMLElement, onChange: () => void) {
    this.#onChange = onChange;
    this.picture.width = this.picture.height = SIDE * FINE;
    const canvas = this.#canvas;
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", "A sheet to draw a digit on");
    canvas.dataset.id = "sheet";
    host.append(canvas);
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.#drawing = true;
      this.#strokes.push([]);
      this.#add(event);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!this.#drawing) return;
      const events = event.getCoalescedEvents?.() ?? [];
      for (const each of events.length > 0 ? events : [event]) this.#add(each);
    });
    for (const type of ["pointerup", "pointercancel"])
      canvas.addEventListener(type, () => {
        this.#drawing = false;
      });
    this.#drawPicture();
    new ResizeObserver(() => this.#draw()).observe(host);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#draw());
  }

  get empty(): boolean {
    return this.#strokes.length === 0;
  }

  clear(): void {
    this.#strokes = [];
    this.#changed();
  }

  #add(event: PointerEvent): void {
    const box = this.#canvas.getBoundingClientRect();
    this.#strokes.at(-1)?.push([(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height]);
    this.#changed();
  }

  #changed(): void {
    this.#draw();
    this.#drawPicture();
    this.#onChange();
  }

  #draw(): void {
    const canvas = this.#canvas;
    const side = Math.round(canvas.clientWidth * devicePixelRatio);
    if (canvas.width !== side) canvas.width = canvas.height = side;
    const context = canvas.getContext("2d");
    if (!context) return;
    context.clearRect(0, 0, side, side);
    context.lineWidth = PEN * side;
    stroke(context, this.#strokes, css(themeColor("--text")), ([x, y]) => [x * side, y * side]);
  }

  /** Draws the strokes anew instead of scaling their image: lines are as wide as those that the network knows, however large it was drawn. */
  #drawPicture(): void {
    const side = SIDE * FINE;
    const context = this.picture.getContext("2d");
    if (!context) return;
    context.fillStyle = "#000000";
    context.fillRect(0, 0, side, side);
    const points = this.#strokes.flat();
    const [left, right] = extent(points.map(([x]) => x));
    const [top, bottom] = extent(points.map(([, y]) => y));
    const room = STANDING.size - STANDING.line;
    // Something small, such as a dot, is not blown up beyond reason.
    const scale = (room / Math.max(right - left, bottom - top, 0.2)) * FINE;
    context.lineWidth = STANDING.line * FINE;
    stroke(context, this.#strokes, "#ffffff", ([x, y]) => [
      side / 2 + (x - (left + right) / 2) * scale,
      side / 2 + (y - (top + bottom) / 2) * scale,
    ]);
  }
}

const extent = (values: readonly number[]): readonly [number, number] =>
  values.length > 0 ? [Math.min(...values), Math.max(...values)] : [0, 1];

function stroke(
  context: CanvasRenderingContext2D,
  strokes: readonly (readonly Point[])[],
  color: string,
  place: (point: Point) => Point,
): void {
  context.strokeStyle = color;
  context.lineCap = context.lineJoin = "round";
  for (const points of strokes) {
    context.beginPath();
    // A dot is a line from a point to itself.
    for (const point of [points[0], ...points]) context.lineTo(...place(point));
    context.stroke();
  }
}
