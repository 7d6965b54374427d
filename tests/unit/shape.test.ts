import { describe, expect, test } from "vitest";
import { UnrollError } from "../../src/errors.ts";
import { constant, input, type Tensor } from "../../src/graph/tensor.ts";
import { sizeOf } from "../../src/graph/types.ts";
import { concat } from "../../src/ops/shape/concat.ts";
import { pad } from "../../src/ops/shape/pad.ts";
import { flatten, reshape } from "../../src/ops/shape/reshape.ts";
import { slice } from "../../src/ops/shape/slice.ts";
import { collapse, inVec4 } from "../../src/ops/shape/strided.ts";
import { transpose } from "../../src/ops/shape/transpose.ts";
import { evaluate } from "../../src/program/evaluate.ts";

/** 0, 1, 2, … in this shape. */
const counting = <const S extends readonly number[]>(shape: S) =>
  constant(
    Array.from({ length: sizeOf(shape) }, (_, i) => i),
    shape,
  );

const valuesOf = (tensor: Tensor): number[] => Array.from(evaluate([tensor], new Map())[0]);

describe("reshape", () => {
  test("fills in -1 and keeps the order", () => {
    const y = reshape(counting([2, 3, 4]), [4, -1]);
    expect(y.shape).toEqual([4, 6]);
    expect(valuesOf(y)).toEqual(valuesOf(counting([24])));
    expect(reshape(counting([1, 1]), []).shape).toEqual([]);
    expect(reshape(input([0, 3]), [3, 0]).shape).toEqual([3, 0]);
    expect(flatten(input([5, 2, 3], "i32"))).toMatchObject({ dtype: "i32", shape: [5, 6] });
    expect(flatten(input([0, 3, 2])).shape).toEqual([0, 6]);
  });
});

describe("transpose", () => {
  test("moves axes", () => {
    expect(valuesOf(transpose(counting([2, 3])))).toEqual([0, 3, 1, 4, 2, 5]);
    const y = transpose(counting([2, 3, 4]), [2, 0, 1]);
    expect(y.shape).toEqual([4, 2, 3]);
    expect(valuesOf(y).slice(0, 7)).toEqual([0, 4, 8, 12, 16, 20, 1]);
    expect(valuesOf(transpose(y, [1, 2, 0]))).toEqual(valuesOf(counting([24])));
  });
});

describe("slice", () => {
  test("takes a box, strides and backwards", () => {
    expect(valuesOf(slice(counting([3, 4]), [1, 1], [2, 2]))).toEqual([5, 6, 9, 10]);
    expect(valuesOf(slice(counting([3, 4]), [1, 0], [-1, -1], [1, 2]))).toEqual([4, 6, 8, 10]);
    expect(valuesOf(slice(counting([5]), [4], [-1], [-2]))).toEqual([4, 2, 0]);
    expect(slice(counting([5]), [5], [-1]).shape).toEqual([0]);
  });
});

describe("pad", () => {
  test("surrounds and dilates", () => {
    expect(valuesOf(pad(counting([2, 2]), [1, 0], [0, 1], { value: 9 }))).toEqual([9, 9, 9, 0, 1, 9, 2, 3, 9]);
    expect(valuesOf(pad(counting([3]), [1], [0], { inside: [2] }))).toEqual([0, 0, 0, 0, 1, 0, 0, 2]);
    expect(pad(input([0]), [1], [2], { inside: [5] }).shape).toEqual([3]);
  });
});

describe("concat", () => {
  test("joins along any axis", () => {
    const a = counting([2, 2]);
    const b = constant([9, 8], [2, 1]);
    expect(valuesOf(concat([a, b], 1))).toEqual([0, 1, 9, 2, 3, 8]);
    expect(valuesOf(concat([a, b, a], -1))).toEqual([0, 1, 9, 0, 1, 2, 3, 8, 2, 3]);
    expect(valuesOf(concat([a, a]))).toEqual([0, 1, 2, 3, 0, 1, 2, 3]);
  });
});

describe("strided boxes", () => {
  test("neighbouring dimensions that run on are merged", () => {
    expect(collapse({ sizes: [2, 1, 3, 4], strides: [12, 99, 4, 1], base: 5 })).toEqual({ sizes: [24], strides: [1], base: 5 });
    expect(collapse({ sizes: [3, 2, 4], strides: [4, 12, 1], base: 0 })).toEqual({ sizes: [3, 2, 4], strides: [4, 12, 1], base: 0 });
    expect(collapse({ sizes: [], strides: [], base: 0 })).toEqual({ sizes: [1], strides: [1], base: 0 });
  });

  test("four at a time only where everything is a multiple of 4", () => {
    expect(inVec4({ sizes: [3, 8], strides: [16, 1], base: 4 })).toBe(true);
    for (const box of [
      { sizes: [3, 8], strides: [16, 1], base: 2 },
      { sizes: [3, 6], strides: [16, 1], base: 0 },
      { sizes: [3, 8], strides: [18, 1], base: 0 },
      { sizes: [3, 8], strides: [16, 2], base: 0 },
    ])
      expect(inVec4(box)).toBe(false);
  });
});

const x = input([3, 4]);
const wrong: [string, () => unknown, string, string][] = [
  ["reshape size", () => reshape(x, [5, 2]), "shape", "reshape: x is f32[3, 4] and the new shape is [5,2]: 12 elements cannot become 10"],
  ["reshape -1", () => reshape(x, [5, -1]), "shape", "12 elements are no multiple of the 5"],
  ["reshape two -1", () => reshape(x, [-1, -1]), "argument", "at most one -1"],
  ["reshape fraction", () => reshape(x, [1.5, 8]), "argument", "whole numbers"],
  ["reshape 0 and -1", () => reshape(input([0, 3]), [0, -1]), "shape", "no multiple of the 0"],
  ["reshape no array", () => reshape(x, 12 as never), "argument", "must be an array of sizes, not 12"],
  ["reshape no tensor", () => reshape([1, 2] as never, [2]), "argument", "x must be a tensor"],
  ["flatten scalar", () => flatten(input([])), "shape", "flatten: x is f32[]; expected at least 1 dimension"],
  ["transpose length", () => transpose(x, [0]), "argument", "transpose: the permutation is [0]; expected each axis of f32[3, 4] once"],
  ["transpose twice", () => transpose(x, [0, 0]), "argument", "the permutation is [0,0]"],
  ["transpose rank", () => transpose(input([1, 1, 1, 1, 1, 1, 1, 1, 1])), "shape", "at most 8 dimensions"],
  ["transpose f16", () => transpose(input([2, 2], "f16")), "dtype", "x is f16[2, 2]; expected f32, i32 or u32"],
  ["transpose nothing", () => transpose(undefined as never), "argument", "x must be a tensor, not undefined"],
  ["slice begin", () => slice(x, [0], [1, 1]), "argument", "slice: begin is [0]; expected 2 whole numbers of at least 0, for f32[3, 4]"],
  ["slice negative begin", () => slice(x, [-1, 0], [1, 1]), "argument", "begin is [-1,0]"],
  ["slice size", () => slice(x, [1, 0], [3, 4]), "shape", "slice: x is f32[3, 4]: axis 0 has no 3 elements from 1 in steps of 1"],
  ["slice strides", () => slice(x, [0, 0], [2, 3], [1, 2]), "shape", "axis 1 has no 3 elements from 0 in steps of 2"],
  ["slice backwards", () => slice(x, [1, 0], [3, 1], [-1, 1]), "shape", "axis 0 has no 3 elements from 1 in steps of -1"],
  ["slice zero stride", () => slice(x, [0, 0], [1, 1], [0, 1]), "argument", "none may be 0"],
  ["slice beyond", () => slice(x, [4, 0], [0, 1]), "shape", "axis 0 has no 0 elements from 4"],
  ["pad negative", () => pad(x, [0, -1], [0, 0]), "argument", "pad: before is [0,-1]; expected 2 whole numbers of at least 0"],
  ["pad after", () => pad(x, [0, 0], [0]), "argument", "pad: after is [0]"],
  ["pad value", () => pad(input([2], "i32"), [1], [1], { value: 0.5 }), "argument", "the value is 0.5; expected a number that i32 holds"],
  ["concat nothing", () => concat([]), "argument", "at least one tensor"],
  ["concat sizes", () => concat([x, input([3, 5])], 0), "shape", "tensor 0 is f32[3, 4] and tensor 1 is f32[3, 5]: only axis 0 may differ"],
  ["concat ranks", () => concat<"f32", readonly number[]>([x, input([3])], 0), "shape", "tensor 1 is f32[3]"],
  ["concat dtypes", () => concat<"f32" | "i32", readonly number[]>([x, input([3, 4], "i32")]), "dtype", "the dtypes differ"],
  ["concat axis", () => concat([x, x], 2), "argument", "concat: axis 2 is not one of f32[3, 4]; expected a whole number from -2 to 1"],
];

describe("misuse", () => {
  test.each(wrong)("%s", (_, call, code, message) => {
    let error: unknown;
    try {
      call();
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(UnrollError);
    expect(error).toMatchObject({ code });
    expect((error as UnrollError).message).toContain(message);
  });
});
