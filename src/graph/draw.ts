import type { Initializer, RandomSource } from "./tensor.ts";
import { type Shape, sizeOf } from "./types.ts";

/** First values as data, so that a file can hold them: how they are drawn, and by which numbers. */
export type Draw = readonly [kind: string, ...numbers: number[]];

/** One way to draw, by its own numbers. */
export interface Drawing {
  readonly kind: string;
  values(shape: Shape, random: RandomSource, numbers: readonly number[]): ArrayLike<number>;
}

/** An initialiser that draws by these numbers, which may depend on the shape. */
export const initializer = ({ kind, values }: Drawing, numbers: (shape: Shape) => readonly number[]): Initializer =>
  Object.assign((shape: Shape, random: RandomSource) => values(shape, random, numbers(shape)), {
    draw: (shape: Shape): Draw => [kind, ...numbers(shape)],
  });

const each = (shape: Shape, next: () => number): Float64Array => Float64Array.from({ length: sizeOf(shape) }, next);

/** [value] */
export const fills: Drawing = { kind: "fill", values: (shape, _, [value]) => new Float64Array(sizeOf(shape)).fill(value) };

/** [min, max]: uniform between them. */
export const ranges: Drawing = {
  kind: "uniform",
  values: (shape, random, [min, max]) => each(shape, () => min + (max - min) * random.uniform()),
};

/** [bound]: uniform in ±bound. */
export const withins: Drawing = {
  kind: "within",
  values: (shape, random, [bound]) => each(shape, () => bound * (2 * random.uniform() - 1)),
};

/** [mean, std] */
export const normals: Drawing = {
  kind: "normal",
  values: (shape, random, [mean, std]) => each(shape, () => mean + std * random.normal()),
};

/** [gain]: all axes but the last are rows, the last columns; the shorter of the two families is orthonormal, times gain. */
export const orthogonals: Drawing = {
  kind: "orthogonal",
  values(shape, random, [gain]) {
    const columns = shape[shape.length - 1];
    const rows = columns === 0 ? 0 : sizeOf(shape) / columns;
    const wide = rows < columns;
    const vectors = orthonormal(Math.min(rows, columns), Math.max(rows, columns), () => random.normal());
    const values = new Float64Array(rows * columns);
    for (let i = 0; i < rows; i++)
      for (let j = 0; j < columns; j++) values[i * columns + j] = gain * (wide ? vectors[i][j] : vectors[j][i]);
    return values;
  },
};

/** `count` orthonormal vectors of `length` ≥ `count`, by Gram-Schmidt, each projected twice so that rounding leaves no trace. */
function orthonormal(count: number, length: number, next: () => number): Float64Array[] {
  const vectors: Float64Array[] = [];
  while (vectors.length < count) {
    const v = Float64Array.from({ length }, next);
    for (let pass = 0; pass < 2; pass++) {
      for (const other of vectors) {
        const projection = dot(v, other);
        for (let i = 0; i < length; i++) v[i] -= projection * other[i];
      }
    }
    const norm = Math.sqrt(dot(v, v));
    // A vector that lies in the span of the others by bad luck is drawn again.
    if (norm > 1e-8) vectors.push(v.map((x) => x / norm));
  }
  return vectors;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}
