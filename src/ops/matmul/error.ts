import type { Activation, Call } from "../../graph/op.ts";
import { type MatmulAttributes, matmulProblem } from "./problem.ts";
import { multiply, preActivation } from "./reference.ts";

/** Half the distance from 1 to the next f32. */
const U = 2 ** -24;
/** f32 below its normal range may be flushed to 0. */
const TINY = 2 ** -126;

/**
 * The rounding error of Σ|terms| = `magnitude` over K terms in any order: errors of single roundings are independent, so they grow
 * with √K where all terms have one sign (and less where they have not); the factor leaves 9 standard deviations,
 * because roundings are correlated where one large term meets many small ones (rows of a softmax gradient: 13 u at K = 64).
 */
export const sumError = (k: number, magnitude: number): number => U * (2 * Math.sqrt(k) + 4) * magnitude + (k + 1) * TINY;

/** The error of f(z + δ) for |δ| ≤ `error`, from the slopes at and around z. */
export function activationError(f: Activation, z: number, y: number, error: number): number {
  const slope = (x: number) => Math.abs(f.derivative(x, f.reference(x)));
  return f.error(z, y) + error * Math.max(Math.abs(f.derivative(z, y)), slope(z - error), slope(z + error)) + TINY;
}

/** For each element: (√K + 2)·u·Σ|a||b|, one rounding for the bias, and what the activation makes of both. */
export function matmulError(
  call: Call<MatmulAttributes>,
  inputs: readonly Float64Array[],
  outputs: readonly Float64Array[],
): Float64Array[] {
  const { k } = matmulProblem(call);
  const f = call.attributes.activation;
  const bound = multiply(call, inputs[0].map(Math.abs), inputs[1].map(Math.abs));
  const z = f || inputs[2] ? preActivation(call, inputs) : outputs[0];
  for (let i = 0; i < bound.length; i++) {
    const error = sumError(k, bound[i]) + (inputs[2] ? U * Math.abs(z[i]) : 0);
    bound[i] = f ? activationError(f, z[i], outputs[0][i], error) : error;
  }
  return [bound];
}
