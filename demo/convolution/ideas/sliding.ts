import { find, times } from "../../shared/dom.ts";
import { brightness, diverging, magnitude } from "../../shared/palette.ts";
import { type Cell, PixelGrid, type Plane } from "../../shared/pixel-grid.ts";
import { filters } from "./filters.ts";
import { greyOf, pictures, rasterize } from "./pictures.ts";
import { type Border, borderOf, convolve, padded, patchOf } from "./responses.ts";

const SIZE = 24;
const PLACES_PER_SECOND = 60;
const OWN = "own";

/** A number with a true minus sign and no needless digits. */
export const signed = (value: number): string => {
  const text = value.toFixed(2).replace(/\.?0+$/, "");
  return (text === "-0" ? "0" : text).replace("-", "−");
};

/** A filter slides over an image: the sum of products at each place is its response there. */
export class Sliding {
  readonly #part: (id: string) => HTMLElement;
  readonly #card: HTMLElement;
  readonly #image: PixelGrid;
  readonly #patch: PixelGrid;
  readonly #products: PixelGrid;
  readonly #map: PixelGrid;
  readonly #kind: HTMLSelectElement;
  readonly #play: HTMLButtonElement;
  #input: Plane = { rows: SIZE, columns: SIZE, values: [] };
  #wide: Plane = this.#input;
  #response: Plane = this.#input;
  #border: Border = [0, 0];
  #weights: number[] = [];
  /** The place in the response that is explained. */
  #at: Cell = { row: 7, column: 9 };
  /** How far the filter has come while it slides. */
  #slid: number | undefined;

  constructor(card: HTMLElement) {
    this.#card = card;
    this.#part = (id) => find(card, `[data-id="${id}"]`, HTMLElement);
    this.#kind = find(card, '[data-id="filter-kind"]', HTMLSelectElement);
    this.#play = find(card, '[data-id="slide"]', HTMLButtonElement);
    this.#image = new PixelGrid(this.#part("slide-image"), {
      label: "The image; arrow keys move the filter",
      cell: 16,
      onPoint: ({ row, column }) => this.#pointAtImage(row, column),
    });
    this.#patch = new PixelGrid(this.#part("slide-patch"), { label: "The pixels under the filter", cell: 38 });
    this.#products = new PixelGrid(this.#part("slide-products"), { label: "Each pixel times its weight", cell: 38 });
    this.#map = new PixelGrid(this.#part("slide-map"), {
      label: "The response at each place; arrow keys move the filter",
      cell: 16,
      onPoint: (cell) => this.#point(cell),
    });
    this.#kind.append(
      ...Object.entries(filters).map(([value, { title }]) => new Option(title, value)),
      new Option("Your own numbers", OWN),
    );
    this.#kind.addEventListener("change", () => this.#takeFilter());
    for (const radio of card.querySelectorAll<HTMLInputElement>('input[name="filter-size"]'))
      radio.addEventListener("change", () => this.#takeFilter());
    for (const id of ["slide-stride", "slide-padding"]) this.#part(id).addEventListener("change", () => this.#compute());
    const source = find(card, '[data-id="slide-source"]', HTMLSelectElement);
    source.addEventListener("change", () => this.#takeImage(source.value as keyof typeof pictures));
    this.#play.addEventListener("click", () => this.#toggle());
    this.#takeImage("boat", false);
    this.#takeFilter();
  }

  get #size(): 3 | 5 {
    return this.#card.querySelector<HTMLInputElement>('input[name="filter-size"]:checked')?.value === "5" ? 5 : 3;
  }

  get #stride(): number {
    return Number(find(this.#card, '[data-id="slide-stride"]', HTMLSelectElement).value);
  }

  #takeImage(name: keyof typeof pictures, compute = true): void {
    const values = greyOf(rasterize(pictures[name], SIZE)).map((value) => value / 255);
    this.#input = { rows: SIZE, columns: SIZE, values };
    if (compute) this.#compute();
  }

  /** Sets the numbers of the filter to those of the chosen kind; one's own become zeros where the size changes. */
  #takeFilter(): void {
    const size = this.#size;
    const known = filters[this.#kind.value]?.[size];
    if (known) this.#weights = [...known];
    else if (this.#weights.length !== size * size) this.#weights = Array<number>(size * size).fill(0);
    const frame = this.#part("filter-weights");
    frame.style.setProperty("--columns", String(size));
    frame.replaceChildren(
      ...this.#weights.map((weight, i) => {
        const input = document.createElement("input");
        Object.assign(input, { type: "number", step: "any", value: String(weight), inputMode: "text" });
        input.setAttribute("aria-label", `Weight in row ${Math.floor(i / size) + 1}, column ${(i % size) + 1}`);
        input.addEventListener("input", () => {
          this.#weights[i] = Number.isFinite(input.valueAsNumber) ? Math.max(-99, Math.min(99, input.valueAsNumber)) : 0;
          this.#kind.value = OWN;
          this.#compute();
        });
        return input;
      }),
    );
    this.#compute();
  }

  #compute(): void {
    const { value: padding } = find(this.#card, '[data-id="slide-padding"]', HTMLSelectElement);
    this.#border = borderOf(padding, SIZE, this.#size, this.#stride);
    this.#wide = padded(this.#input, this.#border);
    this.#response = convolve(this.#wide, this.#weights, this.#stride);
    this.#image.show(this.#wide, { scale: brightness(1) });
    this.#showMap();
    const { rows, columns } = this.#response;
    this.#part("slide-sizes").textContent =
      `${times(SIZE, SIZE)} pixels in${this.#border[1] > 0 ? `, with the zeros around them ${times(this.#wide.rows, this.#wide.columns)}` : ""}; ` +
      `${times(rows, columns)} responses out.`;
    this.#point({ row: Math.min(this.#at.row, rows - 1), column: Math.min(this.#at.column, columns - 1) });
  }

  /** The responses; while the filter slides, only those that it has come to. */
  #showMap(): void {
    const all = this.#response.values;
    const limit = magnitude(all);
    const values = this.#slid === undefined ? all : Float64Array.from(all, (value, i) => (i <= (this.#slid ?? 0) ? value : 0));
    this.#map.show({ ...this.#response, values }, { scale: diverging(limit) });
    this.#part("slide-low").textContent = signed(-limit);
    this.#part("slide-high").textContent = signed(limit);
  }

  #pointAtImage(row: number, column: number): void {
    const half = this.#size >> 1;
    const place = (at: number, count: number) => Math.max(0, Math.min(count - 1, Math.round((at - half) / this.#stride)));
    this.#point({ row: place(row, this.#response.rows), column: place(column, this.#response.columns) });
  }

  #point(cell: Cell): void {
    this.#at = cell;
    const [size, stride] = [this.#size, this.#stride];
    const [row, column] = [cell.row * stride, cell.column * stride];
    const frame = { row, column, rows: size, columns: size };
    const real = { row: this.#border[0], column: this.#border[0], rows: SIZE, columns: SIZE, color: "--muted", dashed: true };
    this.#image.mark(this.#border[1] > 0 ? [real, frame] : [frame]);
    this.#image.at = { row: row + (size >> 1), column: column + (size >> 1) };
    this.#map.mark([{ ...cell, rows: 1, columns: 1 }]);
    this.#map.at = cell;
    const pixels = patchOf(this.#wide, row, column, size);
    const products = pixels.map((pixel, i) => pixel * this.#weights[i]);
    const square = { rows: size, columns: size };
    this.#patch.show({ ...square, values: pixels }, { scale: brightness(1), text: signed });
    this.#products.show({ ...square, values: products }, { scale: diverging(magnitude(products)), text: signed });
    this.#explain(pixels, products);
  }

  #explain(pixels: readonly number[], products: readonly number[]): void {
    const terms = pixels
      .map((pixel, i) => ({
        text: `${signed(pixel)} · ${this.#weights[i] < 0 ? `(${signed(this.#weights[i])})` : signed(this.#weights[i])}`,
        i,
      }))
      .filter(({ i }) => this.#weights[i] !== 0);
    const sum = document.createElement("b");
    sum.textContent = signed(products.reduce((total, product) => total + product, 0));
    this.#part("slide-sum").replaceChildren(
      `Row ${this.#at.row + 1}, column ${this.#at.column + 1}: `,
      terms.map(({ text }) => text).join(" + ") || "no weight but zeros",
      " = ",
      sum,
    );
  }

  #toggle(): void {
    if (this.#slid !== undefined) {
      this.#stop();
      return;
    }
    this.#slid = 0;
    this.#play.textContent = "Stop";
    const begin = performance.now();
    const step = () => {
      if (this.#slid === undefined) return;
      const { rows, columns } = this.#response;
      this.#slid = Math.floor(((performance.now() - begin) / 1000) * PLACES_PER_SECOND);
      if (this.#slid >= rows * columns || !this.#card.isConnected) {
        this.#stop();
        return;
      }
      this.#showMap();
      this.#point({ row: Math.floor(this.#slid / columns), column: this.#slid % columns });
      requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  }

  #stop(): void {
    this.#slid = undefined;
    this.#play.textContent = "Slide";
    this.#showMap();
  }
}
