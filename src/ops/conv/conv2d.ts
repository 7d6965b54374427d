import { checkOptions } from "../../errors.ts";
import type { Activation } from "../../graph/op.ts";
import type { F32 } from "../../graph/tensor.ts";
import { resolveWindow, type WindowOptions } from "../window.ts";
import { checkBiasOption, checkTensors } from "./check.ts";
import { convolution, type F32x4 } from "./ops.ts";

export interface Conv2dOptions extends WindowOptions {
  /** [C_out], added to each pixel. */
  readonly bias?: F32<readonly [number]>;
  /** Channels fall into this many groups, each convolved on its own; C_in of them is a depthwise convolution. Default 1. */
  readonly groups?: number;
  /** Applied last, in the same kernel. Gradients need one that has `gradientFromOutput`. */
  readonly activation?: Activation;
}

/**
 * Convolution (cross-correlation, as everywhere in neural networks):
 * y[n, oy, ox, co] = activation(bias[co] + Σ x[n, oy·s − p + ky·d, ox·s − p + kx·d, ci]·filter[ky, kx, ci, co]).
 *
 * x [N, H, W, C_in], filter [KH, KW, C_in/groups, C_out] → [N, OH, OW, C_out]; outside of x there are zeros,
 * which a filter that is not finite may turn into NaN, as in PyTorch.
 * @throws UnrollError `shape`, `dtype` or `argument` when the operands do not fit.
 */
export function conv2d(x: F32x4, filter: F32x4, options: Conv2dOptions = {}): F32x4 {
  checkOptions("conv2d", options, ["bias", "groups", "activation", "stride", "dilation", "padding"]);
  const { bias, groups = 1, activation } = options;
  checkBiasOption("conv2d", bias);
  checkTensors("conv2d", [
    ["x", x, 4],
    ["filter", filter, 4],
  ]);
  const window = resolveWindow("conv2d", [x.shape[1], x.shape[2]], [filter.shape[0], filter.shape[1]], options);
  return convolution(x, filter, bias, { window, groups, ...(activation ? { activation } : {}) });
}
