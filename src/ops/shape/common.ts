import { check } from "../../errors.ts";
import type { Cost } from "../../graph/kernel.ts";
import type { Call } from "../../graph/op.ts";
import { byteLength, formatType, type Shape, type TensorType } from "../../graph/types.ts";

export const MAX_RANK = 8;

/** The type of an argument that is a tensor whose elements take 4 bytes: what the copying kernels move. */
export function movable(op: string, argument: string, tensor: TensorType | undefined): TensorType {
  check(tensor && Array.isArray(tensor.shape), "argument", () => `${op}: ${argument} must be a tensor, not ${String(tensor)}`);
  check(tensor.dtype !== "f16", "dtype", () => `${op}: ${argument} is ${formatType(tensor)}; expected f32, i32 or u32`);
  check(
    tensor.shape.length <= MAX_RANK,
    "shape",
    () => `${op}: ${argument} is ${formatType(tensor)}; at most ${MAX_RANK} dimensions are supported`,
  );
  return tensor;
}

/** An axis in 0 … rank - 1; negative ones count from the end. */
export function axisOf(op: string, axis: number, tensor: TensorType): number {
  const rank = tensor.shape.length;
  check(
    Number.isInteger(axis) && axis >= -rank && axis < rank,
    "argument",
    () => `${op}: axis ${axis} is not one of ${formatType(tensor)}; expected a whole number from ${-rank} to ${rank - 1}`,
  );
  return axis < 0 ? axis + rank : axis;
}

/** A list with one whole number for each dimension. */
export function wholeNumbers(op: string, name: string, values: Shape, tensor: TensorType, least: number): void {
  check(
    Array.isArray(values) && values.length === tensor.shape.length && values.every((n) => Number.isInteger(n) && n >= least),
    "argument",
    () => `${op}: ${name} is [${values}]; expected ${tensor.shape.length} whole numbers of at least ${least}, for ${formatType(tensor)}`,
  );
}

/** Copying: no arithmetic, the output written once and as many bytes read. */
export const copyCost = (call: Call): Cost => ({ flops: 0, bytes: 2 * byteLength(call.outputs[0]) });

/** Copies are exact. */
export const exact = (): readonly number[] => [0];
