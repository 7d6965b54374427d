import { formatShape, type TensorType } from "../graph/types.ts";
import type { Expected } from "./prepare.ts";

/** How far the GPU's values are from the right ones, at the element where that is worst beside the bound. */
export interface Comparison {
  readonly error: number;
  readonly bound: number;
  /** error / bound: 0 where they agree, at most 1 where it is right. */
  readonly ratio: number;
  /** Where the worst element is, in words. */
  readonly where: string;
}

/** Largest finite f32: a reference beyond it may be infinite on the GPU. */
const F32_MAX = 3.4028234663852886e38;

export function compare(types: readonly TensorType[], expected: Expected, actual: readonly Float64Array[]): Comparison {
  let worst: Comparison = { error: 0, bound: 0, ratio: -1, where: "nowhere" };
  const look = (output: number, index: number, right: number, bound: number) => {
    const value = actual[output][index];
    const error = distance(value, right);
    const ratio = error === 0 ? 0 : error / bound; // a bound of 0 allows nothing: Infinity
    if (ratio > worst.ratio || (ratio === worst.ratio && bound > worst.bound) || Number.isNaN(ratio)) {
      const shape = types[output].shape;
      const where = `output ${output} at ${formatShape(unravel(index, shape))} of ${formatShape(shape)}: ${value} instead of ${right}`;
      worst = { error, bound, ratio: Number.isNaN(ratio) ? Number.POSITIVE_INFINITY : ratio, where };
    }
  };
  if (expected.kind === "spots") for (const { index, value, error } of expected.spots) look(0, index, value, error);
  else
    expected.outputs.forEach((right, output) => {
      const bound = expected.bounds[output];
      for (let i = 0; i < right.length; i++) look(output, i, right[i], typeof bound === "number" ? bound : bound[i]);
    });
  return { ...worst, ratio: Math.max(0, worst.ratio) };
}

/** |a − b|, where the same infinity or NaN on both sides is no distance at all, and on one side an infinite one. */
function distance(actual: number, right: number): number {
  if (Number.isNaN(right)) return Number.isNaN(actual) ? 0 : Number.POSITIVE_INFINITY;
  if (actual === right) return 0;
  if (Math.abs(right) > F32_MAX && actual === Math.sign(right) * Number.POSITIVE_INFINITY) return 0;
  const error = Math.abs(actual - right);
  return Number.isNaN(error) ? Number.POSITIVE_INFINITY : error;
}

function unravel(index: number, shape: readonly number[]): number[] {
  const place = new Array<number>(shape.length);
  let rest = index;
  for (let d = shape.length - 1; d >= 0; d--) {
    place[d] = rest % shape[d];
    rest = Math.floor(rest / shape[d]);
  }
  return place;
}
