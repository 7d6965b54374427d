import { outcomeOf, positive } from "./figures.ts";
import type { BenchResult } from "./schema.ts";

/** How this library stands to the best of the others in one row. */
export interface PeerRatio {
  readonly suite: string;
  readonly name: string;
  /** The fastest of the others that compute on the GPU. */
  readonly peer: string;
  /** Its time over this library's: above 1 this library is faster. */
  readonly ratio: number;
}

/** Subjects that are measured for scale: they do not compute on the GPU. */
const ON_THE_CPU = /\b(wasm|cpu)\b/i;

/** One ratio for each row that "unroll" and at least one other subject have a time for, on one clock. */
export function peerRatios(results: readonly BenchResult[]): PeerRatio[] {
  return results.flatMap((own) => {
    if (own.subject !== "unroll") return [];
    const others = results.filter(
      ({ suite, name, subject }) => suite === own.suite && name === own.name && subject !== "unroll" && !ON_THE_CPU.test(subject),
    );
    const found = others.flatMap((other) => ratioOf(own, other) ?? []);
    return found.length > 0 ? [found.reduce((a, b) => (b.ratio < a.ratio ? b : a))] : [];
  });
}

function ratioOf(own: BenchResult, other: BenchResult): PeerRatio | undefined {
  for (const time of [gpu, wall, cold]) {
    const [mine, theirs] = [time(own), time(other)];
    if (mine && theirs) return { suite: own.suite, name: own.name, peer: other.subject, ratio: theirs / mine };
  }
  return undefined;
}

const right = (result: BenchResult): boolean => ["timed", "untimed"].includes(outcomeOf(result));
const gpu = (result: BenchResult): number | undefined => (right(result) ? positive(result.gpu?.median) : undefined);
const wall = (result: BenchResult): number | undefined => (right(result) ? positive(result.wall?.median) : undefined);
const cold = (result: BenchResult): number | undefined => (right(result) ? coldTotal(result) : undefined);

/** Milliseconds of all parts of a cold start. */
export const coldTotal = ({ parts }: BenchResult): number | undefined =>
  parts && positive(parts.reduce((sum, { ms }) => sum + (positive(ms) ?? 0), 0));

/** Undefined for none. */
export const geometricMean = (ratios: readonly number[]): number | undefined =>
  ratios.length > 0 ? Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length) : undefined;
