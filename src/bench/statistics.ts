import { check } from "../errors.ts";
import type { Distribution } from "./schema.ts";

export function median(values: readonly number[]): number {
  check(values.length > 0, "argument", "median: there are no values");
  return quantile(values, 0.5);
}

/** The value below which a share `q` of the values lies, between neighbours in proportion (type 7 of Hyndman and Fan, 1996). */
export function quantile(values: readonly number[], q: number): number {
  return quantileOfSorted(
    [...values].sort((a, b) => a - b),
    q,
  );
}

function quantileOfSorted(sorted: ArrayLike<number>, q: number): number {
  const at = (sorted.length - 1) * q;
  const below = Math.floor(at);
  const above = Math.min(sorted.length - 1, below + 1);
  return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
}

export const distribution = (samples: readonly number[], repeats: number): Distribution => ({
  samples,
  median: quantile(samples, 0.5),
  p10: quantile(samples, 0.1),
  p90: quantile(samples, 0.9),
  repeats,
});

const RESAMPLES = 1000;

/** How much longer `after` takes than `before`, with the interval that holds the ratio in 95 of 100 cases. */
export interface Ratio {
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
}

/**
 * The ratio of two medians, with a percentile bootstrap interval (Efron 1979): both sets of samples are drawn anew, with replacement,
 * 1,000 times. The draws are seeded, so the same samples give the same interval.
 */
export function ratioOfMedians(before: readonly number[], after: readonly number[], confidence = 0.95): Ratio {
  const random = mulberry32(1);
  const redraw = (values: readonly number[], into: Float64Array): number => {
    for (let i = 0; i < into.length; i++) into[i] = values[Math.floor(random() * values.length)];
    return quantileOfSorted(into.sort(), 0.5);
  };
  const [a, b] = [new Float64Array(before.length), new Float64Array(after.length)];
  const ratios = Float64Array.from({ length: RESAMPLES }, () => redraw(after, b) / redraw(before, a)).sort();
  return {
    ratio: median(after) / median(before),
    low: quantileOfSorted(ratios, (1 - confidence) / 2),
    high: quantileOfSorted(ratios, (1 + confidence) / 2),
  };
}

/** Numbers in [0, 1) from a 32-bit state (T. Ettinger's mulberry32): millions of draws for a page of ratios, none of which is secret. */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
