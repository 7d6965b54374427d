import { check, checkOptions } from "../../errors.ts";
import type { Activation } from "../../graph/op.ts";
import type { F32 } from "../../graph/tensor.ts";
import { formatType } from "../../graph/types.ts";
import { explicitPadding, type Padding, type Pair, resolvePair, splitPadding, type Window, windowExtent } from "../window.ts";
import { checkBiasOption, checkTensors } from "./check.ts";
import { type F32x4, inputGradient } from "./ops.ts";

export interface ConvTranspose2dOptions {
  /** [C_out], added to each pixel. */
  readonly bias?: F32<readonly [number]>;
  readonly stride?: number | Pair;
  readonly dilation?: number | Pair;
  /**
   * What is cut off around the result. "same" and "same-lower": so much that the result is `stride` times as large as x, or
   * `outputSize`. Default "valid", nothing; with `outputSize` so much that this size comes out.
   */
  readonly padding?: Padding;
  /** Further rows and columns at the end, fewer than the stride. Default 0. */
  readonly outputPadding?: number | Pair;
  /** Height and width of the result, instead of what follows from the rest. */
  readonly outputSize?: number | Pair;
  readonly groups?: number;
  readonly activation?: Activation;
}

const OP = "convTranspose2d";

/** Padding, and the size of the result, as the operator ConvTranspose of ONNX has them. */
function resolve(plane: Pair, filter: Pair, options: ConvTranspose2dOptions): { window: Window; size: Pair } {
  const { stride = 1, dilation = 1, padding = "valid", outputPadding = 0, outputSize } = options;
  const window = { size: filter, stride: resolvePair(OP, "stride", stride, 1), dilation: resolvePair(OP, "dilation", dilation, 1) };
  const further = resolvePair(OP, "outputPadding", outputPadding, 0);
  const wanted = outputSize === undefined ? undefined : resolvePair(OP, "outputSize", outputSize, 1);
  const same = padding === "same" || padding === "same-lower";
  const whole = (axis: 0 | 1) => (plane[axis] - 1) * window.stride[axis] + windowExtent(window, axis) + further[axis];
  const explicit = same ? undefined : explicitPadding(OP, padding);
  const cut = (axis: 0 | 1): Pair => {
    if (explicit && (wanted === undefined || padding !== "valid")) return explicit[axis];
    const size = wanted ? wanted[axis] : plane[axis] * window.stride[axis];
    return splitPadding(Math.max(whole(axis) - size, 0), padding !== "same");
  };
  const cuts = [cut(0), cut(1)] as const;
  const sizeAlong = (axis: 0 | 1): number => {
    if (wanted) return wanted[axis];
    return same ? plane[axis] * window.stride[axis] : whole(axis) - cuts[axis][0] - cuts[axis][1];
  };
  const size: Pair = [sizeAlong(0), sizeAlong(1)];
  for (const axis of [0, 1] as const) {
    const least = whole(axis) - further[axis] - cuts[axis][0] - cuts[axis][1];
    const most = least + window.stride[axis] - 1;
    check(
      size[axis] >= Math.max(least, 1) && size[axis] <= most,
      "argument",
      () =>
        `${OP}: a plane of ${plane.join("×")} with a filter of ${filter.join("×")}, stride ${window.stride.join("×")} and padding ${JSON.stringify(cuts)} gives ${Math.max(least, 1)} to ${most} ${axis === 0 ? "rows" : "columns"}, not ${size[axis]}`,
    );
  }
  return { window: { ...window, padding: cuts }, size };
}

/**
 * Transposed convolution, the gradient of {@link conv2d} with respect to its input: each pixel of x adds its multiple of the filter to
 * the result, at steps of `stride`.
 *
 * x [N, H, W, C_in], filter [KH, KW, C_out/groups, C_in] → [N, OH, OW, C_out] with OH = (H − 1)·stride + (KH − 1)·dilation + 1 +
 * outputPadding − padding. Output padding and output size as the operator ConvTranspose of ONNX defines them, but that output padding must be
 * below the stride even where the dilation is larger.
 * @throws UnrollError `shape`, `dtype` or `argument` when the operands do not fit.
 */
export function convTranspose2d(x: F32x4, filter: F32x4, options: ConvTranspose2dOptions = {}): F32x4 {
  checkOptions(OP, options, ["bias", "groups", "activation", "stride", "dilation", "padding", "outputPadding", "outputSize"]);
  const { bias, groups = 1, activation } = options;
  checkBiasOption(OP, bias);
  checkTensors(OP, [["x", x, 4], ["filter", filter, 4], ...(bias ? [["bias", bias, 1] as const] : [])]);
  check(
    Number.isInteger(groups) && groups >= 1,
    "argument",
    () => `${OP}: groups is ${String(groups)}, expected a whole number of at least 1`,
  );
  const channels = x.shape[3];
  check(
    filter.shape[3] === channels && channels % groups === 0,
    "shape",
    () =>
      `${OP}: x is ${formatType(x)} and filter is ${formatType(filter)}: expected [KH, KW, C_out / groups, C_in] with C_in = ${channels}${groups > 1 ? `, a multiple of ${groups} groups` : ""}`,
  );
  const outChannels = filter.shape[2] * groups;
  check(!bias || bias.shape[0] === outChannels, "shape", () => `${OP}: bias is ${formatType(bias as F32)}, expected f32[${outChannels}]`);
  const { window, size } = resolve([x.shape[1], x.shape[2]], [filter.shape[0], filter.shape[1]], options);
  return inputGradient(x, filter, bias, { window, groups, size, ...(activation ? { activation } : {}) });
}
