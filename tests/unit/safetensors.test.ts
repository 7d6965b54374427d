import { expect, test } from "vitest";
import { UnrollError } from "../../src/errors.ts";
import type { NamedArray } from "../../src/graph/types.ts";
import { decodeSafetensors, encodeSafetensors } from "../../src/io/safetensors.ts";

const arrays: Record<string, NamedArray> = {
  "cell/U": { dtype: "f32", shape: [2, 3], data: new Float32Array([1, -0, 1e-45, Number.NaN, Number.POSITIVE_INFINITY, 3.25]) },
  odd: { dtype: "f16", shape: [3], data: new Uint16Array([0x3c00, 1, 0xffff]) },
  labels: { dtype: "i32", shape: [2], data: new Int32Array([-5, 7]) },
  counts: { dtype: "u32", shape: [1], data: new Uint32Array([4294967295]) },
  scalar: { dtype: "f32", shape: [], data: new Float32Array([2]) },
  empty: { dtype: "f32", shape: [0, 4], data: new Float32Array(0) },
  'ünïcode "quoted"': { dtype: "f32", shape: [1], data: new Float32Array([1]) },
};

test("what is written is read back, bit for bit, in order", () => {
  const metadata = { step: "12", note: "ä" };
  const read = decodeSafetensors(encodeSafetensors(arrays, metadata));
  expect(Object.keys(read.arrays)).toEqual(Object.keys(arrays));
  expect(read.arrays).toEqual(arrays);
  expect(Object.is((read.arrays["cell/U"].data as Float32Array)[1], -0)).toBe(true);
  expect(read.metadata).toEqual(metadata);
  expect(decodeSafetensors(encodeSafetensors({}))).toEqual({ arrays: {}, metadata: {} });
});

test("reads a file at an odd byte offset, and views as well as whole buffers", () => {
  const file = encodeSafetensors(arrays);
  const shifted = new Uint8Array(file.length + 3);
  shifted.set(file, 3);
  expect(decodeSafetensors(shifted.subarray(3)).arrays).toEqual(arrays);
  expect(decodeSafetensors(file.buffer as ArrayBuffer).arrays).toEqual(arrays);
  const part = new Float32Array([9, 1, 2, 9]).subarray(1, 3);
  expect(decodeSafetensors(encodeSafetensors({ part: { dtype: "f32", shape: [2], data: part } })).arrays.part.data).toEqual(
    new Float32Array([1, 2]),
  );
});

test("the bytes are those of the format", () => {
  const file = encodeSafetensors({ a: { dtype: "f32", shape: [1], data: new Float32Array([1]) } });
  const header = '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}';
  const padded = header.padEnd(Math.ceil(header.length / 8) * 8, " ");
  expect(new DataView(file.buffer).getUint32(0, true)).toBe(padded.length);
  expect(new TextDecoder().decode(file.subarray(8, 8 + padded.length))).toBe(padded);
  expect([...file.subarray(8 + padded.length)]).toEqual([0, 0, 0x80, 0x3f]);
});

test("a name such as __proto__ is a name like any other", () => {
  const file = raw('{"__proto__":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}', 4);
  expect(Object.keys(decodeSafetensors(file).arrays)).toEqual(["__proto__"]);
});

/** A file with this header and that many zero bytes of data. */
function raw(header: string, dataBytes: number, headerLength?: number): Uint8Array {
  const json = new TextEncoder().encode(header);
  const file = new Uint8Array(8 + json.length + dataBytes);
  new DataView(file.buffer).setBigUint64(0, BigInt(headerLength ?? json.length), true);
  file.set(json, 8);
  return file;
}
const entry = (dtype: string, shape: string, begin: number, end: number): string =>
  `{"dtype":"${dtype}","shape":${shape},"data_offsets":[${begin},${end}]}`;

test.each<[string, () => unknown, string, RegExp]>([
  ["too short", () => decodeSafetensors(new Uint8Array(7)), "format", /7 bytes are too few/],
  ["header longer than the file", () => decodeSafetensors(raw("{}", 0, 50)), "format", /cut short/],
  ["header of 2^63 bytes", () => decodeSafetensors(new Uint8Array(16).fill(0xff)), "format", /not a safetensors file/],
  ["no JSON", () => decodeSafetensors(raw("{nope", 0)), "format", /no JSON object/],
  ["JSON, but no object", () => decodeSafetensors(raw("[1]", 0)), "format", /no JSON object/],
  ["no utf-8", () => decodeSafetensors(new Uint8Array([1, 0, 0, 0, 0, 0, 0, 0, 0xff])), "format", /no JSON object/],
  ["entry without shape", () => decodeSafetensors(raw('{"a":{"dtype":"F32"}}', 0)), "format", /"a" needs dtype, shape/],
  ["negative size", () => decodeSafetensors(raw(`{"a":${entry("F32", "[-1]", 0, 4)}}`, 4)), "format", /"a" needs/],
  ["unknown dtype", () => decodeSafetensors(raw(`{"a":${entry("BF16", "[2]", 0, 4)}}`, 4)), "dtype", /"a" has dtype BF16/],
  [
    "offsets that do not fit the shape",
    () => decodeSafetensors(raw(`{"a":${entry("F32", "[3]", 0, 8)}}`, 8)),
    "format",
    /12 bytes, but its offsets span 8/,
  ],
  ["data cut short", () => decodeSafetensors(raw(`{"a":${entry("F32", "[3]", 0, 12)}}`, 8)), "format", /cut short/],
  ["a hole", () => decodeSafetensors(raw(`{"a":${entry("F32", "[1]", 4, 8)}}`, 8)), "format", /hole or overlap/],
  [
    "overlap",
    () => decodeSafetensors(raw(`{"a":${entry("F32", "[1]", 0, 4)},"b":${entry("F32", "[1]", 0, 4)}}`, 4)),
    "format",
    /hole or overlap/,
  ],
  [
    "bytes behind the last array",
    () => decodeSafetensors(raw(`{"a":${entry("F32", "[1]", 0, 4)}}`, 8)),
    "format",
    /take 4 bytes, the file has 8/,
  ],
  ["metadata that are no strings", () => decodeSafetensors(raw('{"__metadata__":{"a":1}}', 0)), "format", /names to strings/],
  [
    "write: length",
    () => encodeSafetensors({ a: { dtype: "f32", shape: [2], data: new Float32Array(3) } }),
    "size",
    /"a" is f32\[2\], 8 bytes, but its data has 12/,
  ],
  [
    "write: name",
    () => encodeSafetensors({ __metadata__: { dtype: "f32", shape: [], data: new Float32Array(1) } }),
    "name",
    /cannot be called/,
  ],
])("says what is wrong: %s", (_, wrong, code, message) => {
  let error: unknown;
  try {
    wrong();
  } catch (e) {
    error = e;
  }
  expect(error).toBeInstanceOf(UnrollError);
  expect((error as UnrollError).code).toBe(code);
  expect((error as UnrollError).message).toMatch(message);
});
