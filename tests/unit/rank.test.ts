import { describe, expect, test } from "vitest";
import {
  argmax,
  argmin,
  constant,
  evaluate,
  type F32,
  gather,
  gradient,
  input,
  type Labels,
  matmul,
  mean,
  oneHot,
  softmax,
  type Tensor,
  topKAccuracy,
} from "../../src/index.ts";
import { randomSource } from "../../src/random.ts";

const valuesOf = (tensor: Tensor): number[] => Array.from(evaluate([tensor], new Map())[0]);
const NONE = Number.NaN;

describe("argmax and argmin", () => {
  test("choose along any axis, and keep it where asked", () => {
    const x = constant([3, 1, 2, 0, 5, 4], [2, 3]);
    expect(valuesOf(argmax(x))).toEqual([0, 1]);
    expect(valuesOf(argmin(x))).toEqual([1, 0]);
    expect(valuesOf(argmax(x, { axis: 0 }))).toEqual([0, 1, 1]);
    expect(valuesOf(argmin(x, { axis: -2 }))).toEqual([1, 0, 0]);
    expect(argmax(input([2, 3, 4]), { axis: 1, keepDimensions: true })).toMatchObject({ dtype: "i32", shape: [2, 1, 4] });
    expect(argmax(input([2, 3, 4]))).toMatchObject({ dtype: "i32", shape: [2, 3] });
    expect(argmin(input([7])).shape).toEqual([]);
  });

  test("the first of equal elements, of NaN, of −0 and 0", () => {
    expect(valuesOf(argmax(constant([1, 2, 2, 0, 0], [5])))).toEqual([1]);
    expect(valuesOf(argmin(constant([1, 2, 2, 0, 0], [5])))).toEqual([3]);
    expect(valuesOf(argmax(constant([1, NONE, Number.POSITIVE_INFINITY, NONE], [4])))).toEqual([1]);
    expect(valuesOf(argmin(constant([1, NONE, Number.NEGATIVE_INFINITY, NONE], [4])))).toEqual([1]);
    expect(valuesOf(argmax(constant([-0, 0], [2])))).toEqual([0]);
    expect(valuesOf(argmin(constant([0, -0], [2])))).toEqual([0]);
  });

  test("integers as integers", () => {
    expect(valuesOf(argmax(constant([2 ** 32 - 1, 1], [2], "u32")))).toEqual([0]);
    expect(valuesOf(argmax(constant([-1, 1], [2], "i32")))).toEqual([1]);
  });

  test("are indices: gather and oneHot take them", () => {
    const x = constant([3, 9, 2, 8, 5, 4], [2, 3]);
    expect(valuesOf(gather(constant([10, 20, 30], [3]), argmax(x)))).toEqual([20, 10]);
    expect(valuesOf(oneHot(argmax(x), 3))).toEqual([0, 1, 0, 1, 0, 0]);
  });

  test("refuse an axis that is empty or not there, f16, and gradients", () => {
    expect(() => argmax(input([3, 0]))).toThrow("argmax: x is f32[3, 0]: along axis 1 there is nothing to choose from");
    expect(() => argmin(input([3]), { axis: 1 })).toThrow("argmin: axis 1 is not one of f32[3]");
    expect(() => argmax(input([]))).toThrow("argmax: axis -1 is not one of f32[]");
    expect(() => argmax(input([3], "f16") as never)).toThrow("argmax: x is f16[3]; expected f32, i32 or u32");
    const x = input([4, 3]);
    expect(() => gradient(mean(oneHot(argmax(x), 3)), [x])).toThrow("does not depend on tensor 0");
  });
});

describe("oneHot", () => {
  test("a row for each index; negative ones count from the end, out of range it is NaN", () => {
    expect(valuesOf(oneHot(constant([1, 0], [2], "u32"), 3))).toEqual([0, 1, 0, 1, 0, 0]);
    expect(valuesOf(oneHot(constant([-1, -3], [2], "i32"), 3))).toEqual([0, 0, 1, 1, 0, 0]);
    expect(valuesOf(oneHot(constant([-4, 3, 99], [3], "i32"), 3))).toEqual(Array(9).fill(Number.NaN));
    expect(valuesOf(oneHot(constant([4294967295], [1], "u32"), 3))).toEqual(Array(3).fill(Number.NaN));
  });

  test("its axis, on and off", () => {
    expect(oneHot(input([2, 5], "u32"), 3).shape).toEqual([2, 5, 3]);
    expect(oneHot(input([2, 5], "u32"), 3, { axis: 0 }).shape).toEqual([3, 2, 5]);
    expect(oneHot(input([2, 5], "u32"), 3, { axis: -2 }).shape).toEqual([2, 3, 5]);
    expect(oneHot(input([], "i32"), 4).shape).toEqual([4]);
    expect(valuesOf(oneHot(constant([1, 0], [2], "i32"), 2, { axis: 0, on: 5, off: -1 }))).toEqual([-1, 5, 5, -1]);
  });

  test("times a table it picks the rows that gather picks", () => {
    const table = constant([1, 2, 3, 4, 5, 6], [3, 2]);
    const indices = constant([2, -3, 1], [3], "i32");
    expect(valuesOf(matmul(oneHot(indices, 3), table))).toEqual(valuesOf(gather(table, indices)));
  });

  test("refuses what is no index, no depth, no axis", () => {
    expect(() => oneHot(input([2]) as never, 3)).toThrow("oneHot: indices is f32[2]; expected i32 or u32");
    expect(() => oneHot(input([2], "i32"), 0)).toThrow("oneHot: depth must be a whole number above 0, not 0");
    expect(() => oneHot(input([2], "i32"), 3, { axis: 2 })).toThrow(
      "oneHot: axis 2 does not exist: indices are i32[2], so the result has the axes -2 to 1",
    );
    expect(() => oneHot(input([2], "i32"), 3, { axis: -3 })).toThrow("oneHot: axis -1 does not exist");
    expect(() => oneHot(input([2], "i32"), 3, { on: NONE })).toThrow("oneHot: on must be a finite number");
  });
});

describe("topKAccuracy", () => {
  const scores = constant([0.1, 0.7, 0.2, 0.5, 0.3, 0.2, 0.2, 0.3, 0.5, 0.4, 0.4, 0.2], [4, 3]);
  const labels = constant([1, 1, 0, 1], [4], "i32");
  const of = (k: number, options = {}) => valuesOf(topKAccuracy(scores, labels as Labels, k, options))[0];

  test("the share of rows whose label is among the k best", () => {
    expect(valuesOf(topKAccuracy(scores, labels, 1, { reduction: "none" }))).toEqual([1, 0, 0, 0]);
    expect(valuesOf(topKAccuracy(scores, labels, 2, { reduction: "none" }))).toEqual([1, 1, 0, 1]);
    expect([of(1), of(2), of(3)]).toEqual([0.25, 0.75, 1]);
    expect(of(2, { reduction: "sum" })).toBe(3);
  });

  test("with k = 1 it asks whether argmax is the label, ties and all", () => {
    const random = randomSource(3, "ties");
    const x = constant(
      Array.from({ length: 200 * 4 }, () => Math.floor(3 * random.uniform())),
      [200, 4],
    );
    const target = constant(
      Array.from({ length: 200 }, () => Math.floor(4 * random.uniform())),
      [200],
      "i32",
    );
    const best = valuesOf(argmax(x));
    const right = valuesOf(target).map((label, i) => (label === best[i] ? 1 : 0));
    expect(valuesOf(topKAccuracy(x, target, 1, { reduction: "none" }))).toEqual(right);
  });

  test("rows that are ignored or weigh nothing do not count; where none counts it is 0", () => {
    const mask = constant([1, 2, 0, 1], [4]);
    expect(of(1, { mask })).toBe(0.25);
    expect(of(2, { mask })).toBe(1);
    expect(of(1, { ignoreIndex: 0 })).toBeCloseTo(1 / 3, 12);
    expect(of(1, { ignoreIndex: 1 })).toBe(0);
    expect(of(1, { mask: constant(0, [4]) })).toBe(0);
  });

  test("a NaN is never right, and a label that is no class makes the mean NaN", () => {
    const bad = constant([NONE, 1, 2, NONE, NONE, NONE, 1, NONE, 0], [3, 3]);
    const target = constant([2, 0, 0], [3], "i32");
    expect(valuesOf(topKAccuracy(bad, target, 1, { reduction: "none" }))).toEqual([0, 0, 0]);
    expect(valuesOf(topKAccuracy(bad, target, 2, { reduction: "none" }))).toEqual([1, 0, 1]);
    expect(valuesOf(topKAccuracy(scores, constant([1, 3, 0, 1], [4], "i32"), 1))).toEqual([NONE]);
  });

  test("classes along another axis", () => {
    const images = constant([1, 9, 5, 2, 3, 4, 8, 7], [1, 2, 2, 2]);
    const byLast = topKAccuracy(images, constant([1, 0, 1, 0], [1, 2, 2], "u32"), 1);
    expect(valuesOf(byLast)).toEqual([1]);
    const byFirst = topKAccuracy(images, constant([1, 0, 0, 1], [1, 2, 2], "u32"), 1, { axis: 1, reduction: "none" });
    expect(byFirst.shape).toEqual([1, 2, 2]);
    expect(valuesOf(byFirst)).toEqual([1, 1, 0, 1]);
  });

  test("refuses what does not fit", () => {
    expect(() => topKAccuracy(scores, labels, 4)).toThrow(
      "topKAccuracy: k must be a whole number from 1 to 3, the number of classes, not 4",
    );
    expect(() => topKAccuracy(scores, labels, 0)).toThrow("not 0");
    expect(() => topKAccuracy(scores, input([3], "i32"), 1)).toThrow("they must be i32[4]");
    expect(() => topKAccuracy(scores, input([4]) as never, 1)).toThrow("the labels are f32[4]; they must be i32 or u32");
    expect(() => topKAccuracy(scores, labels, 1, { mask: input([4, 3]) })).toThrow(
      "mask is f32[4, 3]; it must have one value per row: f32[4]",
    );
    const x = input([4, 3]);
    expect(() => gradient(topKAccuracy(softmax(x) as F32, labels, 1), [x])).toThrow("does not depend on tensor 0");
  });
});
