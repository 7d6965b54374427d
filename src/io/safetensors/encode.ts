import { article, check, describe, quote } from "../../errors.ts";
import { checkMemory } from "../../graph/host-array.ts";
import { type NamedArray, sizeOf } from "../../graph/types.ts";
import { typedArrayName } from "../../host.ts";
import { define, FILE_TYPES, type FileArray, type FileDType, fileBytes, MAX_HEADER, METADATA, shortShape } from "./types.ts";

/**
 * Writes named arrays as a safetensors file (github.com/huggingface/safetensors): 8 bytes header length, little-endian; a JSON header
 * `{name: {dtype, shape, data_offsets}}` padded with spaces to 8 bytes; the data, one array after another.
 * @throws UnrollError `name` when an array is called `__metadata__`, `dtype` when its data are no array of its type, `size` when its length
 *   is not that of its shape, `limit` when the names take more than the format allows.
 */
export function encodeSafetensors(
  arrays: Readonly<Record<string, NamedArray | FileArray>>,
  metadata?: Readonly<Record<string, string>>,
): Uint8Array {
  const header: Record<string, unknown> = metadata && Object.keys(metadata).length > 0 ? { [METADATA]: metadata } : {};
  let end = 0;
  check(
    typeof arrays === "object" && arrays !== null && !Array.isArray(arrays) && !ArrayBuffer.isView(arrays),
    "argument",
    () => `encodeSafetensors: give an object of named arrays, not ${describe(arrays)}`,
  );
  check(
    metadata === undefined ||
      (typeof metadata === "object" && metadata !== null && Object.values(metadata).every((value) => typeof value === "string")),
    "argument",
    () => `encodeSafetensors: the metadata must be strings by name, not ${describe(metadata)}`,
  );
  for (const [name, array] of Object.entries(arrays)) {
    const said = `encodeSafetensors: ${quote(name)}`;
    check(
      ArrayBuffer.isView(array?.data) && Array.isArray(array.shape) && array.shape.every((n) => Number.isSafeInteger(n) && n >= 0),
      "argument",
      () => `${said} must have dtype, shape and data, a typed array`,
    );
    const { dtype, shape, data } = array;
    check(name !== METADATA, "name", `encodeSafetensors: an array cannot be called "${METADATA}"`);
    check(typeof dtype === "string" && Object.hasOwn(FILE_TYPES, dtype), "dtype", () => `${said} has dtype ${describe(dtype)}`);
    const [, expected] = FILE_TYPES[dtype as FileDType];
    check(
      typedArrayName(data) === expected,
      "dtype",
      () => `${said} is ${dtype}: give ${article(String(expected))}, not ${describe(data)}`,
    );
    checkMemory(said, data);
    const bytes = fileBytes(dtype, sizeOf(shape));
    check(
      data.byteLength === bytes,
      "size",
      () => `${said} is ${dtype}${shortShape(shape)}, ${bytes} bytes, but its data has ${data.byteLength}`,
    );
    define(header, name, { dtype: dtype.toUpperCase(), shape, data_offsets: [end, end + bytes] });
    end += bytes;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const start = 8 + Math.ceil(json.length / 8) * 8;
  check(
    start - 8 <= MAX_HEADER,
    "limit",
    () => `encodeSafetensors: names and shapes take ${json.length} bytes; the format allows ${MAX_HEADER}`,
  );
  const file = new Uint8Array(start + end).fill(0x20, 8 + json.length, start);
  new DataView(file.buffer).setBigUint64(0, BigInt(start - 8), true);
  file.set(json, 8);
  let offset = start;
  for (const { data } of Object.values(arrays)) {
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), offset);
    offset += data.byteLength;
  }
  return file;
}
