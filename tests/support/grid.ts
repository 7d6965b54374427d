import type { Page } from "puppeteer";
import { part } from "./demo-page.ts";

export type Color = readonly [red: number, green: number, blue: number];

/** Values in rows and columns. */
export interface Grid {
  readonly rows: number;
  readonly columns: number;
  readonly values: readonly number[];
}

/**
 * The colours of a canvas's cells, row by row, beside their middle, where there may be a text, and their border, where there are lines.
 * @param nth of the canvases in `id`.
 */
export function cellColors(page: Page, id: string, rows: number, columns: number, nth = 0): Promise<Color[]> {
  return page.$$eval(
    `${part(id)} canvas`,
    (found, rows, columns, nth) => {
      const canvas = found[nth] as HTMLCanvasElement;
      const cell = canvas.width / columns;
      if (cell !== Math.floor(cell) || canvas.height !== cell * rows) throw new Error(`${rows} × ${columns} cells do not fill the canvas`);
      const { data } = (canvas.getContext("2d") as CanvasRenderingContext2D).getImageData(0, 0, canvas.width, canvas.height);
      return Array.from({ length: rows * columns }, (_, i) => {
        const x = Math.floor(((i % columns) + 0.3) * cell);
        const y = Math.floor((Math.floor(i / columns) + 0.3) * cell);
        const at = 4 * (y * canvas.width + x);
        return [data[at], data[at + 1], data[at + 2]] as const;
      });
    },
    rows,
    columns,
    nth,
  );
}

/** A colour of the page by the name of its CSS property. */
export async function themeColor(page: Page, name: string): Promise<Color> {
  const text = await page.evaluate((property) => getComputedStyle(document.documentElement).getPropertyValue(property).trim(), name);
  return [1, 3, 5].map((at) => Number.parseInt(text.slice(at, at + 2), 16)) as unknown as Color;
}

export const mix = (from: Color, to: Color, share: number): Color =>
  from.map((value, c) => value + Math.min(1, Math.max(0, share)) * (to[c] - value)) as unknown as Color;

/** The largest difference between two colours in a channel. */
export const distance = (a: Color, b: Color): number => Math.max(...a.map((value, c) => Math.abs(value - b[c])));

/** Sums of products of a square filter with what lies under it, `stride` apart: written down as one would say it. */
export function slide(image: Grid, weights: readonly number[], stride = 1): Grid {
  const size = Math.sqrt(weights.length);
  return windows(image, size, stride, (at) => {
    let sum = 0;
    for (let y = 0; y < size; y++) for (let x = 0; x < size; x++) sum += at(y, x) * weights[y * size + x];
    return sum;
  });
}

/** The largest value of each square. */
export const largest = (image: Grid, size: number, stride: number): Grid =>
  windows(image, size, stride, (at) => Math.max(...Array.from({ length: size * size }, (_, i) => at(Math.floor(i / size), i % size))));

function windows(image: Grid, size: number, stride: number, value: (at: (y: number, x: number) => number) => number): Grid {
  const places = (length: number) => Math.floor((length - size) / stride) + 1;
  const [rows, columns] = [places(image.rows), places(image.columns)];
  const values = Array.from({ length: rows * columns }, (_, i) => {
    const [top, left] = [Math.floor(i / columns) * stride, (i % columns) * stride];
    return value((y, x) => image.values[(top + y) * image.columns + left + x]);
  });
  return { rows, columns, values };
}
