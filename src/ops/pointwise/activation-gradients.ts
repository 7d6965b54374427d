import { aboveOrNan, isPositive } from "../../../shaders/lib/nan.wgsl.ts";
import type { Op } from "../../graph/op.ts";
import { applyOne, type F32, type Tensor } from "../../graph/tensor.ts";
import { sameShape } from "../../graph/types.ts";
import { affine } from "./affine.ts";
import { mul } from "./arithmetic.ts";
import { checkNumber, pointwise, U } from "./define.ts";

type None = Record<never, never>;

/** dLoss/dx of relu from y: g where y > 0 or NaN, else 0, as in PyTorch. */
export const reluGradientOp: Op<None> = /* @__PURE__ */ pointwise<None>({
  name: "reluGradient",
  inputs: ["gradient", "y"],
  wgsl: () => `select(0.0, a, ${aboveOrNan("b")})`,
  value: ([g, y]) => (y <= 0 ? 0 : g),
  error: () => 0,
  gradient: ({ inputs: [, y], gradients: [g], needs }) => [needs[0] ? reluGradient(g as F32, y as F32) : undefined, undefined],
  absorb({ inputs: [g, y], outputs: [result] }, consumer) {
    const same = sameShape(g.shape, result.shape) && sameShape(y.shape, result.shape);
    const once = consumer.inputs.every((input, i) => (input === result) === (i === 0));
    return same && once ? consumer.op.gated?.(consumer, g, y) : undefined;
  },
});

/** dLoss/dx of leaky relu from y (or from x): g where it is > 0, else slope · g. */
export const leakyReluGradientOp: Op<{ readonly slope: number }> = /* @__PURE__ */ pointwise<{ readonly slope: number }>({
  name: "leakyReluGradient",
  inputs: ["gradient", "y"],
  wgsl: () => `select(params.slope * a, a, ${isPositive("b")})`,
  params: ({ slope }) => ({ slope }),
  check: ({ slope }) => checkNumber("leakyReluGradient", "slope", slope),
  value: ([g, y], { slope }) => (y > 0 ? g : slope * g),
  error: ([, y], result) => (y > 0 ? 0 : 2 * U * Math.abs(result)),
  gradient: ({ inputs: [, y], gradients: [g], needs, attributes: { slope } }) => [
    needs[0] ? leakyReluGradient(g as F32, y as F32, slope) : undefined,
    undefined,
  ],
});

/** dLoss/dx of tanh from y: g · (1 − y²), as (1 − y)(1 + y), which does not cancel twice. */
export const tanhGradientOp: Op<None> = /* @__PURE__ */ pointwise<None>({
  name: "tanhGradient",
  inputs: ["gradient", "y"],
  wgsl: "a * ((1.0 - b) * (1.0 + b))",
  value: ([g, y]) => g * (1 - y * y),
  error: ([g, y]) => 4 * U * Math.abs(g) * Math.abs(1 - y) * Math.abs(1 + y),
  gradient: ({ inputs: [g0, y], gradients: [g], needs }) => [
    needs[0] ? tanhGradient(g as F32, y as F32) : undefined,
    needs[1] ? affine(mul(mul(g as F32, g0 as F32), y as F32), -2, 0) : undefined,
  ],
  flops: 4,
});

/** dLoss/dx of sigmoid from y: g · y · (1 − y). */
export const sigmoidGradientOp: Op<None> = /* @__PURE__ */ pointwise<None>({
  name: "sigmoidGradient",
  inputs: ["gradient", "y"],
  wgsl: "a * (b * (1.0 - b))",
  value: ([g, y]) => g * y * (1 - y),
  error: (_, result) => 3 * U * Math.abs(result),
  gradient: ({ inputs: [g0, y], gradients: [g], needs }) => [
    needs[0] ? sigmoidGradient(g as F32, y as F32) : undefined,
    needs[1] ? mul(mul(g as F32, g0 as F32), affine(y as F32, -2, 1)) : undefined,
  ],
  flops: 3,
});

/** dLoss/dx of y = relu(x) from dLoss/dy and y. */
export const reluGradient = (gradient: Tensor, y: Tensor): F32 => applyOne(reluGradientOp, [gradient, y], {});
/** dLoss/dx of y = leakyRelu(x, slope) from dLoss/dy and y; where the slope is negative, x must be given in place of y. */
export const leakyReluGradient = (gradient: Tensor, y: Tensor, slope: number): F32 =>
  applyOne(leakyReluGradientOp, [gradient, y], { slope });
/** dLoss/dx of y = tanh(x) from dLoss/dy and y. */
export const tanhGradient = (gradient: Tensor, y: Tensor): F32 => applyOne(tanhGradientOp, [gradient, y], {});
/** dLoss/dx of y = sigmoid(x) from dLoss/dy and y. */
export const sigmoidGradient = (gradient: Tensor, y: Tensor): F32 => applyOne(sigmoidGradientOp, [gradient, y], {});
