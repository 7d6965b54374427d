import { check } from "../../errors.ts";
import type { Cost } from "../../graph/kernel.ts";
import type { Activation, Call } from "../../graph/op.ts";
import { formatType, sizeOf, type TensorType } from "../../graph/types.ts";

export interface WalkAttributes {
  readonly activation: Activation;
}

/** A sequence f32 [T, B, H] and a matrix f32 [H, H]. */
export function checkWalk(op: string, argument: string, sequence: TensorType, matrixName: string, matrix: TensorType): void {
  for (const [name, type] of [[argument, sequence] as const, [matrixName, matrix] as const])
    check(type.dtype === "f32", "dtype", () => `${op}: ${name} is ${formatType(type)}; it must be f32`);
  check(
    sequence.shape.length === 3 && sizeOf(sequence.shape) > 0,
    "shape",
    () => `${op}: ${argument} is ${formatType(sequence)}; expected [steps, batch, hidden], each at least 1`,
  );
  const hidden = sequence.shape[2];
  check(
    matrix.shape.length === 2 && matrix.shape[0] === hidden && matrix.shape[1] === hidden,
    "shape",
    () => `${op}: ${argument} is ${formatType(sequence)}, so ${matrixName} must be f32[${hidden}, ${hidden}], not ${formatType(matrix)}`,
  );
}

/** Two FLOPs for each multiply-add with the weights; `tensors` tensors of T·B·H elements move, and the weights once. */
export function walkCost(call: Call<unknown>, tensors: number): Cost {
  const [steps, batch, hidden] = call.inputs[0].shape;
  return { flops: 2 * steps * batch * hidden * hidden, bytes: 4 * (tensors * steps * batch * hidden + hidden * hidden) };
}
