import { check, UnrollError } from "../../errors.ts";
import { beyondF32, fitsF32 } from "../../graph/f32.ts";
import type { Dispatch, Operand } from "../../graph/op.ts";
import { formatShape, formatType, type Shape, sameShape, type TensorType } from "../../graph/types.ts";
import { checkNumber, TINY, U } from "../pointwise/define.ts";
import { sumFactor } from "../reduce/define.ts";

/** Added to variances, as in the papers' code and in ONNX. */
export const EPSILON = 1e-5;

export function checkEpsilon(op: string, epsilon: unknown): asserts epsilon is number {
  checkNumber(op, "epsilon", epsilon);
  check(epsilon >= 0 && fitsF32(epsilon), "argument", () => `${op}: epsilon must be at least 0, not ${epsilon}${beyondF32(epsilon)}`);
}

/** Inputs of an op: as many as names, all f32. */
export function checkF32(op: string, names: readonly string[], inputs: readonly TensorType[]): void {
  check(
    inputs.length === names.length,
    "argument",
    () => `${op}: takes ${names.length} tensors (${names.join(", ")}), not ${inputs.length}`,
  );
  inputs.forEach((type, i) => {
    check(type.dtype === "f32", "dtype", () => `${op}: ${names[i]} is ${formatType(type)}; it must be f32`);
  });
}

export function checkShape(op: string, name: string, type: TensorType, expected: Shape, x: TensorType): void {
  check(
    sameShape(type.shape, expected),
    "shape",
    () => `${op}: x is ${formatType(x)}, so ${name} must be f32${formatShape(expected)}; it is ${formatType(type)}`,
  );
}

export const noSecondDerivative = (op: string): never => {
  throw new UnrollError("gradient", `${op}: second derivatives of this normalisation are not available`);
};

/** A dispatch that was planned for inputs 0, 1, … with these operands instead. */
export const withOperands = (dispatch: Dispatch, operands: readonly Operand[]): Dispatch => ({
  ...dispatch,
  bindings: Object.fromEntries(
    Object.entries(dispatch.bindings).map(([name, operand]) => [name, "input" in operand ? operands[operand.input] : operand]),
  ),
});

/** Mean, variance and 1 / √(variance + ε) of numbers, with bounds on how far the GPU's are from them. */
export interface Moments {
  readonly mean: number;
  readonly variance: number;
  readonly meanError: number;
  readonly varianceError: number;
}

/** The textbook's two passes: the mean, then the mean square about it. */
export function momentsOf(n: number, at: (i: number) => number): Moments {
  let sum = 0;
  let magnitude = 0;
  for (let i = 0; i < n; i++) {
    sum += at(i);
    magnitude += Math.abs(at(i));
  }
  const mean = sum / n;
  let squares = 0;
  for (let i = 0; i < n; i++) squares += (at(i) - mean) ** 2;
  const variance = squares / n;
  const factor = 3 + sumFactor(n);
  const meanError = (U * factor * magnitude) / n;
  // The mean that squares are taken about is rounded: that counts twice with the deviation, and squared.
  const block = (3 * U * magnitude) / n;
  const varianceError = U * (5 + factor) * variance + 2 * block * Math.sqrt(variance) + block ** 2;
  return { mean, variance, meanError, varianceError };
}

/** Units of roundoff of 1 / √(v + ε) for an exact v. */
export const ROOT_UNITS = 6;

/** The bound of 1 / √(variance + ε) relative to its value. */
export const rootError = ({ variance, varianceError }: Moments, epsilon: number): number =>
  ROOT_UNITS * U + (variance + epsilon > 0 ? varianceError / (2 * (variance + epsilon)) : 0);

/** The bound of y = (x − mean) / √(variance + ε) · scale + bias, when the GPU has mean and variance from x. */
export function normalizedError(x: number, scale: number, bias: number, y: number, moments: Moments, epsilon: number): number {
  const factor = Math.abs(scale) / Math.sqrt(moments.variance + epsilon);
  const distance = Math.abs(x - moments.mean);
  return (
    TINY +
    factor * (moments.meanError + 2 * U * distance) +
    factor * distance * (rootError(moments, epsilon) + 2 * U) +
    U * (Math.abs(y) + Math.abs(bias))
  );
}
