import { describe, expect, test } from "vitest";
import { type Case, fromJson, type Tolerance, toJson } from "../conformance/support/case.ts";
import { excess, judge } from "../conformance/support/compare.ts";
import { split } from "../conformance/support/exceptions.ts";
import { SourceFiles } from "../conformance/support/files.ts";
import { transposed } from "../conformance/support/graph.ts";
import { webnnValues } from "../conformance/support/load-webnn.ts";
import { decodeTensor } from "../conformance/support/onnx-proto.ts";
import { readTar } from "../conformance/support/tar.ts";

const ulp = (value: number): Tolerance => ({ metric: "ULP", value });
const difference = (absolute: number, relative = 0): Tolerance => ({ metric: "difference", absolute, relative });
const inf = Number.POSITIVE_INFINITY;

test.each<[string, number, number, Tolerance, number]>([
  ["neighbours are 1 ULP apart", 1 + 2 ** -23, 1, ulp(2), 0.5],
  ["also through zero", 2 ** -149, -(2 ** -149), ulp(1), 2],
  ["zeros are equal", -0, 0, ulp(0), 0],
  ["nothing is tolerated", 1 + 2 ** -23, 1, ulp(0), inf],
  ["negative numbers count alike", -1 - 2 ** -23, -1, ulp(1), 1],
  ["absolute and relative add up", 2.25, 2, difference(0.5, 0.25), 0.25],
  ["NaN is NaN", Number.NaN, Number.NaN, difference(0), 0],
  ["NaN is no number", Number.NaN, 1, difference(9), inf],
  ["a number is not NaN", 1, Number.NaN, ulp(1e9), inf],
  ["infinity is infinity", inf, inf, difference(0), 0],
  ["infinity is not large", 3.4e38, inf, difference(inf), inf],
])("compares: %s", (_, actual, expected, tolerance, result) => {
  expect(excess(actual, expected, tolerance)).toBe(result);
});

const values = (shape: number[], data: number[]) => ({ dtype: "f32" as const, shape, data });
const aCase = (op: string, name: string): Case => ({
  name,
  op,
  attributes: {},
  inputs: {},
  expected: { y: values([2], [1, 2]) },
  tolerance: { reference: { y: difference(0) }, gpu: { y: difference(0.1) } },
});

test("a case is right when every tensor has its shape and its values", () => {
  const c = aCase("op", "name");
  const y = (shape: number[], data: number[]) => judge(c, { outputs: { y: { shape, data } } }, "gpu").fault;
  expect(y([2], [1, 2.05])).toBeUndefined();
  expect(y([2], [1, 2.5])).toMatch(/^y\[1\] = 2.5, expected 2: 5.00 × the tolerance/);
  expect(y([1, 2], [1, 2])).toMatch(/shape \[1,2\]/);
  expect(y([2], [1])).toMatch(/1 values/);
  expect(judge(c, { outputs: {} }, "gpu").fault).toBe("y: not computed");
  expect(judge(c, { error: "it broke" }, "gpu").fault).toBe("it broke");
  expect(judge(c, { outputs: { y: values([2], [1, 2.05]) } }, "reference").fault).toBeDefined();
});

test("the table of exceptions must fit the cases", () => {
  const cases = [aCase("Conv", "a"), aCase("Relu", "b")];
  const conv = { pattern: /^Conv /, reason: "r" };
  expect(split(cases, [conv])).toMatchObject({ run: [cases[1]], excepted: [{ cases: [cases[0]] }], faults: [] });
  expect(split(cases, [conv, { pattern: /^Pool /, reason: "r" }]).faults).toEqual(["no case matches the exception /^Pool /"]);
  expect(split(cases, [conv, { pattern: / a$/, reason: "r" }]).faults).toEqual(["more than one exception matches Conv a"]);
});

test("missing data fail with words", () => {
  expect(() => new SourceFiles("nothing" as never)).toThrow(/conformance data are missing.*never skipped/);
});

test.each([
  ["onnx", 890, "test_relu/model.onnx"],
  ["onnx-recurrent", 177, "index.json"],
  ["torch", 156, "index.json"],
  ["webnn", 42, "float16/lstm.json"],
] as const)("the archive of %s is whole", (source, count, path) => {
  const files = new SourceFiles(source);
  expect(files.below("", "")).toHaveLength(count);
  expect(files.bytes(path).length).toBeGreaterThan(50);
  expect(() => files.bytes("nothing")).toThrow(/no file nothing/);
});

test("an archive that is cut off or none at all is an error", () => {
  const header = new Uint8Array(512);
  const put = (at: number, text: string) => header.set(new TextEncoder().encode(text), at);
  put(0, "a.txt");
  put(124, "00000000005");
  put(156, "0");
  expect(() => readTar(header)).toThrow(/no ustar header at byte 0/);
  put(257, "ustar");
  expect(() => readTar(header)).toThrow(/ends within "a.txt"/);
  const whole = new Uint8Array(2048);
  whole.set(header);
  whole.set([104, 101, 108, 108, 111], 512);
  expect([...readTar(whole)]).toEqual([["a.txt", new TextEncoder().encode("hello")]]);
});

test("numbers survive the way to the page", () => {
  const list = [-0, 0, Number.NaN, inf, -inf, 1e-45, 1.5];
  expect(fromJson<number[]>(toJson(list))).toEqual(list);
  expect(fromJson(toJson({ a: new Float32Array([1, -0]) }))).toEqual({ a: [1, -0] });
});

test("WebNN's numbers: -0.0, and non-finite ones as strings", () => {
  const read = (text: string) => webnnValues({ shape: [], dataType: "float32", ...JSON.parse(text) }).data;
  expect(read('{"data": [-0.0, "NaN", "Infinity", "-Infinity", 0.1]}')).toEqual([-0, Number.NaN, inf, -inf, Math.fround(0.1)]);
  expect(read('{"data": 3}')).toEqual([3]);
});

describe("TensorProto", () => {
  // dims (field 1), data_type (2), raw_data (9), float_data (4)
  const one = [0, 0, 0x80, 0x3f];
  const two = [0, 0, 0, 0x40];
  const packed = [0x0a, 2, 1, 2];
  const single = [0x08, 1, 0x08, 2];
  test.each([
    ["raw data, packed dims", [...packed, 0x10, 1, 0x4a, 8, ...one, ...two]],
    ["raw data, single dims", [...single, 0x10, 1, 0x4a, 8, ...one, ...two]],
    ["float_data", [...packed, 0x10, 1, 0x22, 8, ...one, ...two]],
  ])("%s", (_, bytes) => {
    expect(decodeTensor(Uint8Array.from(bytes))).toEqual(values([1, 2], [1, 2]));
  });
  test("int64", () => {
    const minusTwo = [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
    expect(decodeTensor(Uint8Array.from([0x10, 7, 0x4a, 8, ...minusTwo]))).toEqual({ dtype: "i32", shape: [], data: [-2] });
  });
  test("what cannot be read is said", () => {
    expect(() => decodeTensor(Uint8Array.from([0x10, 11]))).toThrow(/data type 11/);
    expect(() => decodeTensor(Uint8Array.from([...packed, 0x10, 1, 0x4a, 4, ...one]))).toThrow(/1 values for shape \[1,2\]/);
  });
});

test("transposes", () => {
  expect(transposed(values([2, 3], [1, 2, 3, 4, 5, 6]))).toEqual(values([3, 2], [1, 4, 2, 5, 3, 6]));
});
