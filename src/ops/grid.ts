import { check, describe } from "../errors.ts";
import type { Workgroups } from "../graph/kernel.ts";

const MAX_PER_DIMENSION = 65535;

/** At least `count` workgroups as a grid folded in x and y; `linear_workgroup` in shaders/lib/grid.wgsl.ts unfolds it. */
export function foldGrid(count: number): Workgroups {
  check(
    typeof count === "number" && count >= 0,
    "argument",
    () => `foldGrid: the count must be a number of at least 0, not ${describe(count)}`,
  );
  const rows = Math.max(1, Math.ceil(count / MAX_PER_DIMENSION));
  check(rows <= MAX_PER_DIMENSION, "limit", () => `foldGrid: ${count} workgroups are more than a dispatch can have`);
  return [Math.max(1, Math.ceil(count / rows)), rows, 1];
}
