import { check } from "../../errors.ts";
import type { Op } from "../../graph/op.ts";
import type { F32 } from "../../graph/tensor.ts";
import { formatType } from "../../graph/types.ts";
import { matmul } from "../matmul/matmul.ts";
import { stateOuterProduct } from "../matmul/state-outer-product.ts";
import { reshape } from "../shape/reshape.ts";
import { slice } from "../shape/slice.ts";
import { transpose } from "../shape/transpose.ts";
import { checkWalk, type WalkAttributes, walkCost } from "./check.ts";
import { walkError } from "./error.ts";
import { walkVariants } from "./variants.ts";
import { rnnWalkGradient } from "./walk-gradient.ts";

type Matrix = F32<readonly [number, number]>;
type Sequence = F32<readonly [number, number, number]>;

/**
 * h_t = f(xu_t + h_{t−1}·W) for all t. Inputs: xu [T, B, H] (x·U + b for all steps), W [H, H] as [in, out], and h0 [B, H] unless it
 * is 0. Output: the sequence h [T, B, H]. (Elman 1990; the notation is that of Goodfellow et al., Deep Learning, 10.2.)
 */
export const rnnWalkOp: Op<WalkAttributes> = {
  name: "rnnWalk",

  shape([xu, W, h0]) {
    checkWalk("rnnWalk", "xu", xu, "W", W);
    if (h0) {
      const [, batch, hidden] = xu.shape;
      check(h0.dtype === "f32", "dtype", () => `rnnWalk: h0 is ${formatType(h0)}; it must be f32`);
      check(
        h0.shape.length === 2 && h0.shape[0] === batch && h0.shape[1] === hidden,
        "shape",
        () => `rnnWalk: xu is ${formatType(xu)} and h0 is ${formatType(h0)}; expected [${batch}, ${hidden}]`,
      );
    }
    return [{ dtype: "f32", shape: xu.shape }];
  },

  reference({ inputs, attributes }, [xu, W, h0], [h]) {
    const [steps, batch, hidden] = inputs[0].shape;
    const f = attributes.activation.reference;
    const sum = new Float64Array(hidden);
    for (let t = 0; t < steps; t++)
      for (let b = 0; b < batch; b++) {
        const row = (t * batch + b) * hidden;
        for (let j = 0; j < hidden; j++) sum[j] = xu[row + j];
        if (t > 0 || h0)
          for (let k = 0; k < hidden; k++) {
            const before = t > 0 ? h[row - batch * hidden + k] : h0[b * hidden + k];
            for (let j = 0; j < hidden; j++) sum[j] += before * W[k * hidden + j];
          }
        for (let j = 0; j < hidden; j++) h[row + j] = f(sum[j]);
      }
  },

  gradient({ inputs, outputs, attributes, gradients, needs }) {
    const [xu, W, h0] = inputs as readonly [Sequence, Matrix, Matrix?];
    const [steps, batch, hidden] = xu.shape;
    // Transposed once, so that the walk reads its rows.
    const transposed = transpose(W);
    const delta = rnnWalkGradient(gradients[0] as Sequence, outputs[0] as Sequence, transposed, attributes.activation);
    const first = (): Matrix => reshape(steps > 1 ? slice(delta, [0, 0, 0], [1, batch, hidden]) : delta, [batch, hidden]);
    const dW = needs[1] ? stateOuterProduct(h0, outputs[0] as Sequence, delta) : undefined;
    return h0 ? [delta, dW, needs[2] ? matmul(first(), transposed) : undefined] : [delta, dW];
  },

  kernels: /* @__PURE__ */ walkVariants(false),

  cost: (call) => walkCost(call, 2),

  error({ inputs, attributes }, [xu, W, h0], [h]) {
    const { derivative, error, reference: f } = attributes.activation;
    const [steps, batch, hidden] = inputs[0].shape;
    const bound = walkError({
      steps,
      batch,
      hidden,
      weights: W,
      addend: xu,
      state: h,
      start: h0,
      backward: false,
      // The slope may be another one within the error of the sum: at the kink of relu.
      gain: (_, sum, slack) => Math.max(...[sum - slack, sum, sum + slack].map((x) => Math.abs(derivative(x, f(x))))),
      local: (i, sum) => error(sum, h[i]),
    });
    return [bound];
  },
};
