import { checkOptions } from "../../errors.ts";
import type { F32 } from "../../graph/tensor.ts";
import { reshape } from "../shape/reshape.ts";
import { rowOptions, type WindowOptions1d } from "../window.ts";
import { checkTensors } from "./check.ts";
import { type Conv2dOptions, conv2d } from "./conv2d.ts";

export interface Conv1dOptions extends WindowOptions1d, Pick<Conv2dOptions, "bias" | "groups" | "activation"> {}

type F32x3 = F32<readonly [number, number, number]>;

/**
 * {@link conv2d} along one axis: x [N, L, C_in], filter [K, C_in/groups, C_out] → [N, OL, C_out].
 * @throws UnrollError `shape`, `dtype` or `argument` when the operands do not fit.
 */
export function conv1d(x: F32x3, filter: F32x3, options: Conv1dOptions = {}): F32x3 {
  checkTensors("conv1d", [
    ["x", x, 3],
    ["filter", filter, 3],
  ]);
  checkOptions("conv1d", options, ["bias", "groups", "activation", "stride", "dilation", "padding"]);
  const { bias, groups, activation, ...window } = options;
  const [n, l, c] = x.shape;
  const y = conv2d(reshape(x, [n, 1, l, c]), reshape(filter, [1, ...filter.shape]), {
    ...rowOptions("conv1d", window),
    bias,
    groups,
    activation,
  });
  return reshape(y, [n, y.shape[2], y.shape[3]]);
}
