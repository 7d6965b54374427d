import { check, checkFlag, checkOptions, describe } from "../../errors.ts";
import { fitsF32 } from "../../graph/f32.ts";
import { constant, type F32, type Tensor } from "../../graph/tensor.ts";
import { formatType } from "../../graph/types.ts";
import { assign } from "../../graph/update.ts";
import { batchNormTrain } from "../../ops/norm/batch-norm.ts";
import { batchNormInference } from "../../ops/norm/batch-norm-inference.ts";
import { layerNorm } from "../../ops/norm/layer-norm.ts";
import { runningAverage } from "../../ops/norm/running.ts";
import { ones } from "../initializers.ts";
import type { Layer, LayerContext } from "../layer.ts";

export interface NormLayerOptions {
  /** Added to the variance. Default 1e-5. */
  readonly epsilon?: number;
  /** Whether what is normalised is multiplied with a variable `scale`, which starts at 1. Default true. */
  readonly scale?: boolean;
  /** Whether a variable `bias` is added, which starts at 0. Default true. */
  readonly bias?: boolean;
}

export interface BatchNormLayerOptions extends NormLayerOptions {
  /** The share that a batch has in the running statistics: running ← (1 − momentum) · running + momentum · batch, as in PyTorch. Default 0.1. */
  readonly momentum?: number;
}

/**
 * Batch normalisation of each channel (the last axis) over all other axes: [..., C] → [..., C]. Variables scale and bias [C].
 *
 * A training graph normalises by mean and variance of the batch, and with each step moves the running ones, the statistics `mean` (0 at
 * first) and `variance` (1 at first) [C], towards them; the running variance is the unbiased one, divided by one less than the number of
 * values. Every other graph (predict, evaluate, stream) normalises by the running ones. As in PyTorch; Keras's momentum is 1 − this one.
 * @throws UnrollError `argument` for options; `shape` when applied to what has no channels, or to a batch of one value for each of them.
 */
export function batchNormLayer(options: BatchNormLayerOptions = {}): Layer {
  const name = "batchNormLayer";
  checkOptions(name, options, ["momentum", "epsilon", "scale", "bias"]);
  const { momentum = 0.1 } = options;
  check(
    typeof momentum === "number" && momentum >= 0 && momentum <= 1,
    "argument",
    () => `${name}: momentum must be a number from 0 to 1, not ${describe(momentum)}`,
  );
  const epsilon = checkNorm(name, options);
  return {
    name: "batchNorm",
    apply(x, context) {
      const input = normalizable(name, x);
      const { scale, bias, channels } = affineOf(input, options, context);
      const mean = context.statistic("mean", channels);
      const variance = context.statistic("variance", channels, ones());
      if (!context.training) return batchNormInference(input, scale, bias, mean, variance, { epsilon });
      const rows = input.size / channels[0];
      check(
        rows > 1,
        "shape",
        () => `${name}: the input is ${formatType(x)}: in training each channel needs more than one value, or its variance means nothing`,
      );
      const batch = batchNormTrain(input, scale, bias, { epsilon });
      context.update(assign(mean, runningAverage(mean, batch.mean, momentum)));
      context.update(assign(variance, runningAverage(variance, batch.variance, momentum, rows / (rows - 1))));
      return batch.y;
    },
  };
}

/**
 * Layer normalisation of the last axis: each row of features by its own mean and variance, in training and prediction alike.
 * [..., C] → [..., C]. Variables scale and bias [C].
 * @throws UnrollError `argument` for options; `shape` when applied to what has no features.
 */
export function layerNormLayer(options: NormLayerOptions = {}): Layer {
  checkOptions("layerNormLayer", options, ["epsilon", "scale", "bias"]);
  const epsilon = checkNorm("layerNormLayer", options);
  return {
    name: "layerNorm",
    apply(x, context) {
      const input = normalizable("layerNormLayer", x);
      const { scale, bias } = affineOf(input, options, context);
      return layerNorm(input, { scale, bias, epsilon });
    },
  };
}

/** Checks what both have, and returns ε. */
function checkNorm(layer: string, { epsilon = 1e-5, scale = true, bias = true }: NormLayerOptions): number {
  check(fitsF32(epsilon) && epsilon >= 0, "argument", () => `${layer}: epsilon must be a number of at least 0, not ${describe(epsilon)}`);
  checkFlag(layer, "scale", scale);
  checkFlag(layer, "bias", bias);
  return epsilon;
}

function normalizable(layer: string, x: Tensor): F32 {
  check(
    x.dtype === "f32" && x.shape.length >= 2,
    "shape",
    () => `${layer}: the input is ${formatType(x)}; expected f32 [batch, ..., channels]`,
  );
  return x as F32;
}

/** Variables where they are wanted, else the numbers that change nothing. */
function affineOf(x: F32, { scale = true, bias = true }: NormLayerOptions, { variable }: LayerContext) {
  const channels = [x.shape[x.shape.length - 1]] as const;
  return {
    channels,
    scale: scale ? variable("scale", channels, ones()) : constant(1, channels),
    bias: bias ? variable("bias", channels) : constant(0, channels),
  };
}
