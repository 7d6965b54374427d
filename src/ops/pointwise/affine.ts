import type { Op } from "../../graph/op.ts";
import { applyOne, type F32 } from "../../graph/tensor.ts";
import type { Shape } from "../../graph/types.ts";
import { applyUnary, checkNumber, checkTensor, pointwise, U } from "./define.ts";

type None = Record<never, never>;

export interface AffineAttributes {
  readonly scale: number;
  readonly shift: number;
}

/** scale · x + shift, with numbers for both. */
export const affineOp: Op<AffineAttributes> = /* @__PURE__ */ pointwise<AffineAttributes>({
  name: "affine",
  inputs: ["x"],
  wgsl: "params.scale * a + params.shift",
  params: ({ scale, shift }) => ({ scale, shift }),
  check: ({ scale, shift }) => {
    checkNumber("affine", "scale", scale);
    checkNumber("affine", "shift", shift);
  },
  value: ([x], { scale, shift }) => scale * x + shift,
  // Both numbers are rounded to f32, then a product and a sum are rounded.
  error: ([x], y, { scale, shift }) => U * (2 * Math.abs(scale * x) + Math.abs(shift) + Math.abs(y)),
  gradient: ({ gradients: [g], attributes: { scale } }) => [affine(g as F32, scale, 0)],
  flops: 2,
});

/** scale · x + shift. Shape of x. */
export function affine<S extends Shape>(x: F32<S>, scale: number, shift: number): F32<S> {
  checkTensor("affine", "x", x);
  if (scale === 1 && shift === 0) return x;
  return applyOne(affineOp, [x], { scale, shift });
}

/** −x. */
export const negOp: Op<None> = /* @__PURE__ */ pointwise<None>({
  name: "neg",
  inputs: ["x"],
  wgsl: "-a",
  value: ([x]) => -x,
  error: () => 0,
  gradient: ({ gradients: [g] }) => [neg(g as F32)],
});

/** −x. Shape of x. */
export function neg<S extends Shape>(x: F32<S>): F32<S> {
  return applyUnary(negOp, x);
}
