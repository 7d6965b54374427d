import { css, readableOn, type Scale, themeColor } from "./palette.ts";

/** Values in rows and columns. */
export interface Plane {
  readonly rows: number;
  readonly columns: number;
  readonly values: ArrayLike<number>;
}

/** How a plane is shown. */
export interface PlaneLook {
  /** Colours; asked for at each drawing, because they follow the page's. */
  readonly scale: () => Scale;
  /** What to write into a cell where there is room. */
  readonly text?: (value: number, index: number) => string;
}

export interface Cell {
  readonly row: number;
  readonly column: number;
}

/** A frame around cells. */
export interface Mark extends Cell {
  readonly rows: number;
  readonly columns: number;
  /** Name of the CSS property with its colour. */
  readonly color?: string;
  readonly dashed?: boolean;
}

export interface PixelGridOptions {
  /** What it shows, for people who cannot see it. */
  readonly label: string;
  /** Largest size of a cell in CSS pixels. */
  readonly cell?: number;
  /** A cell is pointed at, or reached with the arrow keys. */
  readonly onPoint?: (cell: Cell) => void;
  /** Moved by so many cells, with the pointer or the arrow keys; takes the place of `onPoint`. */
  readonly onDrag?: (rows: number, columns: number) => void;
}

const LINES_FROM = 7;
const TEXT_FROM = 18;
const ARROWS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

/** A plane of numbers as squares: sharp at every pixel density, in the colours of the page. */
export class PixelGrid {
  readonly canvas: HTMLCanvasElement;
  readonly #host: HTMLElement;
  readonly #options: PixelGridOptions;
  #plane: Plane = { rows: 1, columns: 1, values: [0] };
  #look: PlaneLook | undefined;
  #marks: readonly Mark[] = [];
  #at: Cell = { row: 0, column: 0 };
  #width = 0;

  constructor(host: HTMLElement, options: PixelGridOptions) {
    this.#host = host;
    this.#options = options;
    this.canvas = document.createElement("canvas");
    this.canvas.className = "pixels";
    this.canvas.width = this.canvas.height = 0;
    this.canvas.setAttribute("aria-label", options.label);
    this.canvas.setAttribute("role", options.onPoint || options.onDrag ? "application" : "img");
    host.append(this.canvas);
    if (options.onPoint) this.#listenToPointing(options.onPoint);
    if (options.onDrag) this.#listenToDragging(options.onDrag);
    new ResizeObserver(() => {
      if (host.clientWidth !== this.#width) this.#draw();
    }).observe(host);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#draw());
  }

  get plane(): Plane {
    return this.#plane;
  }

  show(plane: Plane, look: PlaneLook): void {
    this.#plane = plane;
    this.#look = look;
    this.#draw();
  }

  /** Puts frames around cells, in place of those before. */
  mark(marks: readonly Mark[]): void {
    this.#marks = marks;
    this.#draw();
  }

  /** Where the arrow keys go on from. */
  set at(cell: Cell) {
    this.#at = cell;
  }

  #cellOf(event: PointerEvent): Cell {
    const box = this.canvas.getBoundingClientRect();
    const place = (offset: number, size: number, count: number) => Math.min(count - 1, Math.max(0, Math.floor((offset / size) * count)));
    return {
      row: place(event.clientY - box.top, box.height, this.#plane.rows),
      column: place(event.clientX - box.left, box.width, this.#plane.columns),
    };
  }

  #listenToPointing(onPoint: (cell: Cell) => void): void {
    const point = (cell: Cell) => {
      this.#at = cell;
      onPoint(cell);
    };
    this.canvas.tabIndex = 0;
    this.canvas.classList.add("pointable");
    for (const type of ["pointermove", "pointerdown"] as const) this.canvas.addEventListener(type, (event) => point(this.#cellOf(event)));
    this.#listenToArrows((rows, columns) => {
      const limit = (value: number, count: number) => Math.min(count - 1, Math.max(0, value));
      point({ row: limit(this.#at.row + rows, this.#plane.rows), column: limit(this.#at.column + columns, this.#plane.columns) });
    });
  }

  #listenToDragging(onDrag: (rows: number, columns: number) => void): void {
    let from: Cell | undefined;
    this.canvas.tabIndex = 0;
    this.canvas.classList.add("draggable");
    this.canvas.addEventListener("pointerdown", (event) => {
      this.canvas.setPointerCapture(event.pointerId);
      from = this.#cellOf(event);
    });
    this.canvas.addEventListener("pointermove", (event) => {
      if (!from) return;
      const to = this.#cellOf(event);
      if (to.row !== from.row || to.column !== from.column) onDrag(to.row - from.row, to.column - from.column);
      from = to;
    });
    for (const type of ["pointerup", "pointercancel"] as const)
      this.canvas.addEventListener(type, () => {
        from = undefined;
      });
    this.#listenToArrows(onDrag);
  }

  #listenToArrows(move: (rows: number, columns: number) => void): void {
    this.canvas.addEventListener("keydown", (event) => {
      const step = ARROWS[event.key];
      if (!step || event.ctrlKey || event.altKey || event.metaKey) return;
      event.preventDefault();
      move(...step);
    });
  }

  #draw(): void {
    this.#width = this.#host.clientWidth;
    const context = this.canvas.getContext("2d");
    if (!this.#look || !context || this.#width === 0) return;
    const { rows, columns, values } = this.#plane;
    const density = devicePixelRatio;
    const cell = Math.max(1, Math.floor(Math.min((this.#width * density) / columns, (this.#options.cell ?? 28) * density)));
    this.canvas.width = cell * columns;
    this.canvas.height = cell * rows;
    this.canvas.style.width = `${this.canvas.width / density}px`;
    const scale = this.#look.scale();
    const { text } = this.#look;
    const writes = text && cell / density >= TEXT_FROM;
    context.font = `${Math.min(12, (0.4 * cell) / density) * density}px ${getComputedStyle(document.body).fontFamily}`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    for (let i = 0; i < rows * columns; i++) {
      const [x, y] = [(i % columns) * cell, Math.floor(i / columns) * cell];
      const color = scale(values[i], i);
      context.fillStyle = css(color);
      context.fillRect(x, y, cell, cell);
      if (!writes) continue;
      context.fillStyle = readableOn(color);
      context.fillText(text(values[i], i), x + cell / 2, y + cell / 2 + density / 2);
    }
    if (cell / density >= LINES_FROM) this.#drawLines(context, cell, density);
    for (const mark of this.#marks) this.#drawMark(context, mark, cell, density);
  }

  #drawLines(context: CanvasRenderingContext2D, cell: number, density: number): void {
    const { width, height } = this.canvas;
    context.fillStyle = css(themeColor("--line"));
    context.globalAlpha = 0.6;
    const thin = Math.max(1, Math.round(density / 2));
    for (let x = cell; x < width; x += cell) context.fillRect(x, 0, thin, height);
    for (let y = cell; y < height; y += cell) context.fillRect(0, y, width, thin);
    context.globalAlpha = 1;
  }

  #drawMark(context: CanvasRenderingContext2D, mark: Mark, cell: number, density: number): void {
    const line = 2.5 * density;
    const frame = (color: string, width: number, inset: number): void => {
      context.lineWidth = width;
      context.strokeStyle = css(themeColor(color));
      const [x, y] = [mark.column * cell + inset, mark.row * cell + inset];
      context.strokeRect(x, y, mark.columns * cell - 2 * inset, mark.rows * cell - 2 * inset);
    };
    // A line in the colour of the page around it: the frame stands out from cells of every colour.
    if (!mark.dashed) frame("--page", 1.5 * density, -0.75 * density);
    context.setLineDash(mark.dashed ? [5 * density, 4 * density] : []);
    frame(mark.color ?? "--warm", line, line / 2);
    context.setLineDash([]);
  }
}
