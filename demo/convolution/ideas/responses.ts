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

/** The response of a square filter at every place, `stride` apart. */
export function convolve({ rows, columns, values }: Plane, weights: readonly number[], stride: number): Plane {
  const size = Math.sqrt(weights.length);
  const [high, wide] = [rows, columns].map((length) => Math.floor((length - size) / stride) + 1);
  const result = new Float64Array(high * wide);
  for (let i = 0; i < result.length; i++) {
    const at = Math.floor(i / wide) * stride * columns + (i % wide) * stride;
    weights.forEach((weight, j) => {
      result[i] += weight * values[at + Math.floor(j / size) * columns + (j % size)];
    });
  }
  return { rows: high, columns: wide, values: result };
}

/** The largest value in each square of `size` × `size`, `stride` apart. */
export function pool({ rows, columns, values }: Plane, size: number, stride: number): Plane {
  const [high, wide] = [rows, columns].map((length) => Math.floor((length - size) / stride) + 1);
  const result = Float64Array.from({ length: high * wide }, (_, i) =>
    Math.max(...patchOf({ rows, columns, values }, Math.floor(i / wide) * stride, (i % wide) * stride, size)),
  );
  return { rows: high, columns: wide, values: result };
}
