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

export const distribution = (samples: readonly number[], repeats: number, rounds?: readonly number[]): Distribution => ({
  samples,
  median: quantile(samples, 0.5),
  p10: quantile(samples, 0.1),
  p90: quantile(samples, 0.9),
  repeats,
  ...(rounds ? { rounds } : {}),
});

/** Two rounds of measuring the same. */
export const joined = (a: Distribution, b: Distribution): Distribution =>
  distribution([...a.samples, ...b.samples], b.repeats, [...(a.rounds ?? [a.samples.length]), ...(b.rounds ?? [b.samples.length])]);

/** The samples of each round, of those that pass. */
export function roundsOf({ samples, rounds = [samples.length] }: Distribution, pass: (sample: number) => unknown = () => true): number[][] {
  let at = 0;
  const found = rounds.map((count) => {
    at += count;
    return samples.slice(at - count, at);
  });
  return [...found, samples.slice(at)].map((round) => round.filter(pass)).filter((round) => round.length > 0);
}

const RESAMPLES = 1000;

/** How much longer `after` takes than `before`, with the interval that is meant to hold the ratio in 95 of 100 cases. */
export interface Ratio {
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
}

type Samples = readonly number[] | readonly (readonly number[])[];

/**
 * The ratio of two medians, with a percentile bootstrap interval (Efron 1979): both sets of samples are drawn anew, with replacement,
 * 1,000 times; of rounds first the rounds and then the samples of each (Davison and Hinkley, "Bootstrap methods and their application",
 * 1997, 3.8), as a machine's mood lasts longer than a sample. The draws are seeded, so the same samples give the same interval.
 * @param before samples, or those of each round.
 */
export function ratioOfMedians(before: Samples, after: Samples, confidence = 0.95): Ratio {
  const random = mulberry32(1);
  const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)];
  const redraw = (rounds: readonly (readonly number[])[]): number => {
    const drawn = rounds.flatMap(() => {
      const round = pick(rounds);
      return round.map(() => pick(round));
    });
    return quantileOfSorted(Float64Array.from(drawn).sort(), 0.5);
  };
  const [a, b] = [before, after].map((samples) => (samples.some(Array.isArray) ? samples : [samples]) as readonly (readonly number[])[]);
  const ratios = Float64Array.from({ length: RESAMPLES }, () => redraw(b) / redraw(a)).sort();
  return {
    ratio: median(b.flat()) / median(a.flat()),
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
