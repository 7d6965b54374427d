import { check } from "../../errors.ts";
import type { IndexRange } from "../../graph/op.ts";
import { formatType, type TensorType } from "../../graph/types.ts";

/** A table as [outer, rows, inner], of which `positions` indices pick rows. */
export interface GatherLayout {
  readonly outer: number;
  readonly rows: number;
  readonly inner: number;
  readonly positions: number;
}

/** The NaN that kernels write where an index is out of range. */
export const NAN_BITS = 0x7fc00000;

/** The row that an index means: negative ones count from the end. undefined where it is out of range. As in shaders/lib/row-index. */
export function rowOf(index: number, rows: number): number | undefined {
  const row = index < 0 ? index + rows : index;
  return row >= 0 && row < rows ? row : undefined;
}

/** What may be said of `rows`, of which negative i32 indices count from the end. */
export const rowRange = ({ dtype }: TensorType, rows: number, of: string, from?: number): IndexRange => ({
  low: dtype === "i32" ? -rows : 0,
  high: rows - 1,
  of: `${rows} ${of}`,
  ...(from === undefined ? {} : { from }),
});

export function checkIndices(op: string, indices: TensorType | undefined): TensorType {
  check(indices && Array.isArray(indices.shape), "argument", () => `${op}: indices must be a tensor, not ${String(indices)}`);
  check(indices.dtype === "i32" || indices.dtype === "u32", "dtype", () => `${op}: indices is ${formatType(indices)}; expected i32 or u32`);
  return indices;
}
