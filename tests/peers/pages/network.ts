/** The same for every library: 5×5×8 – pool – 5×5×16 – pool – dense 10 on images of 28×28, its first weights, its batches, its rate. */
export const BATCH = 64;
export const CLASSES = 10;
export const LEARNING_RATE = 0.1;

/** Weights as this repository lays them out: filters [height, width, channels in, channels out], dense [in, out] of [h, w, c] in order. */
export interface Weights {
  readonly W1: Float32Array;
  readonly b1: Float32Array;
  readonly W2: Float32Array;
  readonly b2: Float32Array;
  readonly W3: Float32Array;
  readonly b3: Float32Array;
}

export const SHAPES = { W1: [5, 5, 1, 8], b1: [8], W2: [5, 5, 8, 16], b2: [16], W3: [256, 10], b3: [10] } as const;

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

export const firstWeights = (): Weights => ({
  W1: noise(200, 0.3, 1),
  b1: noise(8, 0.1, 2),
  W2: noise(3200, 0.12, 3),
  b2: noise(16, 0.1, 4),
  W3: noise(2560, 0.15, 5),
  b3: noise(10, 0.1, 6),
});

/** Ten kinds of images that the network can tell apart: a bright bar in a row of its own, in noise. One channel, so NHWC is NCHW. */
export function batchOf(seed: number): { readonly x: Float32Array; readonly labels: Int32Array } {
  const x = noise(BATCH * 28 * 28, 0.5, seed);
  const labels = Int32Array.from(noise(BATCH, CLASSES / 2, seed + 1), (value) => Math.min(CLASSES - 1, Math.floor(value + CLASSES / 2)));
  labels.forEach((label, n) => {
    for (let row = 0; row < 2; row++) {
      const at = (n * 28 + 4 + 2 * label + row) * 28;
      x.fill(1, at + 4, at + 24);
    }
  });
  return { x, labels };
}
