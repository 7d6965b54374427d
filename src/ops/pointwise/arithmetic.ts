import type { Op } from "../../graph/op.ts";
import { applyOne, type F32, type Tensor } from "../../graph/tensor.ts";
import type { Broadcast, DType, Shape } from "../../graph/types.ts";
import { sumTo } from "../reduce/sum-to.ts";
import { affine, neg } from "./affine.ts";
import { checkTensor, operand, pointwise, U } from "./define.ts";

type None = Record<never, never>;
export type Numeric = "f32" | "i32" | "u32";

/** a + b. */
export const addOp: Op<None> = /* @__PURE__ */ pointwise<None>({
  name: "add",
  inputs: ["a", "b"],
  integers: true,
  wgsl: "a + b",
  value: ([a, b]) => a + b,
  error: (_, y) => U * Math.abs(y),
  gradient: ({ inputs: [a, b], gradients: [g], needs }) => [
    needs[0] ? sumTo(g as F32, a.shape) : undefined,
    needs[1] ? sumTo(g as F32, b.shape) : undefined,
  ],
  epilogue: { kind: "bias" },
});

/** a − b. */
export const subOp: Op<None> = /* @__PURE__ */ pointwise<None>({
  name: "sub",
  inputs: ["a", "b"],
  integers: true,
  wgsl: "a - b",
  value: ([a, b]) => a - b,
  error: (_, y) => U * Math.abs(y),
  gradient: ({ inputs: [a, b], gradients: [g], needs }) => [
    needs[0] ? sumTo(g as F32, a.shape) : undefined,
    needs[1] ? neg(sumTo(g as F32, b.shape)) : undefined,
  ],
});

/** a · b. */
export const mulOp: Op<None> = /* @__PURE__ */ pointwise<None>({
  name: "mul",
  inputs: ["a", "b"],
  integers: true,
  wgsl: "a * b",
  value: ([a, b]) => a * b,
  error: (_, y) => U * Math.abs(y),
  gradient: ({ inputs: [a, b], gradients: [g], needs }) => [
    needs[0] ? sumTo(mul(g as F32, b as F32), a.shape) : undefined,
    needs[1] ? sumTo(mul(g as F32, a as F32), b.shape) : undefined,
  ],
});

/** a / b. WGSL's division is accurate to 2.5 units in the last place. */
export const divOp: Op<None> = /* @__PURE__ */ pointwise<None>({
  name: "div",
  inputs: ["a", "b"],
  wgsl: "a / b",
  value: ([a, b]) => a / b,
  error: (_, y) => 5 * U * Math.abs(y),
  gradient: ({ inputs: [a, b], outputs: [y], gradients: [g], needs }) => [
    needs[0] ? sumTo(div(g as F32, b as F32), a.shape) : undefined,
    needs[1] ? neg(sumTo(div(mul(g as F32, y as F32), b as F32), b.shape)) : undefined,
  ],
});

/**
 * a + b with NumPy broadcasting; `b` may be a number. f32, i32 or u32.
 * @throws UnrollError `shape` when the shapes do not broadcast, `dtype` when the element types differ.
 */
export function add<D extends Numeric, A extends Shape>(a: Tensor<D, A>, b: number): Tensor<D, A>;
export function add<D extends Numeric, A extends Shape, B extends Shape>(
  a: Tensor<D, A>,
  b: Tensor<NoInfer<D>, B>,
): Tensor<D, Broadcast<A, B>>;
export function add(a: Tensor<Numeric>, b: Tensor<Numeric> | number): Tensor {
  return binary(addOp, a, b, (x, n) => affine(x, 1, n));
}

/** a − b with NumPy broadcasting; `b` may be a number. f32, i32 or u32. Errors as for {@link add}. */
export function sub<D extends Numeric, A extends Shape>(a: Tensor<D, A>, b: number): Tensor<D, A>;
export function sub<D extends Numeric, A extends Shape, B extends Shape>(
  a: Tensor<D, A>,
  b: Tensor<NoInfer<D>, B>,
): Tensor<D, Broadcast<A, B>>;
export function sub(a: Tensor<Numeric>, b: Tensor<Numeric> | number): Tensor {
  return binary(subOp, a, b, (x, n) => affine(x, 1, -n));
}

/** a · b elementwise with NumPy broadcasting; `b` may be a number. f32, i32 or u32. Errors as for {@link add}. */
export function mul<D extends Numeric, A extends Shape>(a: Tensor<D, A>, b: number): Tensor<D, A>;
export function mul<D extends Numeric, A extends Shape, B extends Shape>(
  a: Tensor<D, A>,
  b: Tensor<NoInfer<D>, B>,
): Tensor<D, Broadcast<A, B>>;
export function mul(a: Tensor<Numeric>, b: Tensor<Numeric> | number): Tensor {
  return binary(mulOp, a, b, (x, n) => affine(x, n, 0));
}

/** a / b elementwise with NumPy broadcasting; `b` may be a number. f32. Errors as for {@link add}. */
export function div<A extends Shape>(a: F32<A>, b: number): F32<A>;
export function div<A extends Shape, B extends Shape>(a: F32<A>, b: F32<B>): F32<Broadcast<A, B>>;
export function div(a: F32, b: F32 | number): Tensor {
  return binary(divOp, a, b);
}

/** Applies a binary op; a number becomes an attribute where `withNumber` knows how, so that no buffer is made for it. */
function binary<D extends DType>(op: Op<None>, a: Tensor<D>, b: Tensor<D> | number, withNumber?: (x: F32, n: number) => Tensor): Tensor {
  checkTensor(op.name, "a", a);
  const right = operand(op.name, "b", b, a.dtype);
  if (typeof b === "number" && withNumber && a.dtype === "f32") return withNumber(a as Tensor as F32, b);
  return applyOne(op, [a, right], {});
}
