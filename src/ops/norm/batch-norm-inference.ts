import { inverseRootLibrary } from "../../../shaders/lib/math.wgsl.ts";
import { checkOptions } from "../../errors.ts";
import type { Op } from "../../graph/op.ts";
import { apply, applyOne, type F32 } from "../../graph/tensor.ts";
import { type Shape, stridesOf } from "../../graph/types.ts";
import { affine } from "../pointwise/affine.ts";
import { div, mul } from "../pointwise/arithmetic.ts";
import { checkTensor, pointwise, U } from "../pointwise/define.ts";
import { sqrt } from "../pointwise/math.ts";
import { checkChannels } from "./batch-norm-check.ts";
import { batchNormSumsOp, byChannelOf } from "./batch-norm-gradient.ts";
import { checkEpsilon, EPSILON, ROOT_UNITS } from "./common.ts";

export interface NormAttributes {
  readonly epsilon: number;
}

/** Inputs x, scale, bias, mean, variance. */
export const batchNormInferenceOp: Op<NormAttributes> = /* @__PURE__ */ pointwise<NormAttributes>({
  name: "batchNormInference",
  inputs: ["x", "scale", "bias", "mean", "variance"],
  library: /* @__PURE__ */ inverseRootLibrary(),
  wgsl: "(a - d) * inverse_root(e + params.epsilon) * b + c",
  params: ({ epsilon }) => ({ epsilon }),
  check: ({ epsilon }) => checkEpsilon("batchNormInference", epsilon),
  shape: ([x, scale, bias, mean, variance]) => checkChannels("batchNormInference", x, { scale, bias, mean, variance }).shape,
  strides: ({ inputs: [x] }) => {
    const byChannel = byChannelOf(x.shape);
    return [stridesOf(x.shape), byChannel, byChannel, byChannel, byChannel];
  },
  value: ([x, scale, bias, mean, variance], { epsilon }) => ((x - mean) / Math.sqrt(variance + epsilon)) * scale + bias,
  error: ([, , bias], y) => U * ((ROOT_UNITS + 4) * Math.abs(y - bias) + Math.abs(bias) + Math.abs(y)),
  gradient: ({ inputs: [x, scale, , mean, variance], gradients: [g], attributes: { epsilon }, needs }) => {
    const inverse = affine(variance as F32, 1, epsilon);
    const factor = div(scale as F32, sqrt(inverse));
    const dx = needs[0] ? mul(g as F32, factor) : undefined;
    if (!needs.slice(1).some(Boolean)) return [dx];
    const [products, sums] = apply(batchNormSumsOp, [x, mean, variance, g as F32], { epsilon }) as F32[];
    return [
      dx,
      products,
      sums,
      needs[3] ? affine(mul(sums, factor), -1, 0) : undefined,
      needs[4] ? affine(div(mul(products, scale as F32), inverse), -0.5, 0) : undefined,
    ];
  },
  flops: 5,
});

export interface NormOptions {
  /** Added to the variance. Default 1e-5. */
  readonly epsilon?: number;
}

type Channel = F32<readonly [number]>;

/**
 * (x − mean) / √(variance + ε) · scale + bias, channel by channel, with statistics that come from elsewhere: batch normalisation at
 * prediction. x [..., C], the other four [C]; result like x.
 * @throws UnrollError `shape` when they are not.
 */
export function batchNormInference<S extends Shape>(
  x: F32<S>,
  scale: Channel,
  bias: Channel,
  mean: Channel,
  variance: Channel,
  options: NormOptions = {},
): F32<S> {
  const op = "batchNormInference";
  for (const [name, value] of Object.entries({ x, scale, bias, mean, variance })) checkTensor(op, name, value);
  checkOptions(op, options, ["epsilon"]);
  return applyOne(batchNormInferenceOp, [x, scale, bias, mean, variance], { epsilon: options.epsilon ?? EPSILON });
}
