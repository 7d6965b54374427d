import { check } from "../../errors.ts";

/** How places of an output lie on the input, as ONNX's Resize defines it. */
export type Coordinates = "half_pixel" | "align_corners" | "asymmetric";
/** What "nearest" does with a place between two elements, as ONNX's Resize defines it. */
export type Rounding = "round_prefer_floor" | "round_prefer_ceil" | "floor" | "ceil";
export type ResizeMode = "nearest" | "bilinear";

export interface ResizeAttributes {
  /** [OH, OW]. */
  readonly size: readonly [number, number];
  readonly mode: ResizeMode;
  readonly coordinates: Coordinates;
  readonly rounding: Rounding;
}

/** One axis: output o lies at (rise · o + shift) / divisor; see shaders/lib/resize. */
export interface Line {
  readonly size: number;
  readonly results: number;
  readonly rise: number;
  readonly shift: number;
  readonly divisor: number;
  readonly rounding: number;
}

/** The line of an axis of `size` elements that becomes `results`. @throws UnrollError `limit` where its integers do not fit 32 bits. */
export function lineOf(op: string, size: number, results: number, { coordinates, rounding }: Omit<ResizeAttributes, "size">): Line {
  check(
    (size + 1) * (results + 1) < 2 ** 29,
    "limit",
    () => `${op}: an axis of ${size} cannot become one of ${results}: their product must be below 2^29`,
  );
  const [rise, shift, divisor] = {
    half_pixel: [2 * size, size - results, 2 * results],
    align_corners: [size - 1, 0, Math.max(1, results - 1)],
    asymmetric: [size, 0, results],
  }[coordinates];
  const added = { floor: 0, ceil: 2 * divisor - 2, round_prefer_floor: divisor - 1, round_prefer_ceil: divisor }[rounding];
  return { size, results, rise, shift, divisor, rounding: added };
}

/** The element that output `o` copies. */
export function nearestIndex(o: number, { size, rise, shift, divisor, rounding }: Line): number {
  return Math.max(0, Math.min(size - 1, Math.floor((2 * (rise * o + shift) + rounding) / (2 * divisor))));
}

/** Elements and weights that output `o` is a sum of. */
export function tapsOf(o: number, line: Line, mode: ResizeMode): readonly (readonly [index: number, weight: number])[] {
  if (mode === "nearest") return [[nearestIndex(o, line), 1]];
  const { size, rise, shift, divisor } = line;
  const place = Math.max(0, Math.min(size - 1, (rise * o + shift) / divisor));
  const index = Math.floor(place);
  const fraction = place - index;
  return [
    [index, 1 - fraction],
    [Math.min(index + 1, size - 1), fraction],
  ];
}
