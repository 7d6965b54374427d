/** A walk, as far as its rounding errors depend on it. */
export interface WalkErrorInput {
  readonly steps: number;
  readonly batch: number;
  readonly hidden: number;
  readonly backward: boolean;
  /** [H, H] as [in, out]: W forward, Wᵀ backward. */
  readonly weights: Float64Array;
  /** [T, B, H]. */
  readonly addend: Float64Array;
  /** The reference's result, [T, B, H]. */
  readonly state: Float64Array;
  /** [B, H]; undefined: 0. */
  readonly start?: Float64Array;
  /** |dState / dSum| of element i, at most, where the sum is `sum` ± `slack`. */
  readonly gain: (i: number, sum: number, slack: number) => number;
  /** Bound on the error of the function itself in element i. */
  readonly local: (i: number, sum: number) => number;
}

const U = 2 ** -24;
const PROBES = 3;
/** How many standard deviations the bound is wide. */
const WIDTH = 10;

/**
 * The bound on |GPU − reference| of a walk. A worst-case bound would multiply by |W| at each step and explode, so this one
 * is statistical. Each rounding is a random error, uniform within half a unit in the last place of the partial sum it ends; the variance
 * of a sum is that of its roundings; it goes on to the next step through W and f′ in two ways, and the larger counts:
 * as variances (errors of different units independent: right for weights without structure), and as the mean square of a few random
 * errors carried through the linearised walk (right for any weights, but a small sample). The bound is ten standard deviations.
 */
export function walkError(walk: WalkErrorInput): Float64Array {
  const { steps, batch, hidden, weights, addend, state, start, backward, gain, local } = walk;
  const size = batch * hidden;
  const bound = new Float64Array(steps * size);
  let variance = new Float64Array(size);
  let nextVariance = new Float64Array(size);
  let probes = new Float64Array(size * PROBES);
  let nextProbes = new Float64Array(size * PROBES);
  const none = new Float64Array(size);
  const random = uniform();
  for (let index = 0; index < steps; index++) {
    const t = backward ? steps - 1 - index : index;
    const before = index === 0 ? (start ?? none) : state.subarray((backward ? t + 1 : t - 1) * size, (backward ? t + 2 : t) * size);
    for (let b = 0; b < batch; b++) {
      const sums = rowSums(weights, hidden, before, variance, probes, b * hidden);
      for (let j = 0; j < hidden; j++) {
        const i = b * hidden + j;
        const sum = sums.partial[j] + addend[t * size + i];
        const rounding = (U * U * (sums.squares[j] + sum * sum)) / 3;
        const [p0, p1, p2] = [sums.probe0[j], sums.probe1[j], sums.probe2[j]];
        const sumVariance = Math.max(sums.variance[j], (p0 * p0 + p1 * p1 + p2 * p2) / PROBES) + rounding;
        const own = local(t * size + i, sum);
        const slope = gain(t * size + i, sum, WIDTH * Math.sqrt(sumVariance));
        const fresh = rounding * slope * slope + (own * own) / 16;
        bound[t * size + i] = WIDTH * slope * Math.sqrt(sumVariance) + own + 1e-37;
        nextVariance[i] = sums.variance[j] * slope * slope + fresh;
        const spread = Math.sqrt(3 * fresh);
        nextProbes[i * PROBES] = p0 * slope + spread * random();
        nextProbes[i * PROBES + 1] = p1 * slope + spread * random();
        nextProbes[i * PROBES + 2] = p2 * slope + spread * random();
      }
    }
    [variance, nextVariance] = [nextVariance, variance];
    [probes, nextProbes] = [nextProbes, probes];
  }
  return bound;
}

/** before · W for one row: the sums, the sums of their squared partial sums, and variances and probes carried through W. */
function rowSums(
  weights: Float64Array,
  hidden: number,
  before: Float64Array,
  variances: Float64Array,
  probes: Float64Array,
  row: number,
): Record<"partial" | "squares" | "variance" | "probe0" | "probe1" | "probe2", Float64Array> {
  const partial = new Float64Array(hidden);
  const squares = new Float64Array(hidden);
  const variance = new Float64Array(hidden);
  const probe0 = new Float64Array(hidden);
  const probe1 = new Float64Array(hidden);
  const probe2 = new Float64Array(hidden);
  for (let k = 0; k < hidden; k++) {
    const i = row + k;
    const [value, spread] = [before[i], variances[i]];
    const [p0, p1, p2] = [probes[i * PROBES], probes[i * PROBES + 1], probes[i * PROBES + 2]];
    for (let j = 0; j < hidden; j++) {
      const w = weights[k * hidden + j];
      partial[j] += value * w;
      squares[j] += partial[j] * partial[j];
      variance[j] += spread * w * w;
      probe0[j] += p0 * w;
      probe1[j] += p1 * w;
      probe2[j] += p2 * w;
    }
  }
  return { partial, squares, variance, probe0, probe1, probe2 };
}

/** Numbers in [−1, 1), the same in every call: bounds must not change from run to run. */
function uniform(): () => number {
  let state = 0x9e3779b9;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return (state >> 8) / 2 ** 23;
  };
}
