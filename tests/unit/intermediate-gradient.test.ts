import { describe, expect, test } from "vitest";
import { add, conv2d, type F32, gradient, input, maxout, maxPool2d, mul, relu, reluActivation, sum, type Tensor } from "../../src/index.ts";
import { evaluate } from "../../src/program/evaluate.ts";

const values = (tensor: Tensor, feeds: ReadonlyMap<Tensor, ArrayLike<number>>): number[] => [...evaluate([tensor], feeds)[0]];

const x = input([1, 2, 2, 1]);
const given = new Map<Tensor, Float32Array>([[x, Float32Array.of(1, 5, 2, 3)]]);

/** Max pooling reads what lies before an activation; a gradient with respect to the activated tensor must not notice. */
describe("the gradient with respect to an activated tensor that is pooled", () => {
  test("has both of its ways", () => {
    const a = relu(x);
    const loss = add(mul(sum(maxPool2d(a, { size: 2 })), 10), sum(mul(a, x))) as F32<readonly []>;
    const [da] = gradient(loss, [a]).tensors;
    expect(values(da, given)).toEqual([1, 15, 2, 3]);
  });

  test("is there where only the pooling reads it, and what lies before gets the same", () => {
    const a = relu(x);
    const loss = sum(maxPool2d(a, { size: 2 })) as F32<readonly []>;
    const [da, dx] = gradient(loss, [a, x]).tensors;
    expect(values(da, given)).toEqual([0, 1, 0, 0]);
    expect(values(dx, given)).toEqual([0, 1, 0, 0]);
  });

  test("of a convolution's activation, and of maxout", () => {
    const W = input([1, 1, 1, 2]);
    const weights = new Map<Tensor, Float32Array>([...given, [W, Float32Array.of(1, -1)]]);
    const a = conv2d(x, W, { activation: reluActivation });
    const pooled = gradient(sum(maxPool2d(a, { size: 2 })) as F32<readonly []>, [a]).tensors[0];
    expect(values(pooled, weights)).toEqual([0, 1, 1, 0, 0, 0, 0, 0]);
    const largest = gradient(sum(maxout(a, { size: 2 })) as F32<readonly []>, [a]).tensors[0];
    expect(values(largest, weights)).toEqual([1, 0, 1, 0, 1, 0, 1, 0]);
  });
});
