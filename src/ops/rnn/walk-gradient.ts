import { check, UnrollError } from "../../errors.ts";
import type { Activation, Op } from "../../graph/op.ts";
import { applyOne, type F32 } from "../../graph/tensor.ts";
import { formatType, sameShape } from "../../graph/types.ts";
import { checkWalk, type WalkAttributes, walkCost } from "./check.ts";
import { walkError } from "./error.ts";
import { walkVariants } from "./variants.ts";

/**
 * Backpropagation through time, as far as it is a recurrence: δ_t = (dLoss/dh_t + δ_{t+1}·Wᵀ) ⊙ f′(h_t) for t = T … 1, δ_{T+1} = 0.
 * Inputs: dSequence (dLoss/dh as the layers above see it) and the sequence h, [T, B, H], and Wᵀ [H, H]. Output: δ [T, B, H],
 * dLoss/d(x_t·U + h_{t−1}·W + b), from which all other gradients are matrix products. (Werbos 1990; Goodfellow et al., 10.2.2.)
 */
export const rnnWalkGradientOp: Op<WalkAttributes> = {
  name: "rnnWalkGradient",

  shape([dSequence, sequence, transposed]) {
    checkWalk("rnnWalkGradient", "dSequence", dSequence, "the transpose of W", transposed);
    check(
      sequence.dtype === "f32" && sameShape(sequence.shape, dSequence.shape),
      "shape",
      () => `rnnWalkGradient: dSequence is ${formatType(dSequence)} and sequence is ${formatType(sequence)}; they must be the same`,
    );
    return [{ dtype: "f32", shape: dSequence.shape }];
  },

  reference({ inputs, attributes }, [dSequence, sequence, transposed], [delta]) {
    const [steps, batch, hidden] = inputs[0].shape;
    const { derivative } = attributes.activation;
    const sum = new Float64Array(hidden);
    for (let t = steps - 1; t >= 0; t--)
      for (let b = 0; b < batch; b++) {
        const row = (t * batch + b) * hidden;
        for (let j = 0; j < hidden; j++) sum[j] = dSequence[row + j];
        if (t < steps - 1)
          for (let k = 0; k < hidden; k++) {
            const after = delta[row + batch * hidden + k];
            for (let j = 0; j < hidden; j++) sum[j] += after * transposed[k * hidden + j];
          }
        for (let j = 0; j < hidden; j++) delta[row + j] = sum[j] * derivative(sequence[row + j], sequence[row + j]);
      }
  },

  gradient() {
    throw new UnrollError("gradient", "rnnWalkGradient: second derivatives of a recurrent network are not there");
  },

  kernels: /* @__PURE__ */ walkVariants(true),

  cost: (call) => walkCost(call, 3),

  error({ inputs, attributes }, [dSequence, sequence, transposed], [delta]) {
    const { derivative } = attributes.activation;
    const [steps, batch, hidden] = inputs[0].shape;
    const slope = (i: number): number => Math.abs(derivative(sequence[i], sequence[i]));
    return [
      walkError({
        steps,
        batch,
        hidden,
        backward: true,
        weights: transposed,
        addend: dSequence,
        state: delta,
        gain: slope,
        // f′ is a product of at most two rounded differences, and is multiplied once more.
        local: (i) => 4 * 2 ** -24 * Math.abs(delta[i]),
      }),
    ];
  },
};

/** δ for all steps. `transposed` is Wᵀ; the activation must have its derivative from the output (`wgslDerivative`). */
export function rnnWalkGradient(
  dSequence: F32<readonly [number, number, number]>,
  sequence: F32<readonly [number, number, number]>,
  transposed: F32<readonly [number, number]>,
  activation: Activation,
): F32<readonly [number, number, number]> {
  check(
    activation.wgslDerivative !== undefined,
    "gradient",
    () => `rnn: the derivative of the activation "${activation.name}" cannot be had from its output, so there is no gradient`,
  );
  return applyOne(rnnWalkGradientOp, [dSequence, sequence, transposed], { activation });
}
