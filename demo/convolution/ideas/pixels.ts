import { find } from "../../shared/dom.ts";
import { brightness, css } from "../../shared/palette.ts";
import { type Cell, PixelGrid, type Plane } from "../../shared/pixel-grid.ts";
import { channelOf, GREY, greyOf, pictures, rasterize, shrink } from "./pictures.ts";

const SIZE = 16;
const NAMES = ["red", "green", "blue"] as const;
const GREY_PLANE = 3;

const plane = (values: Float64Array): Plane => ({ rows: SIZE, columns: SIZE, values });

/** A picture as the computer sees it: one number for each pixel and channel. */
export class Pixels {
  readonly #part: (id: string) => HTMLElement;
  readonly #picture: PixelGrid;
  readonly #channels: readonly PixelGrid[];
  readonly #numbers: PixelGrid;
  #pixels: Uint8ClampedArray = new Uint8ClampedArray(4 * SIZE * SIZE);
  #shown = GREY_PLANE;
  #at: Cell = { row: 5, column: 6 };

  constructor(card: HTMLElement) {
    this.#part = (id) => find(card, `[data-id="${id}"]`, HTMLElement);
    const onPoint = (cell: Cell) => this.#point(cell);
    this.#picture = new PixelGrid(this.#part("pixels-picture"), { label: "The picture; arrow keys point at a pixel", cell: 20, onPoint });
    this.#channels = NAMES.map((name) => new PixelGrid(this.#part(`pixels-${name}`), { label: `Its ${name} channel` }));
    this.#numbers = new PixelGrid(this.#part("pixels-numbers"), {
      label: "The numbers of one channel; arrow keys point at a pixel",
      cell: 36,
      onPoint,
    });
    const choice = find(card, '[data-id="pixels-choice"]', HTMLSelectElement);
    choice.addEventListener("change", () => this.#take(rasterize(pictures[choice.value as keyof typeof pictures], SIZE)));
    const file = find(card, '[data-id="pixels-file"]', HTMLInputElement);
    file.addEventListener("change", () => {
      if (file.files?.[0]) void this.read(file.files[0]);
      file.value = "";
    });
    for (const radio of card.querySelectorAll<HTMLInputElement>('input[name="channel"]'))
      radio.addEventListener("change", () => {
        this.#shown = Number(radio.value);
        this.#show();
      });
    this.#take(rasterize(pictures.boat, SIZE));
  }

  /** Shows a picture of the reader's own, or says that it is none. */
  async read(file: File): Promise<void> {
    try {
      const image = await createImageBitmap(file);
      this.#take(shrink(image, SIZE));
      image.close();
    } catch {
      this.#part("pixels-value").textContent = `“${file.name}” is no image that this browser can read.`;
    }
  }

  #take(pixels: Uint8ClampedArray): void {
    this.#pixels = pixels;
    this.#show();
  }

  #show(): void {
    const grey = greyOf(this.#pixels);
    const channels = NAMES.map((_, c) => channelOf(this.#pixels, c));
    const colors = () => (_: number, i: number) => [channels[0][i], channels[1][i], channels[2][i]] as const;
    this.#picture.show(plane(grey), { scale: colors });
    this.#channels.forEach((grid, c) => {
      grid.show(plane(channels[c]), { scale: brightness(255, c) });
    });
    const channel = this.#shown === GREY_PLANE ? undefined : this.#shown;
    this.#numbers.show(plane(channel === undefined ? grey : channels[channel]), {
      scale: brightness(255, channel),
      text: (value) => String(Math.round(value)),
    });
    this.#point(this.#at);
  }

  #point(cell: Cell): void {
    this.#at = cell;
    const mark = [{ ...cell, rows: 1, columns: 1 }];
    for (const grid of [this.#picture, this.#numbers]) {
      grid.at = cell;
      grid.mark(mark);
    }
    const at = 4 * (cell.row * SIZE + cell.column);
    const [r, g, b] = this.#pixels.subarray(at, at + 3);
    const grey = Math.round(GREY[0] * r + GREY[1] * g + GREY[2] * b);
    this.#part("pixels-swatch").style.background = css([r, g, b]);
    this.#part("pixels-value").textContent =
      `Row ${cell.row + 1}, column ${cell.column + 1}: red ${r}, green ${g}, blue ${b}. ` +
      `Grey is 0.299 · ${r} + 0.587 · ${g} + 0.114 · ${b} = ${grey}.`;
  }
}
