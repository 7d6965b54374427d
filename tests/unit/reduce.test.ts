import { describe, expect, test } from "vitest";
import { UnrollError } from "../../src/errors.ts";
import { constant, input, type Tensor } from "../../src/graph/tensor.ts";
import { stagesOf } from "../../src/ops/reduce/axes.ts";
import { logSum, logSumExp, max, mean, min, normL1, normL2, prod, sum, sumOfSquares, sumOp } from "../../src/ops/reduce/index.ts";
import { evaluate } from "../../src/program/evaluate.ts";
import { gradient } from "../../src/program/gradient.ts";

const values = (tensor: Tensor): number[] => Array.from(evaluate([tensor], new Map())[0]);
const matrix = constant([1, 2, 3, 4, 5, 6], [2, 3]);
const { NEGATIVE_INFINITY: low, POSITIVE_INFINITY: high } = Number;

describe("shapes", () => {
  const x = input([2, 3, 4]);
  test.each([
    [undefined, false, []],
    [undefined, true, [1, 1, 1]],
    [[1], false, [2, 4]],
    [[-1], true, [2, 3, 1]],
    [[2, 0], false, [3]],
    [[], false, [2, 3, 4]],
  ])("axes %j, keepDimensions %s", (axes, keepDimensions, shape) => {
    expect(sum(x, { axes, keepDimensions }).shape).toEqual(shape);
  });

  test("become few stages of [outer, reduce, inner]", () => {
    expect(stagesOf([2, 3, 4], [0, 1, 2])).toEqual([{ outer: 1, reduce: 24, inner: 1 }]);
    expect(stagesOf([2, 1, 3, 4], [1, 2])).toEqual([{ outer: 2, reduce: 3, inner: 4 }]);
    expect(stagesOf([2, 3, 4], [0, 2])).toEqual([
      { outer: 6, reduce: 4, inner: 1 },
      { outer: 1, reduce: 2, inner: 3 },
    ]);
    expect(stagesOf([2, 3], [])).toEqual([{ outer: 6, reduce: 1, inner: 1 }]);
  });
});

describe("values", () => {
  test("of each reduction", () => {
    expect(values(sum(matrix, { axes: [0] }))).toEqual([5, 7, 9]);
    expect(values(mean(matrix, { axes: [1] }))).toEqual([2, 5]);
    expect(values(max(matrix))).toEqual([6]);
    expect(values(min(matrix, { axes: [-1] }))).toEqual([1, 4]);
    expect(values(prod(matrix))).toEqual([720]);
    expect(values(normL1(constant([-1, 2], [2])))).toEqual([3]);
    expect(values(normL2(constant([3, -4], [2])))).toEqual([5]);
    expect(values(sumOfSquares(matrix, { axes: [1] }))).toEqual([14, 77]);
    expect(values(logSum(matrix))[0]).toBeCloseTo(Math.log(21), 14);
    expect(values(logSumExp(constant([1000, 1000], [2])))[0]).toBeCloseTo(1000 + Math.LN2, 12);
  });

  test("of nothing", () => {
    const nothing = constant([], [0, 2]);
    expect(values(sum(nothing))).toEqual([0]);
    expect(values(prod(nothing, { axes: [0] }))).toEqual([1, 1]);
    expect(values(max(nothing))).toEqual([low]);
    expect(values(min(nothing))).toEqual([high]);
    expect(values(logSumExp(nothing))).toEqual([low]);
    expect(values(sum(nothing, { axes: [1] }))).toEqual([]);
  });

  test("of infinities", () => {
    expect(values(max(constant([low, low], [2])))).toEqual([low]);
    expect(values(logSumExp(constant([low, 3], [2])))).toEqual([3]);
    expect(values(logSumExp(constant([low, low], [2])))).toEqual([low]);
  });

  test("without axes each element is taken for itself, as in NumPy and WebNN", () => {
    expect(values(normL1(constant([-1, 2], [2]), { axes: [] }))).toEqual([1, 2]);
  });
});

describe("gradients", () => {
  const gradientAt = (reduce: (x: ReturnType<typeof input<readonly [number]>>) => Tensor, ...at: number[]): number[] => {
    const x = input([at.length]);
    return Array.from(evaluate(gradient(reduce(x), [x]).tensors, new Map([[x, at]]))[0]);
  };

  test("elements that tie share equally", () => {
    expect(gradientAt((x) => max(x), 1, 3, 3)).toEqual([0, 0.5, 0.5]);
    expect(gradientAt((x) => min(x), 1, 1, 1, 1)).toEqual([0.25, 0.25, 0.25, 0.25]);
  });

  test("a product with zeros", () => {
    expect(gradientAt((x) => prod(x), 2, 3, 4)).toEqual([12, 8, 6]);
    expect(gradientAt((x) => prod(x), 2, 0, 4)).toEqual([0, 8, 0]);
    expect(gradientAt((x) => prod(x), 0, 0, 4)).toEqual([0, 0, 0]);
  });

  test("norms at 0, and log-sum-exp of nothing but −∞", () => {
    expect(gradientAt((x) => normL2(x), 0, 0)).toEqual([0, 0]);
    expect(gradientAt((x) => normL1(x), 0, -2)).toEqual([0, -1]);
    expect(gradientAt((x) => logSumExp(x), low, low)).toEqual([0, 0]);
  });

  test("second derivatives that do not exist say so", () => {
    const x = input([3]);
    const [first] = gradient(max(x), [x]).tensors;
    expect(() => gradient(sum(first), [x])).toThrow(/second derivatives/);
  });
});

describe("misuse", () => {
  const x = input([2, 3]);
  const wrong = (value: unknown) => value as never;
  test.each<[string, () => unknown, string, RegExp]>([
    ["an axis too high", () => sum(x, { axes: [2] }), "argument", /sum: axis 2 does not exist: x is f32\[2, 3\], so axes are -2 to 1/],
    ["an axis of a scalar", () => mean(input([]), { axes: [0] }), "argument", /mean: axis 0 does not exist.*axes are none/],
    ["a fraction", () => max(x, { axes: [0.5] }), "argument", /max: axis 0.5 does not exist/],
    ["an axis twice", () => sum(x, { axes: [1, -1] }), "argument", /sum: axis 1 is named twice in \[1, -1\]/],
    ["a number for axes", () => sum(x, { axes: wrong(1) }), "argument", /sum: axes must be an array of axis numbers, not 1/],
    ["an array for options", () => sum(x, wrong([1])), "argument", /sum: options must be an object/],
    ["keepDimensions", () => sum(x, { keepDimensions: wrong(1) }), "argument", /sum: keepDimensions must be true or false, not 1/],
    ["dtype", () => prod(wrong(input([3], "i32"))), "dtype", /prod: x is i32\[3\]; it must be f32/],
    ["no tensor", () => logSumExp(wrong(3)), "argument", /logSumExp: x must be a tensor, not 3/],
    ["no input", () => sumOp.shape([], { axes: undefined, keepDimensions: false }), "argument", /sum: takes 1 tensor \(x\), not 0/],
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
