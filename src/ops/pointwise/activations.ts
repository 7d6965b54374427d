import type { Activation, Op } from "../../graph/op.ts";
import { applyOne, type F32 } from "../../graph/tensor.ts";
import type { Shape } from "../../graph/types.ts";
import { leakyReluActivation, reluActivation, sigmoidActivation, tanhActivation } from "../activation.ts";
import { leakyReluGradient } from "./activation-gradients.ts";
import { applyUnary, checkTensor, pointwise } from "./define.ts";

type None = Record<never, never>;

/** The op that applies an activation to each element. `gradient` is needed where the activation has none from its output. */
export function activationOp(activation: Activation, gradient?: (gradient: F32, x: F32) => F32, flops = 1): Op<None> {
  return pointwise<None>({
    name: activation.name,
    inputs: ["x"],
    library: `${activation.wgslLibrary ?? ""}\nfn activate(x: f32) -> f32 { return ${activation.wgsl}; }\n`,
    wgsl: "activate(a)",
    value: ([x]) => activation.reference(x),
    error: ([x], y) => activation.error(x, y),
    gradient: ({ inputs: [x], outputs: [y], gradients: [g] }) => [
      activation.gradientFromOutput?.(g as F32, y) ?? gradient?.(g as F32, x as F32),
    ],
    flops,
    epilogue: { kind: "activation", activation },
  });
}

export const reluOp: Op<None> = /* @__PURE__ */ activationOp(reluActivation);
export const tanhOp: Op<None> = /* @__PURE__ */ activationOp(tanhActivation, undefined, 18);
export const sigmoidOp: Op<None> = /* @__PURE__ */ activationOp(sigmoidActivation, undefined, 5);
/** An op per slope, because the slope is part of the activation. */
export const leakyReluOp = (slope = 0.01): Op<None> =>
  activationOp(leakyReluActivation(slope), (gradient, x) => leakyReluGradient(gradient, x, slope), 2);

/** max(0, x); its derivative at 0 is 0. Shape of x. */
export function relu<S extends Shape>(x: F32<S>): F32<S> {
  return applyUnary(reluOp, x);
}

/** x where x > 0, else slope · x (default slope 0.01). Shape of x. */
export function leakyRelu<S extends Shape>(x: F32<S>, slope = 0.01): F32<S> {
  checkTensor("leakyRelu", "x", x);
  return applyOne(leakyReluOp(slope), [x], {});
}

/** tanh x, with relative accuracy near 0 and exactly ±1 for large |x|. Shape of x. */
export function tanh<S extends Shape>(x: F32<S>): F32<S> {
  return applyUnary(tanhOp, x);
}

/** 1 / (1 + exp(−x)), without overflow. Shape of x. */
export function sigmoid<S extends Shape>(x: F32<S>): F32<S> {
  return applyUnary(sigmoidOp, x);
}
