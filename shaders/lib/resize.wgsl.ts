/**
 * Where output o of a resized axis reads: at the exact fraction (rise · o + shift) / divisor of the input's axis, clamped to it. All in
 * integers, so that a tie falls alike on every device.
 *
 * `nearest_index(o, line)`: the input element. `linear_tap(o, line)`: the lower of two neighbours and how far the place is from it.
 */
export const resizeLibrary = `
struct Line {
  /** Elements of input and output. */
  size: u32,
  results: u32,
  rise: i32,
  shift: i32,
  divisor: i32,
  /** Added to twice the numerator before it is divided by twice the divisor and rounded down. */
  rounding: i32,
}
struct Tap {
  index: u32,
  fraction: f32,
}
fn nearest_index(o: u32, line: Line) -> u32 {
  let place = max(2 * (line.rise * i32(o) + line.shift) + line.rounding, 0);
  return min(u32(place / (2 * line.divisor)), line.size - 1u);
}
fn linear_tap(o: u32, line: Line) -> Tap {
  let place = clamp(line.rise * i32(o) + line.shift, 0, i32(line.size - 1u) * line.divisor);
  return Tap(u32(place / line.divisor), f32(place % line.divisor) / f32(line.divisor));
}
`;

/** Fields of a `Line`, in order, as params `NAME_size`, …. */
export const lineFields = ["size", "results", "rise", "shift", "divisor", "rounding"] as const;

/** Params of one line. */
export const lineParams = (name: string): Record<string, "u32" | "i32"> =>
  Object.fromEntries(lineFields.map((field) => [`${name}_${field}`, field === "size" || field === "results" ? "u32" : "i32"]));

/** A WGSL expression for the line of these params. */
export const lineOf = (name: string): string => `Line(${lineFields.map((field) => `params.${name}_${field}`).join(", ")})`;
