import { check, checkOptions } from "../../errors.ts";
import { apply, applyOne, type F32, type Tensor } from "../../graph/tensor.ts";
import { formatType } from "../../graph/types.ts";
import { checkTensor } from "../pointwise/define.ts";
import { type Pair, resolvePair, resolveWindow, type Window, type WindowOptions, windowExtent } from "../window.ts";
import { averagePoolOp } from "./average.ts";
import { maxPoolAfter } from "./commute.ts";
import { checkImages, type PoolAttributes } from "./geometry.ts";
import { maxPoolIndicesOp } from "./indices.ts";
import { lpPoolOp } from "./lp.ts";
import { maxPoolOp } from "./max.ts";
import { maxUnpoolOp } from "./unpool.ts";

/** [N, H, W, C]. */
export type Images = F32<readonly [number, number, number, number]>;
type Indices = Tensor<"i32", readonly [number, number, number, number]>;

export interface PoolOptions extends WindowOptions {
  /** Height and width of the window: one number, or [vertical, horizontal]. */
  readonly size: number | Pair;
  /** The last window of a row or column may reach beyond the padding, if it begins inside the input or the padding before it. */
  readonly ceilMode?: boolean;
}

export interface AveragePoolOptions extends PoolOptions {
  /** Taps in the padding count, as zeros. Default false, as in ONNX, WebNN and TensorFlow (PyTorch: true). */
  readonly countIncludePad?: boolean;
  /** Sums are divided by this instead of the number of taps. */
  readonly divisorOverride?: number;
}

export interface LpPoolOptions extends PoolOptions {
  /** The exponent, a whole number from 1 to 64. Default 2. */
  readonly p?: number;
}

export interface UnpoolOptions extends WindowOptions {
  readonly size: number | Pair;
  /** [H, W] of the result. Default: the smallest plane that has these windows. */
  readonly outputSize?: Pair;
}

/** Attributes of pooling x. Windows lie side by side unless a stride is given. */
export function poolAttributes(op: string, x: F32, options: PoolOptions, ...more: readonly string[]): PoolAttributes {
  checkTensor(op, "x", x);
  checkImages(op, "x", x);
  checkOptions(op, options, ["size", "stride", "dilation", "padding", "ceilMode", ...more]);
  const { size, stride = size, dilation, padding, ceilMode = false } = options;
  return { window: resolveWindow(op, [x.shape[1], x.shape[2]], size, { stride, dilation, padding }), ceilMode };
}

/**
 * The maximum of each window: [N, H, W, C] → [N, OH, OW, C]. The first of equal maxima, row by row, gets the gradient, as in PyTorch. Padding is
 * never the maximum. NaN is larger than every number; of several in a window the last wins, as in PyTorch. An increasing activation right before is applied after
 * it: the same values and gradients, from fewer elements.
 * @throws UnrollError `shape`, `dtype` or `argument` when the operands do not fit.
 */
export function maxPool2d(x: Images, options: PoolOptions): Images {
  const attributes = poolAttributes("maxPool2d", x, options);
  return maxPoolAfter(x, attributes) as Images;
}

/** {@link maxPool2d} and where the maxima are: indices[n, oy, ox, c] = iy·W + ix within the plane, the first where several are equal. */
export function maxPool2dWithIndices(x: Images, options: PoolOptions): { readonly y: Images; readonly indices: Indices } {
  const attributes = poolAttributes("maxPool2d", x, options);
  const [y, winners] = apply(maxPoolOp, [x], attributes);
  const { window } = attributes;
  const indices = applyOne(maxPoolIndicesOp, [winners], { window, plane: [x.shape[1], x.shape[2]] as const, c: x.shape[3] });
  return { y: y as Images, indices: indices as Indices };
}

/**
 * The average of each window: [N, H, W, C] → [N, OH, OW, C]. Divides by the taps inside the input, with `countIncludePad` by those inside
 * input and padding (what ceilMode adds beyond never counts), with `divisorOverride` by that.
 * @throws UnrollError `shape`, `dtype` or `argument` when the operands do not fit.
 */
export function averagePool2d(x: Images, options: AveragePoolOptions): Images {
  const attributes = poolAttributes("averagePool2d", x, options, "countIncludePad", "divisorOverride");
  const { countIncludePad = false, divisorOverride: divisor } = options;
  return applyOne(averagePoolOp, [x], { ...attributes, countIncludePad, ...(divisor === undefined ? {} : { divisor }) });
}

/**
 * (Σ |x|^p)^(1/p) over each window: [N, H, W, C] → [N, OH, OW, C]; padding adds nothing. Overflows where |x|^p does, and is 0 where all |x|^p are
 * below the range of f32 (|x| < 1e-19 for p = 2).
 * @throws UnrollError `shape`, `dtype` or `argument` when the operands do not fit.
 */
export function lpPool2d(x: Images, options: LpPoolOptions): Images {
  return applyOne(lpPoolOp, [x], { ...poolAttributes("lpPool2d", x, options, "p"), p: options.p ?? 2 });
}

/**
 * Undoes max pooling as far as that can be: each element of x goes where its index says, the rest is 0. [N, OH, OW, C] → [N, H, W, C].
 * Indices as `maxPool2dWithIndices` gives them for the same size, stride, dilation and padding; one that no tap of its window has is left
 * out, and where overlapping windows name one element their values are added.
 * @throws UnrollError `shape`, `dtype` or `argument` when the operands do not fit.
 */
export function maxUnpool2d(x: Images, indices: Indices, options: UnpoolOptions): Images {
  const op = "maxUnpool2d";
  checkTensor(op, "x", x);
  checkImages(op, "x", x);
  checkTensor(op, "indices", indices);
  check(indices.dtype === "i32", "dtype", () => `${op}: indices are ${formatType(indices)}; they must be i32`);
  checkOptions(op, options, ["size", "stride", "dilation", "padding", "outputSize"]);
  const { size, stride = size, dilation, padding, outputSize } = options;
  const counts: Pair = [x.shape[1], x.shape[2]];
  const plane = outputSize === undefined ? smallestPlane(op, counts, options) : resolvePair(op, "outputSize", outputSize, 1);
  const window = resolveWindow(op, plane, size, { stride, dilation, padding });
  return applyOne(maxUnpoolOp, [x, indices], { window, plane });
}

/** The smallest plane with so many windows. "same" makes a plane of windows × stride. */
function smallestPlane(op: string, counts: Pair, { size, stride = size, dilation, padding }: UnpoolOptions): Pair {
  const window: Window = resolveWindow(op, counts, size, {
    stride,
    dilation,
    padding: padding === "same" || padding === "same-lower" ? "valid" : padding,
  });
  return [0, 1].map((axis) => {
    if (padding === "same" || padding === "same-lower") return counts[axis] * window.stride[axis];
    const [start, end] = window.padding[axis];
    return Math.max(1, (counts[axis] - 1) * window.stride[axis] + windowExtent(window, axis as 0 | 1) - start - end);
  }) as unknown as Pair;
}
