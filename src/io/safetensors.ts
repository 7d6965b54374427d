import { check, describe } from "../errors.ts";
import type { DType, HostArray, NamedArray } from "../graph/types.ts";
import { bytesPerElement, formatShape, sizeOf } from "../graph/types.ts";

export interface Safetensors {
  /** In the order of the file's header. */
  readonly arrays: Readonly<Record<string, NamedArray>>;
  /** The strings of `__metadata__`. */
  readonly metadata: Readonly<Record<string, string>>;
}

const METADATA = "__metadata__";
const FILE_DTYPES: Readonly<Record<DType, string>> = { f32: "F32", i32: "I32", u32: "U32", f16: "F16" };
/** The format's own limit, so that a wrong length is not taken for a header of gigabytes. */
const MAX_HEADER = 100_000_000;

/**
 * Writes named arrays as a safetensors file (github.com/huggingface/safetensors): 8 bytes header length, little-endian; a JSON header
 * `{name: {dtype, shape, data_offsets}}` padded with spaces to 8 bytes; the data, one array after another.
 * @throws UnrollError `name` when an array is called `__metadata__`, `size` when its length is not that of its shape.
 */
export function encodeSafetensors(arrays: Readonly<Record<string, NamedArray>>, metadata?: Readonly<Record<string, string>>): Uint8Array {
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
    check(
      ArrayBuffer.isView(array?.data) && Array.isArray(array.shape) && array.shape.every((n) => Number.isSafeInteger(n) && n >= 0),
      "argument",
      () => `encodeSafetensors: "${name}" must have dtype, shape and data, a typed array`,
    );
    const { dtype, shape, data } = array;
    check(name !== METADATA, "name", `encodeSafetensors: an array cannot be called "${METADATA}"`);
    check(
      typeof dtype === "string" && Object.hasOwn(FILE_DTYPES, dtype),
      "dtype",
      () => `encodeSafetensors: "${name}" has dtype "${dtype}"`,
    );
    const bytes = sizeOf(shape) * bytesPerElement(dtype);
    check(
      data.byteLength === bytes,
      "size",
      () => `encodeSafetensors: "${name}" is ${dtype}${formatShape(shape)}, ${bytes} bytes, but its data has ${data.byteLength}`,
    );
    header[name] = { dtype: FILE_DTYPES[dtype], shape, data_offsets: [end, end + bytes] };
    end += bytes;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const start = 8 + Math.ceil(json.length / 8) * 8;
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

/**
 * Reads a safetensors file. The arrays are copies.
 * @throws UnrollError `format` when the bytes are not a whole safetensors file, `dtype` when an array is not F32, I32, U32 or F16.
 */
export function decodeSafetensors(file: Uint8Array | ArrayBuffer): Safetensors {
  check(
    file instanceof Uint8Array || file instanceof ArrayBuffer,
    "argument",
    () => `decodeSafetensors: give a Uint8Array or an ArrayBuffer, not ${describe(file)}`,
  );
  const bytes = file instanceof Uint8Array ? file : new Uint8Array(file);
  check(bytes.length >= 8, "format", () => `decodeSafetensors: ${bytes.length} bytes are too few for a safetensors file`);
  const headerLength = Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true));
  check(
    headerLength <= Math.min(bytes.length - 8, MAX_HEADER),
    "format",
    () =>
      `decodeSafetensors: the header should have ${headerLength} bytes, the file has ${bytes.length}: not a safetensors file, or cut short`,
  );
  const data = bytes.subarray(8 + headerLength);
  const header = parseHeader(bytes.subarray(8, 8 + headerLength));
  const arrays: Record<string, NamedArray> = {};
  const spans: (readonly [number, number])[] = [];
  for (const [name, entry] of Object.entries(header)) {
    if (name === METADATA) continue;
    const { dtype, shape, begin, end } = parseEntry(name, entry);
    check(end <= data.length, "format", () => `decodeSafetensors: "${name}" ends at byte ${end} of ${data.length}: the file is cut short`);
    spans.push([begin, end]);
    // Offsets need not be aligned for typed arrays: copy.
    define(arrays, name, { dtype, shape, data: toHostArray(dtype, data.slice(begin, end).buffer) });
  }
  checkSpans(spans, data.length);
  return { arrays, metadata: parseMetadata(header[METADATA]) };
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);

/** Like `object[name] = value`, but no name (such as `__proto__`) is special. */
function define<T>(object: Record<string, T>, name: string, value: T): void {
  Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
}

function parseHeader(bytes: Uint8Array): Record<string, unknown> {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    header = undefined; // told below
  }
  check(isObject(header), "format", "decodeSafetensors: the header is no JSON object: not a safetensors file");
  return header;
}

function parseEntry(name: string, entry: unknown): { dtype: DType; shape: number[]; begin: number; end: number } {
  const isSize = (n: unknown): n is number => Number.isSafeInteger(n) && (n as number) >= 0;
  const { dtype: fileDtype, shape, data_offsets: offsets } = isObject(entry) ? entry : {};
  check(
    typeof fileDtype === "string" &&
      Array.isArray(shape) &&
      shape.every(isSize) &&
      Array.isArray(offsets) &&
      offsets.length === 2 &&
      offsets.every(isSize) &&
      offsets[0] <= offsets[1],
    "format",
    () => `decodeSafetensors: "${name}" needs dtype, shape and data_offsets [begin, end], not ${JSON.stringify(entry)}`,
  );
  const dtype = (Object.keys(FILE_DTYPES) as DType[]).find((d) => FILE_DTYPES[d] === fileDtype);
  check(dtype !== undefined, "dtype", () => `decodeSafetensors: "${name}" has dtype ${fileDtype}; F32, I32, U32 and F16 can be read`);
  const [begin, end] = offsets as [number, number];
  const expected = sizeOf(shape) * bytesPerElement(dtype);
  check(
    end - begin === expected,
    "format",
    () => `decodeSafetensors: "${name}" is ${fileDtype}${formatShape(shape)}, ${expected} bytes, but its offsets span ${end - begin}`,
  );
  return { dtype, shape, begin, end };
}

/** The format wants the data covered without holes and overlaps. */
function checkSpans(spans: (readonly [number, number])[], length: number): void {
  let covered = 0;
  for (const [begin, end] of spans.sort((a, b) => a[0] - b[0] || a[1] - b[1])) {
    check(
      begin === covered,
      "format",
      () => `decodeSafetensors: the arrays leave a hole or overlap at byte ${Math.min(begin, covered)} of the data`,
    );
    covered = end;
  }
  check(covered === length, "format", () => `decodeSafetensors: the arrays take ${covered} bytes, the file has ${length}`);
}

function parseMetadata(value: unknown): Record<string, string> {
  check(
    value === undefined || (isObject(value) && Object.values(value).every((v) => typeof v === "string")),
    "format",
    `decodeSafetensors: ${METADATA} must map names to strings`,
  );
  return (value ?? {}) as Record<string, string>;
}

function toHostArray(dtype: DType, buffer: ArrayBuffer): HostArray {
  switch (dtype) {
    case "f32":
      return new Float32Array(buffer);
    case "i32":
      return new Int32Array(buffer);
    case "u32":
      return new Uint32Array(buffer);
    case "f16":
      return new Uint16Array(buffer);
  }
}
