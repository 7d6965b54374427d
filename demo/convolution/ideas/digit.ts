import type { Plane } from "../../shared/pixel-grid.ts";
import { channelOf, digit, rasterize } from "./pictures.ts";

/** Where a digit stands: pixels from the middle, degrees clockwise. */
export interface Pose {
  readonly right: number;
  readonly down: number;
  readonly degrees: number;
}

export const REST: Pose = { right: 0, down: 0, degrees: 0 };

/** Pixels in a row and in a column of the plane that a digit is drawn into. */
export const DIGIT_SIZE = 24;

/** A digit as a plane of brightness from 0 to 1. */
export function digitPlane(value: number, { right, down, degrees }: Pose = REST): Plane {
  const unit = 16 / DIGIT_SIZE;
  const pixels = rasterize(digit(value, { right: right * unit, down: down * unit, degrees }), DIGIT_SIZE);
  return { rows: DIGIT_SIZE, columns: DIGIT_SIZE, values: channelOf(pixels, 0).map((brightness) => brightness / 255) };
}
