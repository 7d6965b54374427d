import { describe, expect, test } from "vitest";
import { UnrollError } from "../../src/errors.ts";
import { constant, input, type Tensor } from "../../src/graph/tensor.ts";
import { logSoftmax, softmax, softmaxGradientOp } from "../../src/ops/softmax/index.ts";
import { evaluate } from "../../src/program/evaluate.ts";

const values = (tensor: Tensor): number[] => Array.from(evaluate([tensor], new Map())[0]);

describe("values", () => {
  test("sum to 1 along the axis, the last by default", () => {
    const x = constant([0, Math.log(3), 5, 5], [2, 2]);
    const rows = [0.25, 0.75, 0.5, 0.5];
    values(softmax(x)).forEach((y, i) => {
      expect(y).toBeCloseTo(rows[i], 7);
    });
    const columns = values(softmax(x, { axis: 0 }));
    expect(columns[0] + columns[2]).toBeCloseTo(1, 14);
    values(logSoftmax(x)).forEach((y, i) => {
      expect(y).toBeCloseTo(Math.log(rows[i]), 7);
    });
  });

  test("do not overflow, and −∞ has probability 0", () => {
    expect(values(softmax(constant([1e5, 1e5, -1e5], [3])))).toEqual([0.5, 0.5, 0]);
    expect(values(softmax(constant([1, Number.NEGATIVE_INFINITY], [2])))).toEqual([1, 0]);
    expect(values(logSoftmax(constant([1, Number.NEGATIVE_INFINITY], [2])))).toEqual([0, Number.NEGATIVE_INFINITY]);
  });
});

describe("misuse", () => {
  const x = input([2, 3]);
  const wrong = (value: unknown) => value as never;
  test.each<[string, () => unknown, string, RegExp]>([
    [
      "an axis too high",
      () => softmax(x, { axis: 2 }),
      "argument",
      /softmax: axis 2 does not exist: x is f32\[2, 3\], so the axis is -2 to 1/,
    ],
    ["a scalar", () => logSoftmax(input([])), "argument", /logSoftmax: axis -1 does not exist.*the axis is none/],
    ["a number for options", () => softmax(x, wrong(1)), "argument", /softmax: options must be an object such as \{ axis \}, not 1/],
    ["dtype", () => softmax(wrong(input([2], "i32"))), "dtype", /softmax: x is i32\[2\]; it must be f32/],
    ["no tensor", () => softmax(wrong("x")), "argument", /softmax: x must be a tensor, not x/],
    ["shapes", () => softmaxGradientOp.shape([x, input([3, 2])], { axis: 0 }), "shape", /gradient is f32\[3, 2\]: the shapes differ/],
  ])("%s", (_, call, code, message) => {
    expect(call).toThrow(message);
    try {
      call();
    } catch (error) {
      expect(error).toBeInstanceOf(UnrollError);
      expect((error as UnrollError).code).toBe(code);
    }
  });
});
