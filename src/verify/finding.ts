import { compare } from "./compare.ts";
import type { Finding } from "./proof.ts";

/** An array of the GPU beside the right one. */
export interface Pair {
  readonly name: string;
  readonly actual: ArrayLike<number>;
  readonly right: ArrayLike<number>;
  /** The largest |actual − right|, one for all elements or one for each. */
  readonly bound: number | Float64Array;
}

/** The worst element of several arrays. */
export function findWorst(pairs: readonly Pair[], problem?: string): Finding {
  let worst: Finding = { error: 0, bound: 0, ratio: 0, where: "nowhere", problem };
  for (const { name, actual, right, bound } of pairs) {
    if (actual.length !== right.length) return { ...infinite(`${name}: ${actual.length} values instead of ${right.length}`), problem };
    const expected = { kind: "whole", outputs: [Float64Array.from(right)], bounds: [bound] } as const;
    const found = compare([{ dtype: "f32", shape: [right.length] }], expected, [Float64Array.from(actual)]);
    if (found.ratio > worst.ratio || worst.where === "nowhere") worst = { ...found, where: found.where.replace("output 0", name), problem };
  }
  return worst;
}

/** Wrong, whatever the values are. */
export const infinite = (problem: string): Finding => ({
  error: Number.POSITIVE_INFINITY,
  bound: 0,
  ratio: Number.POSITIVE_INFINITY,
  where: problem,
  problem,
});

/** 2^-24: half the distance between 1 and the next f32. */
export const HALF_ULP = 2 ** -24;

/** Below it GPUs may flush to zero. */
export const SMALLEST_NORMAL = 2 ** -126;
