import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, expectTypeOf, test } from "vitest";
import { UnrollError } from "../../src/errors.ts";
import type { NamedArray } from "../../src/graph/types.ts";
import { Engine, load, variable } from "../../src/index.ts";
import { decodeSafetensors, encodeSafetensors, type FileArray } from "../../src/io/safetensors/index.ts";

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
  ["unknown dtype", () => decodeSafetensors(raw(`{"a":${entry("F128", "[2]", 0, 4)}}`, 4)), "format", /"a" is of the type "F128"/],
  ["a dtype in small letters", () => decodeSafetensors(raw(`{"a":${entry("f32", "[1]", 0, 4)}}`, 4)), "format", /"a" is of the type "f32"/],
  ["half a byte", () => decodeSafetensors(raw(`{"a":${entry("F4", "[3]", 0, 1)}}`, 1)), "format", /F4\[3\], 1.5 bytes/],
  ["a fraction", () => decodeSafetensors(raw(`{"a":${entry("F32", "[1.5]", 0, 4)}}`, 4)), "format", /its axis 0 has 1.5/],
  [
    "a number beyond exact ones",
    () => decodeSafetensors(raw(`{"a":${entry("F32", "[1]", 0, 2 ** 53)}}`, 4)),
    "format",
    /needs data_offsets/,
  ],
  [
    "a product beyond exact ones",
    () => decodeSafetensors(raw(`{"a":${entry("U8", "[67108864,1073741824]", 0, 4)}}`, 4)),
    "format",
    /span 4/,
  ],
  ["offsets the wrong way round", () => decodeSafetensors(raw(`{"a":${entry("F32", "[0]", 4, 0)}}`, 4)), "format", /not \[4, 0\]/],
  [
    "a name twice",
    () => decodeSafetensors(raw(`{"a":${entry("F32", "[]", 0, 4)},"\\u0061" : ${entry("U32", "[]", 0, 4)}}`, 4)),
    "format",
    /name "a" twice/,
  ],
  [
    "a name within an entry twice",
    () => decodeSafetensors(raw('{"a":{"dtype":"F32","dtype":"U32","shape":[],"data_offsets":[0,4]}}', 4)),
    "format",
    /name "dtype" twice/,
  ],
  ["something before the header", () => decodeSafetensors(raw(" {}", 0)), "format", /no JSON object/],
  ["a mark of byte order", () => decodeSafetensors(raw("\uFEFF{}", 0)), "format", /no JSON object/],
  ["an entry that is a list", () => decodeSafetensors(raw('{"a":[]}', 0)), "format", /"a" needs dtype/],
  ["an entry that is null", () => decodeSafetensors(raw('{"a":null}', 0)), "format", /"a" needs dtype/],
  [
    "a convert that is none",
    () => decodeSafetensors(raw("{}", 0), { convert: "i32" as never }),
    "argument",
    /convert must be true, false or "f32", not "i32"/,
  ],
  ["an option that is none", () => decodeSafetensors(raw("{}", 0), { skips: [] } as never), "name", /there is no option "skips"/],
  [
    "a filter that is none",
    () => decodeSafetensors(raw("{}", 0), { skip: [3] as never }),
    "argument",
    /skip takes names, patterns and functions/,
  ],
  [
    "an outOfRange that is none",
    () => decodeSafetensors(raw("{}", 0), { outOfRange: "wrap" as never }),
    "argument",
    /outOfRange must be "error" or "clamp", not "wrap"/,
  ],
  [
    "write: values of another type",
    () => encodeSafetensors({ a: { dtype: "f32", shape: [1], data: new Int32Array(1) } }),
    "dtype",
    /"a" is f32: give a Float32Array, not a Int32Array|not an Int32Array/,
  ],
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

/** Written by data/safetensors.py, which shares no code with this package. */
const allTypes = new Uint8Array(readFileSync(fileURLToPath(new URL("data/all-types.safetensors", import.meta.url))));
interface Written {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: readonly number[];
  /** As Python writes them; null is NaN. */
  readonly values: readonly (string | null)[] | null;
}
const written = JSON.parse(readFileSync(fileURLToPath(new URL("data/all-types.json", import.meta.url)), "utf8")) as Record<string, Written>;
const unconverted = Object.keys(written).filter((name) => written[name].values === null);
const python = (word: string | null): number =>
  word === null ? Number.NaN : word === "inf" ? Number.POSITIVE_INFINITY : word === "-inf" ? Number.NEGATIVE_INFINITY : Number(word);

test("every type of the format is read as an array of that type, and written again to the same bytes", () => {
  const { arrays, metadata } = decodeSafetensors(allTypes);
  expect(metadata).toEqual({ format: "pt" });
  expect(Object.keys(arrays)).toEqual(Object.keys(written));
  for (const [name, { dtype, shape, bytes }] of Object.entries(written)) {
    const { data, ...type } = arrays[name];
    expect({ name, ...type }).toEqual({ name, dtype: dtype.toLowerCase(), shape });
    expect([...new Uint8Array(data.buffer, data.byteOffset, data.byteLength)]).toEqual(bytes);
  }
  expect(new Set(Object.values(arrays).map(({ dtype }) => dtype)).size).toBe(22);
  expect(arrays["running.num_batches_tracked"].data).toEqual(BigInt64Array.of(1234n));
  expect(arrays.i64.data).toEqual(BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n, -1n, 2n ** 31n));
  expect(arrays.u64.data).toEqual(BigUint64Array.of(2n ** 64n - 1n, 1n));
  expect(arrays.f64.data).toEqual(Float64Array.of(0.1, -1e300, 2 ** -1074, Number.POSITIVE_INFINITY));
  expect(arrays.i16.data).toEqual(Int16Array.of(-32768, 32767, -1));
  expect(arrays.i8.data).toEqual(Int8Array.of(-128, 127, -1));
  expect(arrays.c64.data).toEqual(Float32Array.of(1, -2, 0.5, 0.25));
  const again = decodeSafetensors(encodeSafetensors(arrays, metadata));
  expect(again).toEqual({ arrays, metadata });
});

test("they are converted to the types of the engine", () => {
  const { arrays } = decodeSafetensors(allTypes, { convert: true, skip: unconverted });
  expect(Object.keys(arrays).length).toBe(Object.keys(written).length - unconverted.length);
  for (const [name, { dtype, data, shape }] of Object.entries(arrays)) {
    const from = written[name].dtype;
    expect({ name, dtype }).toEqual({ name, dtype: from === "F16" ? "f16" : /F/.test(from) ? "f32" : /I/.test(from) ? "i32" : "u32" });
    expect(shape).toEqual(written[name].shape);
    const expected = written[name].values?.map(python) ?? [];
    expect([...data], name).toEqual(dtype === "f32" ? expected.map(Math.fround) : expected);
    for (const [i, value] of expected.entries()) if (value === 0) expect(Object.is(data[i], value)).toBe(true);
  }
  const { f16 } = decodeSafetensors(allTypes, { convert: "f32", skip: unconverted }).arrays;
  expect(f16).toEqual({ dtype: "f32", shape: [5], data: Float32Array.of(0, -2.5, 65504, 2 ** -24, Number.POSITIVE_INFINITY) });
});

test("a value beyond the range is an error, or the nearest where that is asked for", () => {
  const only = (name: string) => ({ convert: true, skip: (other: string) => other !== name }) as const;
  for (const [name, message, nearest] of [
    [
      "i64",
      /"i64" is i64, and its value 0, -9223372036854775808, is beyond the range of i32; give outOfRange/,
      [-(2 ** 31), 2 ** 31 - 1, -1, 2 ** 31 - 1],
    ],
    ["u64", /"u64" is u64, and its value 0, 18446744073709551615, is beyond the range of u32/, [2 ** 32 - 1, 1]],
    [
      "f64",
      /"f64" is f64, and its value 1, -1e\+300, is beyond the range of f32/,
      [Math.fround(0.1), -3.4028234663852886e38, 0, Number.POSITIVE_INFINITY],
    ],
  ] as const) {
    expect(() => decodeSafetensors(allTypes, only(name))).toThrow(
      expect.objectContaining({ code: "dtype", message: expect.stringMatching(message) }),
    );
    expect([...decodeSafetensors(allTypes, { ...only(name), outOfRange: "clamp" }).arrays[name].data]).toEqual(nearest);
  }
  for (const name of ["c64", "f4", "f6_e2m3", "f6_e3m2"])
    expect(() => decodeSafetensors(allTypes, { ...only(name), outOfRange: "clamp" })).toThrow(/which cannot be converted; skip it/);
});

test("a PyTorch file with a counter beside its weights loads", async () => {
  const engine = await Engine.create({ reference: true });
  const weight = variable("weight", [3, 3]);
  await engine.read(weight);
  const skip = ["*.num_batches_tracked", ...Object.keys(written).filter((name) => !/weight|num_batches/.test(name))];
  await load(engine, decodeSafetensors(allTypes, { convert: true, skip }).arrays);
  expect((await engine.read(weight))[3]).toBe(-1.5);
  const asTheyAre = decodeSafetensors(allTypes).arrays as never;
  await expect(load(engine, asTheyAre)).rejects.toMatchObject({
    code: "format",
    message: expect.stringMatching(/is "i64", which no variable is; decodeSafetensors converts with \{ convert: true \}/),
  });
});

test("arrays are left out by name, by pattern and by function", () => {
  const names = (skip: Parameters<typeof decodeSafetensors>[1]) => Object.keys(decodeSafetensors(allTypes, skip).arrays);
  const all = Object.keys(written);
  expect(names({ skip: "i64" })).toEqual(all.filter((name) => name !== "i64"));
  expect(names({ skip: "i64*" })).toEqual(all.filter((name) => !name.startsWith("i64")));
  expect(names({ skip: /^i64/g })).toEqual(all.filter((name) => !name.startsWith("i64")));
  expect(names({ skip: ["f8_*", (name) => name === "bool"] })).toEqual(all.filter((name) => !/^f8_|^bool$/.test(name)));
  // even where nothing else is known of their type
  expect(
    decodeSafetensors(raw(`{"new.kind":${entry("F3", "[7]", 0, 3)},"b":${entry("U8", "[1]", 3, 4)}}`, 4), { skip: "new.*" }).arrays,
  ).toEqual({
    b: { dtype: "u8", shape: [1], data: Uint8Array.of(0) },
  });
});

test("the type of what is read says which array it holds", () => {
  const { a } = decodeSafetensors(raw(`{"a":${entry("I64", "[]", 0, 8)}}`, 8)).arrays;
  expectTypeOf(a).toEqualTypeOf<FileArray>();
  if (a.dtype === "i64") expectTypeOf(a.data).toEqualTypeOf<BigInt64Array>();
  if (a.dtype === "bf16") expectTypeOf(a.data).toEqualTypeOf<Uint16Array>();
  // @ts-expect-error an array of 64 bits is none of the engine's
  const wrong: NamedArray = a;
  const right: NamedArray = decodeSafetensors(raw(`{"a":${entry("I64", "[]", 0, 8)}}`, 8), { convert: true }).arrays.a;
  expect([wrong.dtype, right.dtype]).toEqual(["i64", "i32"]);
});

test("metadata may be null, and names of them, too, are names like any other", () => {
  expect(decodeSafetensors(raw('{"__metadata__":null}', 0))).toEqual({ arrays: {}, metadata: {} });
  expect(Object.entries(decodeSafetensors(raw('{"__metadata__":{"__proto__":"x"}}', 0)).metadata)).toEqual([["__proto__", "x"]]);
  const odd = Object.fromEntries(["__proto__", "constructor", "toString", ""].map((name) => [name, arrays.scalar]));
  expect(Object.keys(decodeSafetensors(encodeSafetensors(odd)).arrays)).toEqual(Object.keys(odd));
});

test("no message repeats megabytes, and no header is too deep", () => {
  const long = "n".repeat(1_000_000);
  const deep = (n: number) => "[".repeat(n) + "]".repeat(n);
  const files = [
    raw(`{"${long}":1}`, 0),
    raw(`{"${long}":${entry("F32", "[1]", 0, 4)},"${long}":${entry("F32", "[1]", 4, 8)}}`, 8),
    raw(`{"a":{"dtype":"${long}","shape":[],"data_offsets":[0,4]}}`, 4),
    raw(`{"a":${entry("F32", `["${long}"]`, 0, 4)}}`, 4),
    raw(`{"a":${entry("F32", `[${"1,".repeat(300_000)}2]`, 0, 4)}}`, 4),
    raw(`{"a":{"dtype":"F32","shape":[],"data_offsets":["${long}","${long}"]}}`, 4),
    raw(`{"a":{"dtype":"F32","shape":[],"data_offsets":[${"1,".repeat(300_000)}2]}}`, 4),
    raw(`{"__metadata__":{"a":["${long}"]}}`, 0),
    raw(`{"${long}":${entry("F32", "[1]", 0, 400)}}`, 4),
    ...[100, 10_000, 200_000].flatMap((n) => [
      raw(deep(n), 0),
      raw(`{"a":${deep(n)}}`, 0),
      raw(`{"a":{"dtype":"F32","shape":${deep(n)},"data_offsets":[0,4]}}`, 4),
      raw(`{"__metadata__":{"a":${deep(n)}}}`, 0),
      raw('{"a":'.repeat(n), 0),
    ]),
  ];
  for (const file of files) {
    const error = caught(() => decodeSafetensors(file));
    expect(error).toMatchObject({ name: "UnrollError", code: "format" });
    expect((error as Error).message.length).toBeLessThan(400);
  }
  expect((caught(() => decodeSafetensors(long as never)) as Error).message.length).toBeLessThan(400);
});

const caught = (work: () => unknown): unknown => {
  try {
    work();
    return undefined;
  } catch (error) {
    return error;
  }
};

test("3,000 damaged files are read as they stand or refused as no safetensors file", () => {
  let seed = 7;
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
  const headerEnd = 8 + new DataView(allTypes.buffer, allTypes.byteOffset).getUint32(0, true);
  const words = ["null", "-1", "1e99", "0.5", "[", "]", "{", "}", '"', "__proto__", "F64", "BOOL", "9007199254740993", "\\", ",", ":"];
  const counts = { read: 0, refused: 0 };
  for (let i = 0; i < 3000; i++) {
    let file = Uint8Array.from(allTypes);
    for (let n = 1 + random(3); n > 0; n--) {
      const at = random(headerEnd);
      const kind = random(5);
      if (kind === 0) file[at] = random(256);
      if (kind === 1) file[at] ^= 1 << random(8);
      if (kind === 2) file = file.slice(0, random(file.length));
      if (kind === 3)
        file.set(new TextEncoder().encode(words[random(words.length)]).slice(0, Math.max(0, file.length - at)), Math.min(at, file.length));
      if (kind === 4) file = Uint8Array.from([...file.slice(0, at), ...file.slice(at + 1 + random(4))]);
    }
    const error = caught(() => decodeSafetensors(file));
    if (error === undefined) counts.read++;
    else {
      counts.refused++;
      expect(error).toMatchObject({ name: "UnrollError", code: "format" });
      expect((error as Error).message.length).toBeLessThan(400);
    }
  }
  expect(counts.refused).toBeGreaterThan(1500);
  expect(counts.read).toBeGreaterThan(20);
});
