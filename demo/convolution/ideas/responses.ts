import { conv2d, evaluate, type F32, input, maxout, maxPool2d } from "../../../src/index.ts";
import type { Plane } from "../../shared/pixel-grid.ts";

/** Zeros around a plane: before the first and behind the last row, the same for columns. */
export type Border = readonly [before: number, behind: number];

/** How a filter of `size` moves over `length` places, by name of its padding. */
export function borderOf(padding: string, length: number, size: number, stride: number): Border {
  if (padding === "full") return [size - 1, size - 1];
  if (padding !== "same") return [0, 0];
  const all = Math.max(0, (Math.ceil(length / stride) - 1) * stride + size - length);
  return [all >> 1, all - (all >> 1)];
}

/** A plane with zeros around it. */
export function padded({ rows, columns, values }: Plane, [before, behind]: Border): Plane {
  const wide = columns + before + behind;
  const result = new Float64Array((rows + before + behind) * wide);
  for (let y = 0; y < rows; y++) for (let x = 0; x < columns; x++) result[(y + before) * wide + x + before] = values[y * columns + x];
  return { rows: rows + before + behind, columns: wide, values: result };
}

/** The square of `size` × `size` values from a place on. */
export function patchOf({ columns, values }: Plane, row: number, column: number, size: number): number[] {
  return Array.from({ length: size * size }, (_, i) => values[(row + Math.floor(i / size)) * columns + column + (i % size)]);
}

/** The response of a square filter at every place, `stride` apart: the engine's own convolution, on its CPU reference. */
export function convolve(plane: Plane, weights: readonly number[], stride: number): Plane {
  const size = Math.sqrt(weights.length);
  const filter = input([size, size, 1, 1]);
  return planeOf((x) => conv2d(x, filter, { stride }), plane, [[filter, weights]]);
}

/** The largest value in each square of `size` × `size`, `stride` apart. */
export const pool = (plane: Plane, size: number, stride: number): Plane => planeOf((x) => maxPool2d(x, { size, stride }), plane);

type Images = F32<readonly [number, number, number, number]>;

function planeOf(
  graph: (x: Images) => Images,
  { rows, columns, values }: Plane,
  feeds: readonly (readonly [Images, readonly number[]])[] = [],
): Plane {
  const x = input([1, rows, columns, 1]);
  const y = graph(x);
  const [result] = evaluate([y], new Map<Images, ArrayLike<number>>([[x, values], ...feeds]));
  return { rows: y.shape[1], columns: y.shape[2], values: result };
}

/** For each place, the largest value among planes. */
export function maxoutOf(values: readonly number[]): number {
  const x = input([1, values.length]);
  return evaluate([maxout(x, { size: values.length })], new Map([[x, values]]))[0][0];
}
