import { check, describeMeant } from "../../errors.ts";
import { ACTIVATIONS_MEANT, type Activation } from "../../graph/op.ts";
import { applyOne, type F32 } from "../../graph/tensor.ts";
import { formatType } from "../../graph/types.ts";
import { activationOp } from "../../ops/pointwise/activations.ts";
import type { Layer } from "../layer.ts";
import { checkActivation } from "./dense.ts";

/**
 * An activation as a layer of its own, as after `batchNormLayer`; other layers take it as their option `activation`. Shape of the input.
 * @throws UnrollError `argument` for what is no activation; `gradient` when trained with one whose gradient needs its input.
 */
export function activationLayer(activation: Activation): Layer {
  check(
    activation !== undefined,
    "argument",
    () => `activationLayer: give an activation such as reluActivation, not ${describeMeant(activation, ACTIVATIONS_MEANT)}`,
  );
  checkActivation("activationLayer", activation);
  const op = activationOp(activation);
  return {
    name: activation.name,
    apply(x, { training }) {
      check(x.dtype === "f32", "dtype", () => `activationLayer: the input is ${formatType(x)}; expected f32`);
      check(
        !training || activation.gradientFromOutput,
        "gradient",
        () => `activationLayer: ${activation.name} has no gradient that needs only its result; use lambda with the op, such as leakyRelu`,
      );
      return applyOne(op, [x as F32], {});
    },
  };
}
