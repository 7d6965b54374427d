import { type Convolution, outputSize, type Work } from "./works.ts";

/** Row-major values in this library's layouts: images NHWC, filters HWIO, sequences time-major, weights [in, out]. */
export interface Values {
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array;
}
export type Named = Readonly<Record<string, Values>>;

export interface Data {
  /** What stays: filters and weights; in a training step what is trained, with its first values. */
  readonly shared: Named;
  /** What differs from run to run. Runs go through the sets in turn, so that nothing stays in a cache. */
  readonly sets: readonly Named[];
}

export const SETS = 3;
export const BATCH = 64;
export const CLASSES = 10;

/** Even numbers from -scale to scale. */
export function noise(count: number, scale: number, seed: number): Float32Array {
  let state = seed;
  const values = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    values[i] = scale * (state / 2 ** 31 - 1);
  }
  return values;
}

const random = (shape: readonly number[], seed: number, scale = 1): Values => ({
  shape,
  data: noise(
    shape.reduce((a, b) => a * b, 1),
    scale,
    seed,
  ),
});

/** Weights that keep the size of what they are multiplied with. */
const weights = (shape: readonly number[], fanIn: number, seed: number): Values => random(shape, seed, Math.sqrt(3 / fanIn));

const integers = (shape: readonly number[], below: number, seed: number): Values => ({
  shape,
  data: Int32Array.from(random(shape, seed).data, (value) => Math.min(below - 1, Math.floor(((value + 1) / 2) * below))),
});

const sets = (of: (seed: number) => Named): Named[] => Array.from({ length: SETS }, (_, i) => of(1000 * (i + 1)));

/** The same in every page. */
export function dataOf(work: Work): Data {
  switch (work.kind) {
    case "matmul": {
      const { m, k, n } = work;
      return { shared: {}, sets: sets((seed) => ({ a: random([m, k], seed), b: random([k, n], seed + 1) })) };
    }
    case "conv":
      return { shared: { w: filter(work) }, sets: sets((seed) => ({ x: images(work, work.from, seed) })) };
    case "conv gradients":
      return {
        shared: { w: filter(work) },
        sets: sets((seed) => ({
          x: images(work, work.from, seed),
          dy: images({ n: work.n, size: outputSize(work) }, work.to, seed + 1),
        })),
      };
    case "pool":
      return { shared: {}, sets: sets((seed) => ({ x: images(work, work.channels, seed) })) };
    case "pool gradient":
      return {
        shared: {},
        sets: sets((seed) => ({
          x: images(work, work.channels, seed),
          dy: images({ n: work.n, size: work.size / 2 }, work.channels, seed + 1),
        })),
      };
    case "rnn":
      return { shared: cell(work.i, work.h), sets: sets((seed) => ({ x: random([work.t, work.b, work.i], seed) })) };
    case "rnn training": {
      const { t, b, i, h, o } = work;
      return {
        shared: { ...cell(i, h), V: weights([h, o], h, 4), c: random([o], 5, 0.1) },
        sets: sets((seed) => ({ x: random([t, b, i], seed), target: random([t, b, o], seed + 1) })),
      };
    }
    case "character rnn": {
      const { t, b, v, h } = work;
      return {
        shared: { ...cell(v, h), U: random([v, h], 1, 0.5), V: weights([h, v], h, 4), c: random([v], 5, 0.1) },
        sets: sets((seed) => ({ x: integers([t, b], v, seed), target: integers([t, b], v, seed + 1) })),
      };
    }
    case "lenet":
      return { shared: lenetWeights(), sets: sets((seed) => ({ x: lenetBatch(seed).x })) };
    case "lenet training":
      return { shared: lenetWeights(), sets: sets(lenetBatch) };
  }
}

const images = ({ n, size }: { n: number; size: number }, channels: number, seed: number): Values =>
  random([n, size, size, channels], seed);

const filter = ({ kernel, from, to, groups }: Convolution): Values =>
  weights([kernel, kernel, from / groups, to], (kernel * kernel * from) / groups, 1);

const cell = (i: number, h: number): Named => ({
  U: weights([i, h], i, 1),
  W: weights([h, h], h, 2),
  b: random([h], 3, 0.1),
});

/** 5×5×8 – relu – pool – 5×5×16 – relu – pool – dense 10, on images of 28×28. */
export const lenetWeights = (): Named => ({
  W1: random([5, 5, 1, 8], 1, 0.3),
  b1: random([8], 2, 0.1),
  W2: random([5, 5, 8, 16], 3, 0.12),
  b2: random([16], 4, 0.1),
  W3: random([256, CLASSES], 5, 0.15),
  b3: random([CLASSES], 6, 0.1),
});

/** Ten kinds of images that a network can tell apart: a bright bar in a row of its own, in noise. */
export function lenetBatch(seed: number): { readonly x: Values; readonly labels: Values } {
  const x = random([BATCH, 28, 28, 1], seed, 0.5);
  const labels = integers([BATCH], CLASSES, seed + 1);
  labels.data.forEach((label, n) => {
    for (let row = 0; row < 2; row++) {
      const at = (n * 28 + 4 + 2 * label + row) * 28;
      x.data.fill(1, at + 4, at + 24);
    }
  });
  return { x, labels };
}
