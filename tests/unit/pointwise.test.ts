import { describe, expect, test } from "vitest";
import { UnrollError } from "../../src/errors.ts";
import { constant, input, type Tensor } from "../../src/graph/tensor.ts";
import { sigmoidActivation, tanhActivation } from "../../src/ops/activation.ts";
import { mergeAxes } from "../../src/ops/pointwise/broadcast.ts";
import {
  add,
  clamp,
  div,
  exp,
  leakyRelu,
  maximum,
  mul,
  pow,
  relu,
  select,
  sigmoid,
  step,
  sub,
  tanh,
} from "../../src/ops/pointwise/index.ts";
import { evaluate } from "../../src/program/evaluate.ts";
import { gradient } from "../../src/program/gradient.ts";

const values = (tensor: Tensor): number[] => Array.from(evaluate([tensor], new Map())[0]);
const row = (...numbers: number[]) => constant(numbers, [numbers.length]);

describe("shapes", () => {
  test.each([
    [[2, 3], [3], [2, 3]],
    [
      [2, 1],
      [1, 4],
      [2, 4],
    ],
    [[], [5], [5]],
    [
      [4, 1, 3],
      [2, 1],
      [4, 2, 3],
    ],
    [[0, 3], [1], [0, 3]],
  ])("%j with %j gives %j", (a, b, expected) => {
    expect(add(input(a), input(b)).shape).toEqual(expected);
    expect(mul(input(b), input(a)).shape).toEqual(expected);
  });

  test("neighbouring axes merge where all inputs step evenly", () => {
    expect(mergeAxes([2, 3, 4], [[12, 4, 1]])).toEqual({ shape: [24], strides: [[1]] });
    expect(mergeAxes([2, 3, 4], [[12, 4, 1], [0, 0, 1]])).toEqual({ shape: [6, 4], strides: [[4, 1], [0, 1]] }); // biome-ignore format: strides beside shapes
    expect(mergeAxes([5, 1], [[1, 1], [0, 0]])).toEqual({ shape: [5], strides: [[1], [0]] }); // biome-ignore format: same
  });
});

describe("values", () => {
  test("broadcasting", () => {
    expect(values(add(constant([1, 2], [2, 1]), row(10, 20, 30)))).toEqual([11, 21, 31, 12, 22, 32]);
    expect(values(sub(row(1, 2), 5))).toEqual([-4, -3]);
    expect(values(mul(row(1, 2), constant(3, [])))).toEqual([3, 6]);
    expect(values(div(row(1, 2), 4))).toEqual([0.25, 0.5]);
  });

  test("integers", () => {
    const x = constant([1, 2], [2], "i32");
    expect(add(x, 3).dtype).toBe("i32");
    expect(values(add(x, 3))).toEqual([4, 5]);
  });

  test("clamp: a missing bound excludes nothing, and max wins where the bounds cross, as in ONNX", () => {
    expect(values(clamp(row(-2, 0, 2), { min: -1 }))).toEqual([-1, 0, 2]);
    expect(values(clamp(row(-2, 0, 2), { max: 1 }))).toEqual([-2, 0, 1]);
    expect(values(clamp(row(-2, 0, 2), { min: 2, max: 1 }))).toEqual([1, 1, 1]);
    expect(values(clamp(row(-2, 0, 2), { min: Number.NEGATIVE_INFINITY, max: 1 }))).toEqual([-2, 0, 1]);
  });

  test("masks, selection, powers", () => {
    expect(values(step(row(1, 2, 3), 2))).toEqual([0, 0.5, 1]);
    expect(values(select(row(1, 0), row(1, 2), -1))).toEqual([1, -1]);
    expect(values(pow(row(-2, 0, 3), 3))).toEqual([-8, 0, 27]);
    expect(values(leakyRelu(row(-2, 3), 0.5))).toEqual([-1, 3]);
  });

  test("far out", () => {
    expect(values(tanh(row(-1e4, 1e4)))).toEqual([-1, 1]);
    expect(values(sigmoid(row(-1e4, 1e4)))).toEqual([0, 1]);
  });
});

describe("gradients", () => {
  test("where two are equal each gets half; relu and clamp at their kinks", () => {
    const x = input([1]);
    const at = (loss: Tensor, value: number) => evaluate(gradient(loss, [x]).tensors, new Map([[x as Tensor, [value]]]))[0][0];
    expect(at(maximum(x, 2), 2)).toBe(0.5);
    expect(at(relu(x), 0)).toBe(0);
    expect(at(clamp(x, { min: 1, max: 2 }), 2)).toBe(1);
    expect(at(clamp(x, { min: 1, max: 2 }), 2.1)).toBe(0);
  });

  test("second derivatives", () => {
    const x = input([1]);
    const second = (y: Tensor, at: number) => {
      const [first] = gradient(y, [x]).tensors;
      return evaluate(gradient(first, [x]).tensors, new Map([[x, [at]]]))[0][0];
    };
    const t = Math.tanh(0.7);
    expect(second(tanh(x), 0.7)).toBeCloseTo(-2 * t * (1 - t * t), 12);
    expect(second(exp(x), 0.7)).toBeCloseTo(Math.exp(0.7), 12);
    expect(second(pow(x, 3), 0.7)).toBeCloseTo(6 * 0.7, 12);
  });

  test("activations state derivatives that agree with their formula", () => {
    for (const { reference, derivative } of [tanhActivation, sigmoidActivation])
      for (const x of [-3, -0.4, 0.01, 2]) {
        const slope = (reference(x + 1e-6) - reference(x - 1e-6)) / 2e-6;
        expect(derivative(x, reference(x))).toBeCloseTo(slope, 8);
      }
  });
});

describe("misuse", () => {
  const x = input([2, 3]);
  const wrong = (value: unknown) => value as never;
  test.each<[string, () => unknown, string, RegExp]>([
    ["sizes", () => add(x, input([4])), "shape", /add: shapes \[2, 3\] and \[4\] do not broadcast: at axis -1 the sizes are 3 and 4/],
    ["dtypes", () => add(x, wrong(input([3], "i32"))), "dtype", /add: a is f32\[2, 3\] and b is i32\[3\]: the element types differ/],
    ["integers where there are none", () => exp(wrong(input([3], "u32"))), "dtype", /exp: x is u32\[3\]; it must be f32/],
    ["f16", () => mul(wrong(input([3], "f16")), wrong(input([3], "f16"))), "dtype", /mul: a is f16\[3\]; it must be f32, i32 or u32/],
    ["an array", () => add(x, wrong([1, 2, 3])), "argument", /add: b must be a tensor or a number, not an array/],
    ["nothing", () => relu(wrong(undefined)), "argument", /relu: x must be a tensor, not undefined/],
    ["NaN", () => mul(x, Number.NaN), "argument", /mul: b must be a finite number, not NaN/],
    ["a number first", () => sub(wrong(1), x), "argument", /sub: a must be a tensor, not 1/],
    ["a slope", () => leakyRelu(x, wrong("0.1")), "argument", /leakyRelu: slope must be a finite number/],
    ["bounds", () => clamp(x, wrong(3)), "argument", /clamp: options must be an object/],
    ["a bound", () => clamp(x, { min: Number.NaN }), "argument", /clamp: min must be a finite number or missing, not NaN/],
    ["an exponent", () => pow(x, wrong(null)), "argument", /pow: exponent must be a finite number, not null/],
    ["a mask", () => select(wrong(1), x, x), "argument", /select: mask must be a tensor/],
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
