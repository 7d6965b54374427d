import { check } from "../../errors.ts";
import { rgb } from "./options.ts";

/** Colours for values from low to high: stops at equal distances, [red, green, blue] from 0 to 1, linear between neighbours. */
export type ColorMap = readonly (readonly [number, number, number])[];

/** From black to white. */
export const greyColors: ColorMap = [
  [0, 0, 0],
  [1, 1, 1],
];

/** From dark violet by green to yellow, evenly brighter: nine colours of matplotlib's map of this name (S. van der Walt, N. Smith; CC0). */
export const viridis: ColorMap = [
  [0.267, 0.005, 0.329],
  [0.279, 0.175, 0.483],
  [0.23, 0.322, 0.546],
  [0.173, 0.449, 0.558],
  [0.128, 0.567, 0.551],
  [0.158, 0.684, 0.502],
  [0.369, 0.789, 0.383],
  [0.678, 0.864, 0.19],
  [0.993, 0.906, 0.144],
];

/** Blue for what is negative, red for what is positive, nearly white between: for a range with 0 in the middle. ColorBrewer's RdBu. */
export const diverging: ColorMap = [
  [0.02, 0.188, 0.38],
  [0.263, 0.576, 0.765],
  [0.969, 0.969, 0.969],
  [0.839, 0.376, 0.302],
  [0.404, 0, 0.122],
];

const MAX_STOPS = 1024;

export function checkColors(name: string, colors: ColorMap): ColorMap {
  check(
    Array.isArray(colors) && colors.length >= 2 && colors.length <= MAX_STOPS,
    "argument",
    () => `${name}: colors must be a list of 2 to ${MAX_STOPS} colours [red, green, blue], such as viridis`,
  );
  for (const [i, color] of colors.entries()) {
    check(Array.isArray(color), "argument", () => `${name}: colors[${i}] must be [red, green, blue], each from 0 to 1`);
    rgb(name, `colors[${i}]`, color);
  }
  return colors;
}
