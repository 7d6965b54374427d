import { check, checkOptions, describe, quote } from "../../errors.ts";
import { checkMemory } from "../../graph/host-array.ts";
import { type NamedArray, sizeOf } from "../../graph/types.ts";
import { isBufferOfBytes, isDetached, tagOf, typedArrayName } from "../../host.ts";
import { converted } from "./convert.ts";
import { type HeaderEntry, readHeader } from "./header.ts";
import { define, FILE_TYPES, type FileArray, type FileArrays, type FileDType, fileBytes, shortShape } from "./types.ts";

export interface Safetensors<A = FileArray> {
  /** In the order of the file's header. */
  readonly arrays: Readonly<Record<string, A>>;
  /** The strings of `__metadata__`. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** Names of arrays: one, where `*` stands for anything, a pattern, or a function. */
export type NameFilter = string | RegExp | ((name: string) => boolean);

export interface DecodeSafetensorsOptions {
  /** Arrays that are left out: `["*.num_batches_tracked"]`. They may be of any type. */
  readonly skip?: NameFilter | readonly NameFilter[];
  /**
   * Converts to the types of the engine, as `load` takes them: F64, BF16 and all F8 to f32, signed integers to i32, others and BOOL to u32;
   * F16 stays f16, or with `"f32"` becomes f32. Default false: arrays come as they are in the file.
   */
  readonly convert?: boolean | "f32";
  /** What becomes of a value beyond the range of the type that it is converted to. Default `"error"`; `"clamp"` takes the nearest. */
  readonly outOfRange?: "error" | "clamp";
}

/**
 * Reads a safetensors file, with all types of the format. The arrays are copies.
 * @throws UnrollError `format` when the bytes are not a whole safetensors file; `dtype` when an array cannot be converted.
 */
export function decodeSafetensors(
  file: Uint8Array | ArrayBuffer,
  options: DecodeSafetensorsOptions & { readonly convert: true | "f32" },
): Safetensors<NamedArray>;
export function decodeSafetensors(
  file: Uint8Array | ArrayBuffer,
  options?: DecodeSafetensorsOptions & { readonly convert?: false },
): Safetensors;
export function decodeSafetensors(
  file: Uint8Array | ArrayBuffer,
  options?: DecodeSafetensorsOptions,
): Safetensors<NamedArray> | Safetensors;
export function decodeSafetensors(
  file: Uint8Array | ArrayBuffer,
  options: DecodeSafetensorsOptions = {},
): Safetensors<NamedArray | FileArray> {
  checkOptions("decodeSafetensors", options, ["skip", "convert", "outOfRange"]);
  const { skip = [], convert = false, outOfRange = "error" } = options;
  check(
    typeof convert === "boolean" || convert === "f32",
    "argument",
    () => `decodeSafetensors: convert must be true, false or "f32", not ${describe(convert)}`,
  );
  check(
    outOfRange === "error" || outOfRange === "clamp",
    "argument",
    () => `decodeSafetensors: outOfRange must be "error" or "clamp", not ${describe(outOfRange)}`,
  );
  const skipped = (Array.isArray(skip) ? skip : [skip]).map(filterOf);
  const { entries, metadata, data } = readHeader(bytesOf(file));
  const arrays: Record<string, NamedArray | FileArray> = {};
  for (const entry of entries) {
    if (skipped.some((matches) => matches(entry.name))) continue;
    const array = arrayOf(entry, data);
    define(arrays, entry.name, convert ? converted(entry.name, array, convert === "f32" ? "f32" : "f16", outOfRange === "clamp") : array);
  }
  return { arrays, metadata };
}

function bytesOf(file: unknown): Uint8Array {
  if (typedArrayName(file) === "Uint8Array") {
    const { buffer, byteOffset, byteLength } = file as Uint8Array;
    checkMemory("decodeSafetensors: the file", file as Uint8Array);
    // not a subclass, whose slice may be no copy
    return new Uint8Array(buffer, byteOffset, byteLength);
  }
  check(isBufferOfBytes(file), "argument", () => `decodeSafetensors: give a Uint8Array or an ArrayBuffer, not ${describe(file)}`);
  check(!isDetached(file), "argument", "decodeSafetensors: the file has no memory any more: its buffer was transferred; give a copy");
  return new Uint8Array(file);
}

function filterOf(filter: unknown): (name: string) => boolean {
  if (typeof filter === "function") return (name) => Boolean(filter(name));
  if (tagOf(filter) === "RegExp") return (name) => name.search(filter as RegExp) >= 0;
  check(
    typeof filter === "string",
    "argument",
    () => `decodeSafetensors: skip takes names, patterns and functions of a name, not ${describe(filter)}`,
  );
  const pattern = new RegExp(`^${filter.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&").replaceAll("\\*", "[^]*")}$`);
  return (name) => pattern.test(name);
}

function arrayOf({ name, dtype: word, shape, begin, end }: HeaderEntry, data: Uint8Array): FileArray {
  const said = `decodeSafetensors: ${quote(name)}`;
  const dtype = word.toLowerCase();
  check(
    word === word.toUpperCase() && Object.hasOwn(FILE_TYPES, dtype),
    "format",
    () => `${said} is of the type ${quote(word)}, which the format has not; skip it, to read the others`,
  );
  const size = sizeOf(shape);
  const bytes = fileBytes(dtype as FileDType, size);
  check(
    Number.isSafeInteger(size) && end - begin === bytes,
    "format",
    () => `${said} is ${word}${shortShape(shape)}, ${bytes} bytes, but its offsets span ${end - begin}`,
  );
  // Offsets need not be aligned for typed arrays: copy.
  const { buffer } = data.slice(begin, end);
  return { dtype, shape, data: view(dtype as FileDType, buffer) } as FileArray;
}

function view(dtype: FileDType, buffer: ArrayBuffer): FileArrays[FileDType] {
  switch (FILE_TYPES[dtype][1]) {
    case "Float64Array":
      return new Float64Array(buffer);
    case "Float32Array":
      return new Float32Array(buffer);
    case "BigInt64Array":
      return new BigInt64Array(buffer);
    case "BigUint64Array":
      return new BigUint64Array(buffer);
    case "Int32Array":
      return new Int32Array(buffer);
    case "Uint32Array":
      return new Uint32Array(buffer);
    case "Int16Array":
      return new Int16Array(buffer);
    case "Uint16Array":
      return new Uint16Array(buffer);
    case "Int8Array":
      return new Int8Array(buffer);
    default:
      return new Uint8Array(buffer);
  }
}
