import { TINY, U } from "../pointwise/define.ts";

/** What a sum of `terms` in order may lose, from Σ|terms|: single roundings are independent of one another. */
export const sumError = (terms: number, magnitude: number): number =>
  U * Math.max(0, Math.min(terms - 1, 2 + 2 * Math.sqrt(terms))) * magnitude + TINY;
