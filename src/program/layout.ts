import type { DType, HostArray } from "../graph/types.ts";

/** Packs items one after another into as few buffers as the order allows, none larger than `limit`. */
export function packed<T>(
  items: readonly T[],
  bytesOf: (item: T) => number,
  limit: number,
): { readonly item: T; readonly index: number; readonly at: number }[][] {
  const groups: { item: T; index: number; at: number }[][] = [];
  let end = 0;
  items.forEach((item, index) => {
    const bytes = bytesOf(item);
    if (groups.length === 0 || end + bytes > limit) {
      groups.push([]);
      end = 0;
    }
    groups[groups.length - 1].push({ item, index, at: end });
    end += bytes;
  });
  return groups;
}

/** The elements of a part of a buffer. */
export function view(dtype: DType, buffer: ArrayBuffer, offset: number, length: number): HostArray {
  switch (dtype) {
    case "f32":
      return new Float32Array(buffer, offset, length);
    case "i32":
      return new Int32Array(buffer, offset, length);
    case "u32":
      return new Uint32Array(buffer, offset, length);
    case "f16":
      return new Uint16Array(buffer, offset, length);
  }
}
