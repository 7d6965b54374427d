import { UnrollError } from "../../errors.ts";
import type { Op } from "../../graph/op.ts";
import { applyOne, type F32 } from "../../graph/tensor.ts";
import type { Shape } from "../../graph/types.ts";
import { U } from "../pointwise/define.ts";
import { type ReduceAttributes, total } from "./define.ts";
import { prodGradientOp } from "./gradients.ts";
import { countZerosKind, prodKind, prodNonzeroKind } from "./kinds.ts";
import { axesReduction, type Reduced, type ReduceOptions, reduce } from "./public.ts";

const product = (elements: Float64Array): number => elements.reduce((a, b) => a * b, 1);

/** A product of n factors is rounded n − 1 times. */
const error = (elements: Float64Array, y: number): number => (U * Math.max(0, elements.length - 1) * Math.abs(y)) / 2 + U * Math.abs(y);

/** Π x. */
export const prodOp: Op<ReduceAttributes> = /* @__PURE__ */ axesReduction({
  name: "prod",
  kind: prodKind,
  value: product,
  error,
  gradient: ({ inputs: [x], gradients: [g], attributes }, axes) => {
    const nonzero = applyOne(prodNonzeroOp, [x], attributes);
    const zeros = applyOne(countZerosOp, [x], attributes);
    return applyOne(prodGradientOp, [x, nonzero, zeros, g as F32], { axes });
  },
});

const once = (name: string) => (): never => {
  throw new UnrollError("gradient", `${name}: second derivatives of a product are not available`);
};

/** The product of the elements that are not 0. */
export const prodNonzeroOp: Op<ReduceAttributes> = /* @__PURE__ */ axesReduction({
  name: "prodNonzero",
  kind: prodNonzeroKind,
  value: (elements) => product(elements.map((x) => (x === 0 ? 1 : x))),
  error,
  gradient: /* @__PURE__ */ once("prodNonzero"),
});

/** How many elements are 0. */
export const countZerosOp: Op<ReduceAttributes> = /* @__PURE__ */ axesReduction({
  name: "countZeros",
  kind: countZerosKind,
  value: (elements) => total(elements, (x) => (x === 0 ? 1 : 0)),
  // Exact up to 2^24.
  error: (_, y) => (y > 2 ** 24 ? U * 10 * y : 0),
  gradient: () => undefined,
});

/** Π x over axes (default: all); 1 of nothing. The gradient is right where elements are 0, too. */
export function prod<S extends Shape, const O extends ReduceOptions | undefined = undefined>(x: F32<S>, options?: O): F32<Reduced<S, O>> {
  return reduce(prodOp, x, options) as F32 as F32<Reduced<S, O>>;
}
