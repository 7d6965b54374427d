import type { ImageReader } from "../../src/index.ts";
import { Dice } from "./dice.ts";
import { addNoise, type Digit, drawDigit, randomDigit, type Variation } from "./draw.ts";
import { type DigitFont, digitFonts, loadFonts } from "./fonts.ts";

export interface DigitsOptions {
  /** The same seed gives the same pictures, on the same browser. */
  readonly seed: number;
  /** Fonts that are trained on, or those that are held out. Default `"train"`. */
  readonly fonts?: "train" | "held-out" | readonly DigitFont[];
  readonly variation?: Variation;
  /** Pixels in a row and a column of the pictures that are drawn, before a reader resizes them. Default 28. */
  readonly side?: number;
}

/** Digits that were drawn side by side into one picture. */
export interface Sheet {
  readonly image: ImageBitmap;
  readonly digits: readonly Digit[];
  /** What the digits are, for a loss. */
  readonly labels: Uint32Array;
  readonly side: number;
  /** Digits in a row. */
  readonly columns: number;
}

/** Digits without end, drawn with real fonts: moved, turned, scaled, slanted, faded and noised. Works in a page and in a worker. */
export class Digits {
  readonly fonts: readonly DigitFont[];
  readonly #dice: Dice;
  readonly #noise: Dice;
  readonly #variation: Variation;
  readonly #side: number;
  #canvas = new OffscreenCanvas(1, 1);

  private constructor(fonts: readonly DigitFont[], { seed, variation = {}, side = 28 }: DigitsOptions) {
    this.fonts = fonts;
    this.#dice = new Dice(seed);
    this.#noise = new Dice(seed ^ 0x5bd1e995);
    this.#variation = variation;
    this.#side = side;
  }

  /** Loads the fonts. */
  static async create(options: DigitsOptions): Promise<Digits> {
    const { fonts = "train" } = options;
    const chosen = typeof fonts === "string" ? digitFonts.filter(({ heldOut }) => heldOut === (fonts === "held-out")) : fonts;
    await loadFonts(chosen);
    return new Digits(chosen, options);
  }

  /** The next `count` digits. They are decoded as any picture is. */
  async sheet(count: number): Promise<Sheet> {
    const side = this.#side;
    const columns = Math.ceil(Math.sqrt(count));
    const digits = Array.from({ length: count }, () => randomDigit(this.#dice, this.fonts, this.#variation));
    const [width, height] = [columns * side, Math.ceil(count / columns) * side];
    if (this.#canvas.width !== width || this.#canvas.height !== height) this.#canvas = new OffscreenCanvas(width, height);
    const context = this.#canvas.getContext("2d", { willReadFrequently: true }) as OffscreenCanvasRenderingContext2D;
    const place = (i: number) => [(i % columns) * side, Math.floor(i / columns) * side] as const;
    digits.forEach((digit, i) => {
      drawDigit(context, digit, ...place(i), side);
    });
    const pixels = context.getImageData(0, 0, width, height);
    digits.forEach((digit, i) => {
      addNoise(pixels, ...place(i), side, digit.noise, this.#noise);
    });
    const labels = Uint32Array.from(digits, ({ label }) => label);
    return { image: await createImageBitmap(pixels), digits, labels, side, columns };
  }

  /** The next digits, as many as the reader's batch has, read into it. @returns what they are. */
  async next(reader: ImageReader): Promise<Uint32Array> {
    const sheet = await this.sheet(reader.shape[0]);
    readSheet(reader, sheet);
    sheet.image.close();
    return sheet.labels;
  }
}

/** Reads the digits of a sheet into a reader's batch, with one dispatch. */
export function readSheet(reader: ImageReader, { image, side, columns }: Sheet): void {
  reader.read(image, { tiles: [image.height / side, columns] });
}
