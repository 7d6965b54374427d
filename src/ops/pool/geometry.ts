import { check } from "../../errors.ts";
import { formatType, type TensorType } from "../../graph/types.ts";
import { checkWindow, type Pair, type Window, windowCounts } from "../window.ts";

export interface PoolAttributes {
  readonly window: Window;
  /** The last window of a row or column may reach beyond the padding. */
  readonly ceilMode: boolean;
}

/** A pooling of [N, H, W, C] to [N, OH, OW, C] in numbers. */
export interface Geometry {
  readonly n: number;
  readonly c: number;
  readonly plane: Pair;
  readonly counts: Pair;
  readonly window: Window;
}

export function checkImages(op: string, argument: string, type: TensorType | undefined): asserts type is TensorType {
  check(type && Array.isArray(type.shape), "argument", () => `${op}: ${argument} must be a tensor, not ${String(type)}`);
  check(type.dtype === "f32", "dtype", () => `${op}: ${argument} is ${formatType(type)}; it must be f32`);
  check(type.shape.length === 4, "shape", () => `${op}: ${argument} is ${formatType(type)}; expected f32[N, H, W, C]`);
}

/** The taps of window `o` along `axis` that lie in 0 … n − 1: from the first to behind the last. */
export function tapsInside({ size, stride, dilation, padding }: Window, axis: 0 | 1, o: number, n: number): Pair {
  const start = o * stride[axis] - padding[axis][0];
  const first = start < 0 ? Math.ceil(-start / dilation[axis]) : 0;
  return [first, Math.max(first, Math.min(size[axis], Math.ceil((n - start) / dilation[axis])))];
}

/**
 * The geometry of pooling `x`.
 * @throws UnrollError `shape` where no window fits, or where one has nothing but padding under its taps.
 */
export function poolGeometry(op: string, x: TensorType, { window, ceilMode }: PoolAttributes): Geometry {
  checkImages(op, "x", x);
  checkWindow(op, window);
  check(typeof ceilMode === "boolean", "argument", () => `${op}: ceilMode must be true or false, not ${String(ceilMode)}`);
  const [n, h, w, c] = x.shape;
  const plane: Pair = [h, w];
  const counts = windowCounts(op, plane, window, ceilMode);
  for (const axis of [0, 1] as const)
    for (let o = 0; o < counts[axis]; o++) {
      const [first, end] = tapsInside(window, axis, o, plane[axis]);
      check(
        first < end,
        "shape",
        () =>
          `${op}: x is ${formatType(x)} with padding ${JSON.stringify(window.padding)}: window ${o} of ${counts[axis]} along ${axis === 0 ? "H" : "W"} (${window.size[axis]} taps, ${window.dilation[axis]} apart) sees only padding`,
      );
    }
  return { n, c, plane, counts, window };
}

/** Whether all taps of all windows lie inside the plane. */
export function allInside({ plane, counts, window }: Geometry): boolean {
  return ([0, 1] as const).every((axis) => {
    const last = (counts[axis] - 1) * window.stride[axis] - window.padding[axis][0] + (window.size[axis] - 1) * window.dilation[axis];
    return window.padding[axis][0] === 0 && last < plane[axis];
  });
}

/** Calls `visit` with each window's index among its plane's and the plane's index of each of its taps that lies inside. */
export function eachTap(
  { plane: [h, w], counts: [oh, ow], window }: Geometry,
  visit: (o: number, i: number, position: number) => void,
): void {
  for (let oy = 0; oy < oh; oy++) {
    const [top, bottom] = tapsInside(window, 0, oy, h);
    for (let ox = 0; ox < ow; ox++) {
      const [left, right] = tapsInside(window, 1, ox, w);
      for (let ky = top; ky < bottom; ky++)
        for (let kx = left; kx < right; kx++) {
          const y = oy * window.stride[0] - window.padding[0][0] + ky * window.dilation[0];
          const x = ox * window.stride[1] - window.padding[1][0] + kx * window.dilation[1];
          visit(oy * ow + ox, y * w + x, ky * window.size[1] + kx);
        }
    }
  }
}

/**
 * How the winners of max pooling are stored: as the position ky·KW + kx within the window, four channels to a word where that fits,
 * so that the gradient reads a quarter of the bytes; else a word for each.
 */
export type WinnerForm = "bytes" | "words" | "indices";

export const winnerForm = (c: number, { size }: Window): "bytes" | "words" => (c % 4 === 0 && size[0] * size[1] <= 256 ? "bytes" : "words");

/** u32[N, OH, OW, C / 4] or u32[N, OH, OW, C]. */
export const winnersType = ({ n, c, counts, window }: Geometry): TensorType => ({
  dtype: "u32",
  shape: [n, ...counts, winnerForm(c, window) === "bytes" ? c / 4 : c],
});

/** The position that winner `i` of [N, OH, OW, C] names. */
export function winnerAt(winners: Float64Array, form: WinnerForm, i: number): number {
  if (form !== "bytes") return winners[i];
  return Math.floor(winners[i >> 2] / 2 ** (8 * (i & 3))) % 256;
}
