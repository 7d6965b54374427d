import { check, checkOptions } from "../../errors.ts";
import type { F32, Tensor } from "../../graph/tensor.ts";
import { formatType } from "../../graph/types.ts";
import { checkTensor } from "../pointwise/define.ts";
import { reshape } from "../shape/reshape.ts";
import { type Pair, resolvePair, rowOptions, type WindowOptions1d } from "../window.ts";
import { averagePool2d, type Images, lpPool2d, maxPool2d, maxPool2dWithIndices, maxUnpool2d, type PoolOptions } from "./public.ts";

/** [N, L, C]. */
export type Rows = F32<readonly [number, number, number]>;
type RowIndices = Tensor<"i32", readonly [number, number, number]>;

export interface PoolOptions1d extends WindowOptions1d {
  /** Taps of the window. */
  readonly size: number;
  /** The last window may reach beyond the padding. */
  readonly ceilMode?: boolean;
}

export interface AveragePoolOptions1d extends PoolOptions1d {
  /** Taps in the padding count, as zeros. Default false. */
  readonly countIncludePad?: boolean;
  readonly divisorOverride?: number;
}

export interface LpPoolOptions1d extends PoolOptions1d {
  /** The exponent, a whole number from 1 to 64. Default 2. */
  readonly p?: number;
}

export interface UnpoolOptions1d extends WindowOptions1d {
  readonly size: number;
  /** L of the result. Default: the smallest that has these windows. */
  readonly outputSize?: number;
}

/** A row as a plane of one row. */
function asPlane(op: string, argument: string, x: Tensor): Images {
  checkTensor(op, argument, x);
  check(x.shape.length === 3, "shape", () => `${op}: ${argument} is ${formatType(x)}; expected f32[N, L, C]`);
  const [n, l, c] = x.shape;
  return reshape(x, [n, 1, l, c]) as unknown as Images;
}

const asRows = (y: Tensor): Rows => reshape(y, [y.shape[0], y.shape[2], y.shape[3]]) as unknown as Rows;

function options2d(op: string, options: PoolOptions1d, ...more: readonly string[]): PoolOptions {
  checkOptions(op, options, ["size", "stride", "dilation", "padding", ...more]);
  check(
    typeof options.size === "number",
    "argument",
    () => `${op}: size is ${JSON.stringify(options.size)}, expected a whole number of at least 1`,
  );
  const size: Pair = [1, options.size];
  const { stride = size, ...rest } = rowOptions(op, options);
  return { size, stride, ...rest, ceilMode: options.ceilMode };
}

/** {@link maxPool2d} along one axis: [N, L, C] → [N, OL, C]. */
export function maxPool1d(x: Rows, options: PoolOptions1d): Rows {
  return asRows(maxPool2d(asPlane("maxPool1d", "x", x), options2d("maxPool1d", options, "ceilMode")));
}

/** {@link maxPool1d} and the index along L of each maximum, the first where several are equal. */
export function maxPool1dWithIndices(x: Rows, options: PoolOptions1d): { readonly y: Rows; readonly indices: RowIndices } {
  const { y, indices } = maxPool2dWithIndices(
    asPlane("maxPool1dWithIndices", "x", x),
    options2d("maxPool1dWithIndices", options, "ceilMode"),
  );
  return { y: asRows(y), indices: asRows(indices) as unknown as RowIndices };
}

/** {@link averagePool2d} along one axis: [N, L, C] → [N, OL, C]. */
export function averagePool1d(x: Rows, options: AveragePoolOptions1d): Rows {
  const plane = asPlane("averagePool1d", "x", x);
  const { countIncludePad, divisorOverride } = options ?? {};
  return asRows(
    averagePool2d(plane, {
      ...options2d("averagePool1d", options, "ceilMode", "countIncludePad", "divisorOverride"),
      countIncludePad,
      divisorOverride,
    }),
  );
}

/** {@link lpPool2d} along one axis: [N, L, C] → [N, OL, C]. */
export function lpPool1d(x: Rows, options: LpPoolOptions1d): Rows {
  const plane = asPlane("lpPool1d", "x", x);
  return asRows(lpPool2d(plane, { ...options2d("lpPool1d", options, "ceilMode", "p"), p: options.p }));
}

/** {@link maxUnpool2d} along one axis: [N, OL, C] → [N, L, C]. */
export function maxUnpool1d(x: Rows, indices: RowIndices, options: UnpoolOptions1d): Rows {
  const op = "maxUnpool1d";
  const [values, at] = [asPlane(op, "x", x), asPlane(op, "indices", indices)];
  const { ceilMode: _, ...window } = options2d(op, options, "outputSize");
  const length = options.outputSize;
  const outputSize = length === undefined ? undefined : resolvePair(op, "outputSize", [1, length], 1);
  return asRows(maxUnpool2d(values, at as never, { ...window, outputSize }));
}
