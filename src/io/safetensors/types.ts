import { arrayName } from "../../graph/host-array.ts";
import type { HostArrays, Shape } from "../../graph/types.ts";

/** Arrays by the element types of the format. What JavaScript has no type for travels as its bits. */
export interface FileArrays extends HostArrays {
  f64: Float64Array;
  /** 16 bits each: the upper half of an f32. */
  bf16: Uint16Array;
  /** 8 bits each. */
  f8_e4m3: Uint8Array;
  f8_e5m2: Uint8Array;
  f8_e8m0: Uint8Array;
  f8_e4m3fnuz: Uint8Array;
  f8_e5m2fnuz: Uint8Array;
  /** Packed, with no bits between them: ⌈bits · size / 8⌉ bytes. */
  f6_e2m3: Uint8Array;
  f6_e3m2: Uint8Array;
  f4: Uint8Array;
  /** Real and imaginary part, one after the other: twice as many numbers as the shape says. */
  c64: Float32Array;
  i64: BigInt64Array;
  i16: Int16Array;
  i8: Int8Array;
  u64: BigUint64Array;
  u16: Uint16Array;
  u8: Uint8Array;
  /** 0 or 1. */
  bool: Uint8Array;
}

/** The element types of the format, as the file spells them in capitals. */
export type FileDType = keyof FileArrays;

/** An array of a file, row-major. */
export type FileArray = {
  readonly [D in FileDType]: { readonly dtype: D; readonly shape: Shape; readonly data: FileArrays[D] };
}[FileDType];

/** Bits of an element, and the typed array that holds such elements. */
export const FILE_TYPES: Readonly<Record<FileDType, readonly [bits: number, array: string]>> = {
  f64: [64, "Float64Array"],
  f32: [32, "Float32Array"],
  f16: [16, "Uint16Array"],
  bf16: [16, "Uint16Array"],
  f8_e4m3: [8, "Uint8Array"],
  f8_e5m2: [8, "Uint8Array"],
  f8_e8m0: [8, "Uint8Array"],
  f8_e4m3fnuz: [8, "Uint8Array"],
  f8_e5m2fnuz: [8, "Uint8Array"],
  f6_e2m3: [6, "Uint8Array"],
  f6_e3m2: [6, "Uint8Array"],
  f4: [4, "Uint8Array"],
  c64: [64, "Float32Array"],
  i64: [64, "BigInt64Array"],
  i32: [32, "Int32Array"],
  i16: [16, "Int16Array"],
  i8: [8, "Int8Array"],
  u64: [64, "BigUint64Array"],
  u32: [32, "Uint32Array"],
  u16: [16, "Uint16Array"],
  u8: [8, "Uint8Array"],
  bool: [8, "Uint8Array"],
};

/** What an array of a type takes in a file; no whole number where its bits do not fill the last byte. */
export const fileBytes = (dtype: FileDType, size: number): number => (FILE_TYPES[dtype][0] * size) / 8;

export const METADATA = "__metadata__";
/** The format's own limit, so that a wrong length is not taken for a header of gigabytes. */
export const MAX_HEADER = 100_000_000;
/** Whether the engine computes with it. */
export const isEngineType = (dtype: FileDType): dtype is keyof HostArrays => arrayName(dtype as keyof HostArrays) !== undefined;

/** A shape as messages name it: no longer than a line. */
export const shortShape = (shape: Shape): string => (shape.length > 8 ? `[${shape.slice(0, 8).join(", ")}, …]` : `[${shape.join(", ")}]`);

/** Like `object[name] = value`, but no name (such as `__proto__`) is special. */
export function define<T>(object: Record<string, T>, name: string, value: T): void {
  Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
}
