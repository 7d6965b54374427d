import { type Crop, createImageReader, type Engine, type ImageReader } from "../../../src/index.ts";
import { Digits, readSheet, type Sheet, SIDE } from "../../digits/index.ts";

/** Digits of held-out fonts, in sheets of so many. */
export const SHEETS = 4;
export const SHEET_SIZE = 100;

/** The same held-out digits each time: accuracies can be compared. */
const HELD_OUT_SEED = 7;

const readerOf = (engine: Engine, batch: number): Promise<ImageReader> =>
  createImageReader(engine, { size: [SIDE, SIDE], channels: 1, batch });

/** Where on its sheet a digit is. */
export const placeOf = ({ columns, side }: Sheet, index: number): Crop => ({
  x: (index % columns) * side,
  y: Math.floor(index / columns) * side,
  width: side,
  height: side,
});

/** Where the network learns from: fonts for training, each digit moved, turned and noised in its own way. */
export class TrainingDigits {
  /** The last batch. */
  sheet: Sheet | undefined;
  readonly #digits: Digits;
  readonly #reader: ImageReader;
  readonly #batch: number;

  private constructor(digits: Digits, reader: ImageReader, batch: number) {
    this.#digits = digits;
    this.#reader = reader;
    this.#batch = batch;
  }

  static async create(engine: Engine, batch: number, seed: number): Promise<TrainingDigits> {
    const [digits, reader] = await Promise.all([Digits.create({ seed }), readerOf(engine, batch)]);
    return new TrainingDigits(digits, reader, batch);
  }

  async next(): Promise<{ images: GPUBuffer | Float32Array; labels: Uint32Array }> {
    const sheet = await this.#digits.sheet(this.#batch);
    readSheet(this.#reader, sheet);
    this.sheet?.image.close();
    this.sheet = sheet;
    return { images: this.#reader.values, labels: sheet.labels };
  }
}

/** What it is tested with: digits of fonts that it never learns from. They stay on the GPU. */
export interface HeldOut {
  readonly sheets: readonly Sheet[];
  readonly images: readonly (GPUBuffer | Float32Array)[];
}

export async function heldOutDigits(engine: Engine): Promise<HeldOut> {
  const digits = await Digits.create({ seed: HELD_OUT_SEED, fonts: "held-out" });
  const sheets: Sheet[] = [];
  const images: (GPUBuffer | Float32Array)[] = [];
  for (let i = 0; i < SHEETS; i++) {
    const sheet = await digits.sheet(SHEET_SIZE);
    sheets.push(sheet);
    const reader = await readerOf(engine, SHEET_SIZE);
    readSheet(reader, sheet);
    images.push(reader.values);
  }
  return { sheets, images };
}
