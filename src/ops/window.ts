import { check } from "../errors.ts";

/** A value for the vertical and one for the horizontal direction. */
export type Pair = readonly [number, number];

/** A window that moves over a plane of [H, W], all of it resolved to numbers: what convolution and pooling have in common. */
export interface Window {
  /** Height and width in taps. */
  readonly size: Pair;
  readonly stride: Pair;
  /** Distance between neighbouring taps. */
  readonly dilation: Pair;
  /** Added around the plane: [[top, bottom], [left, right]]. */
  readonly padding: readonly [Pair, Pair];
}

/**
 * What is added around a plane: nothing ("valid"); as much as makes the output ceil(input / stride) large, an odd one at the end
 * ("same", SAME_UPPER of ONNX, SAME of TensorFlow) or at the start ("same-lower"); the same on all sides; [vertical, horizontal]; or
 * [[top, bottom], [left, right]].
 */
export type Padding = "valid" | "same" | "same-lower" | number | Pair | readonly [Pair, Pair];

export interface WindowOptions {
  /** Steps between windows: one number or [vertical, horizontal]. Default 1 (pooling: the size of the window). */
  readonly stride?: number | Pair;
  /** Steps between the taps of a window. Default 1. */
  readonly dilation?: number | Pair;
  /** Default "valid". */
  readonly padding?: Padding;
}

/** The same in one direction. */
export interface WindowOptions1d {
  readonly stride?: number;
  readonly dilation?: number;
  /** A number for both ends, or [start, end]. */
  readonly padding?: "valid" | "same" | "same-lower" | number | Pair;
}

const whole = (value: unknown, least: number): boolean =>
  Number.isInteger(value) && (value as number) >= least && (value as number) < 2 ** 31;

/** `value` or [`value`, `value`], of whole numbers of at least `least`. */
export function resolvePair(op: string, argument: string, value: number | Pair, least: number): Pair {
  const pair = Array.isArray(value) ? value : [value, value];
  check(
    pair.length === 2 && pair.every((n) => whole(n, least)),
    "argument",
    () =>
      `${op}: ${argument} is ${asWritten(value)}, expected a whole number of at least ${least} or [vertical, horizontal] of such numbers`,
  );
  return [pair[0], pair[1]];
}

const asWritten = (value: unknown): string => JSON.stringify(value) ?? String(value);

/** The distance from a window's first tap to behind its last. */
export const windowExtent = ({ size, dilation }: Pick<Window, "size" | "dilation">, axis: 0 | 1): number =>
  (size[axis] - 1) * dilation[axis] + 1;

/** Cuts `total` in two; the odd one goes to the end, or with `lower` to the start. */
export const splitPadding = (total: number, lower: boolean): Pair => {
  const less = Math.floor(total / 2);
  return lower ? [total - less, less] : [less, total - less];
};

function resolvePadding(op: string, plane: Pair, window: Omit<Window, "padding">, padding: Padding): readonly [Pair, Pair] {
  if (padding === "same" || padding === "same-lower") {
    const along = (axis: 0 | 1): Pair => {
      const steps = Math.max(Math.ceil(plane[axis] / window.stride[axis]) - 1, 0);
      return splitPadding(Math.max(steps * window.stride[axis] + windowExtent(window, axis) - plane[axis], 0), padding === "same-lower");
    };
    return [along(0), along(1)];
  }
  return explicitPadding(op, padding);
}

/** All of {@link Padding} but "same" and "same-lower". */
export function explicitPadding(op: string, padding: Exclude<Padding, "same" | "same-lower">): readonly [Pair, Pair] {
  if (padding === "valid")
    return [
      [0, 0],
      [0, 0],
    ];
  const sides = Array.isArray(padding) ? ([...padding] as readonly (number | Pair)[]) : [padding, padding];
  const all = sides.length === 2 ? sides.map((side) => (Array.isArray(side) ? side : [side, side])) : [];
  const nested = sides.every((side) => Array.isArray(side)) || sides.every((side) => !Array.isArray(side));
  check(
    all.length === 2 && nested && all.every((side) => side.length === 2 && side.every((n) => whole(n, 0))),
    "argument",
    () =>
      `${op}: padding is ${asWritten(padding)}, expected "valid", "same", "same-lower", a whole number of at least 0, [vertical, horizontal] or [[top, bottom], [left, right]]`,
  );
  const [[top, bottom], [left, right]] = all as readonly (readonly number[])[];
  return [
    [top, bottom],
    [left, right],
  ];
}

/**
 * The window of `size` taps over a `plane` of [H, W].
 * @throws UnrollError `argument` when an option is none.
 */
export function resolveWindow(op: string, plane: Pair, size: number | Pair, options: WindowOptions = {}): Window {
  const { stride = 1, dilation = 1, padding = "valid" } = options;
  const window = {
    size: resolvePair(op, "size", size, 1),
    stride: resolvePair(op, "stride", stride, 1),
    dilation: resolvePair(op, "dilation", dilation, 1),
  };
  return { ...window, padding: resolvePadding(op, plane, window, padding) };
}

/** What a window leaves of a plane and its padding. */
const roomOf = (plane: Pair, window: Window, axis: 0 | 1): number =>
  plane[axis] + window.padding[axis][0] + window.padding[axis][1] - windowExtent(window, axis);

/** Whether a window lies within a plane and its padding. */
export const windowFits = (plane: Pair, window: Window): boolean => roomOf(plane, window, 0) >= 0 && roomOf(plane, window, 1) >= 0;

/**
 * How many windows fit, [OH, OW]: floor((input + padding − extent) / stride) + 1. With `ceilMode` the last may reach beyond the
 * padding, if it begins inside the input or the padding before it (as in PyTorch and ONNX).
 * @throws UnrollError `shape` when none fits.
 */
export function windowCounts(op: string, plane: Pair, window: Window, ceilMode = false): [number, number] {
  return [0, 1].map((axis) => {
    const [start] = window.padding[axis];
    const room = roomOf(plane, window, axis as 0 | 1);
    const stride = window.stride[axis];
    // With ceilMode one window may reach beyond a plane that is smaller than it.
    check(
      room >= 0 || (ceilMode && room > -stride),
      "shape",
      () =>
        `${op}: a window of ${window.size.join("×")}${window.dilation.some((d) => d > 1) ? `, dilated by ${window.dilation.join("×")},` : ""} does not fit into a plane of ${plane.join("×")} with padding ${JSON.stringify(window.padding)}`,
    );
    const count = (ceilMode ? Math.ceil(room / stride) : Math.floor(room / stride)) + 1;
    return ceilMode && (count - 1) * stride >= plane[axis] + start ? count - 1 : count;
  }) as [number, number];
}

/**
 * Options along one axis as those of a plane of one row.
 * @throws UnrollError `argument` when an option is none.
 */
export function rowOptions(op: string, { stride, dilation, padding }: WindowOptions1d): WindowOptions {
  const number = (argument: string, value: number | undefined): Pair | undefined => {
    if (value === undefined) return undefined;
    check(whole(value, 1), "argument", () => `${op}: ${argument} is ${asWritten(value)}, expected a whole number of at least 1`);
    return [1, value];
  };
  const ends = (): Padding | undefined => {
    if (padding === undefined || typeof padding === "string") return padding;
    const pair = Array.isArray(padding) ? padding : [padding, padding];
    check(
      pair.length === 2 && pair.every((n) => whole(n, 0)),
      "argument",
      () => `${op}: padding is ${asWritten(padding)}, expected "valid", "same", "same-lower", a whole number of at least 0 or [start, end]`,
    );
    return [
      [0, 0],
      [pair[0], pair[1]],
    ];
  };
  return { stride: number("stride", stride), dilation: number("dilation", dilation), padding: ends() };
}

/** Throws where `window`, the attribute of an op, is not one that {@link resolveWindow} gives. */
export function checkWindow(op: string, window: Window): void {
  const { size, stride, dilation, padding } = window;
  resolvePair(op, "size", size, 1);
  resolvePair(op, "stride", stride, 1);
  resolvePair(op, "dilation", dilation, 1);
  explicitPadding(op, padding);
}
