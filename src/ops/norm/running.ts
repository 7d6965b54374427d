import { check } from "../../errors.ts";
import type { Op } from "../../graph/op.ts";
import { applyOne, type F32 } from "../../graph/tensor.ts";
import { type Shape, sameShape } from "../../graph/types.ts";
import { affine } from "../pointwise/affine.ts";
import { checkNumber, pointwise, U } from "../pointwise/define.ts";

export interface RunningAttributes {
  /** The share of what is new. */
  readonly momentum: number;
  /** What is new is multiplied with this first. */
  readonly factor: number;
}

/** (1 − momentum) · running + momentum · factor · batch: an exponentially weighted average that goes on. */
export const runningAverageOp: Op<RunningAttributes> = /* @__PURE__ */ pointwise<RunningAttributes>({
  name: "runningAverage",
  inputs: ["running", "batch"],
  wgsl: "params.kept * a + params.share * b",
  params: ({ momentum, factor }) => ({ kept: 1 - momentum, share: momentum * factor }),
  check: ({ momentum, factor }) => {
    checkNumber("runningAverage", "momentum", momentum);
    checkNumber("runningAverage", "factor", factor);
  },
  shape: ([running, batch]) => {
    check(sameShape(running.shape, batch.shape), "shape", "runningAverage: running and batch must have one shape");
    return running.shape;
  },
  value: ([running, batch], { momentum, factor }) => (1 - momentum) * running + momentum * factor * batch,
  // Both numbers are rounded to f32, then two products and a sum are rounded.
  error: ([running, batch], y, { momentum, factor }) =>
    U * (2 * Math.abs((1 - momentum) * running) + 2 * Math.abs(momentum * factor * batch) + Math.abs(y)),
  gradient: ({ gradients: [g], attributes: { momentum, factor } }) => [
    affine(g as F32, 1 - momentum, 0),
    affine(g as F32, momentum * factor, 0),
  ],
  flops: 3,
});

/** What a running average becomes when `batch` comes in; `factor` scales that first. */
export const runningAverage = <S extends Shape>(running: F32<S>, batch: F32<S>, momentum: number, factor = 1): F32<S> =>
  applyOne(runningAverageOp, [running, batch], { momentum, factor });
