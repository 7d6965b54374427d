import { check } from "../../errors.ts";
import { formatType, type TensorType } from "../../graph/types.ts";

/** A table as [outer, rows, inner], of which `positions` indices pick rows. */
export interface GatherLayout {
  readonly outer: number;
  readonly rows: number;
  readonly inner: number;
  readonly positions: number;
}

/** The row that an index means: negative ones count from the end, what is still out of range is clamped. As in shaders/lib/row-index. */
export const rowOf = (index: number, rows: number): number => Math.max(0, Math.min(rows - 1, index < 0 ? index + rows : index));

export function checkIndices(op: string, indices: TensorType | undefined): TensorType {
  check(indices && Array.isArray(indices.shape), "argument", () => `${op}: indices must be a tensor, not ${String(indices)}`);
  check(indices.dtype === "i32" || indices.dtype === "u32", "dtype", () => `${op}: indices is ${formatType(indices)}; expected i32 or u32`);
  return indices;
}
