import { isNan, magnitudeOf, passNan } from "../../../shaders/lib/nan.wgsl.ts";
import { check, checkOptions } from "../../errors.ts";
import { beyondF32, isFiniteF32 } from "../../graph/f32.ts";
import type { Op } from "../../graph/op.ts";
import { applyOne, type F32 } from "../../graph/tensor.ts";
import type { Broadcast, Shape } from "../../graph/types.ts";
import { sumTo } from "../reduce/sum-to.ts";
import { checkTensor, operand, pointwise } from "./define.ts";

type None = Record<never, never>;

/** The larger of two; NaN where one of them is. */
export const maximumOp: Op<None> = /* @__PURE__ */ pointwise<None>({
  name: "maximum",
  inputs: ["a", "b"],
  wgsl: () => passNan("a", passNan("b", "max(a, b)")),
  value: ([a, b]) => Math.max(a, b),
  error: () => 0,
  gradient: ({ inputs: [a, b], gradients: [g], needs }) => extremeGradients(g as F32, a as F32, b as F32, false, needs),
});

/** The smaller of two; NaN where one of them is. */
export const minimumOp: Op<None> = /* @__PURE__ */ pointwise<None>({
  name: "minimum",
  inputs: ["a", "b"],
  wgsl: () => passNan("a", passNan("b", "min(a, b)")),
  value: ([a, b]) => Math.min(a, b),
  error: () => 0,
  gradient: ({ inputs: [a, b], gradients: [g], needs }) => extremeGradients(g as F32, a as F32, b as F32, true, needs),
});

/** The side that won gets the gradient; where both are equal each gets half, where one is NaN both get all of it, as in PyTorch. */
function extremeGradients(g: F32, a: F32, b: F32, smaller: boolean, needs: readonly boolean[]): (F32 | undefined)[] {
  const part = (own: F32, other: F32): F32 => applyOne(winnerOp, smaller ? [g, other, own] : [g, own, other], {});
  return [needs[0] ? sumTo(part(a, b), a.shape) : undefined, needs[1] ? sumTo(part(b, a), b.shape) : undefined];
}

/** g where a > b or one of them is NaN, g / 2 where they are equal, else 0. */
export const winnerOp: Op<None> = /* @__PURE__ */ pointwise<None>({
  name: "winner",
  inputs: ["gradient", "a", "b"],
  wgsl: () => `select(select(0.0, 0.5 * a, b == c), a, b > c || ${isNan("b")} || ${isNan("c")})`,
  value: ([g, a, b]) => (a < b ? 0 : a === b ? g / 2 : g),
  error: () => 0,
  gradient: ({ inputs: [g, a, b], gradients: [v], needs }) => [
    needs[0] ? sumTo(applyOne(winnerOp, [v as F32, a, b], {}) as F32, g.shape) : undefined,
    undefined,
    undefined,
  ],
});

/** 1 where a > b, ½ where they are equal, else 0: so where one is NaN. */
export const stepOp: Op<None> = /* @__PURE__ */ pointwise<None>({
  name: "step",
  inputs: ["a", "b"],
  wgsl: () => `select(select(select(0.0, 0.5, a == b), 1.0, a > b), 0.0, ${isNan("a")} || ${isNan("b")})`,
  value: ([a, b]) => (a > b ? 1 : a === b ? 0.5 : 0),
  error: () => 0,
  gradient: () => [undefined, undefined],
});

/** A mask: 1 where a > b, ½ where they are equal, else 0; with broadcasting. No gradient. */
export function step<A extends Shape, B extends Shape>(a: F32<A>, b: F32<B> | number): F32<Broadcast<A, B>> {
  checkTensor("step", "a", a);
  return applyOne(stepOp, [a, operand("step", "b", b, "f32")], {});
}

/** a where the mask is not 0 (NaN is not), else b. */
export const selectOp: Op<None> = /* @__PURE__ */ pointwise<None>({
  name: "select",
  inputs: ["mask", "a", "b"],
  wgsl: () => `select(c, b, ${magnitudeOf("a")} != 0u)`,
  value: ([mask, a, b]) => (mask !== 0 ? a : b),
  error: () => 0,
  gradient: ({ inputs: [mask, a, b], gradients: [g], needs }) => [
    undefined,
    needs[1] ? sumTo(applyOne(maskedOp, [g as F32, mask], { keep: true }), a.shape) : undefined,
    needs[2] ? sumTo(applyOne(maskedOp, [g as F32, mask], { keep: false }), b.shape) : undefined,
  ],
});

/** a where the mask is set (or, with `keep` false, where it is not), else 0: unlike a product this stops infinities. */
export const maskedOp: Op<{ readonly keep: boolean }> = /* @__PURE__ */ pointwise<{ readonly keep: boolean }>({
  name: "masked",
  inputs: ["a", "mask"],
  wgsl: ({ keep }) => `select(0.0, a, ${magnitudeOf("b")} ${keep ? "!=" : "=="} 0u)`,
  value: ([a, mask], { keep }) => ((mask !== 0) === keep ? a : 0),
  error: () => 0,
  gradient: ({ inputs: [a, mask], gradients: [g], needs, attributes }) => [
    needs[0] ? sumTo(applyOne(maskedOp, [g as F32, mask], attributes), a.shape) : undefined,
    undefined,
  ],
});

/** a where the mask is not 0, else b; all three broadcast together. The mask has no gradient. */
export function select<M extends Shape, A extends Shape, B extends Shape>(
  mask: F32<M>,
  a: F32<A> | number,
  b: F32<B> | number,
): F32<Broadcast<M, Broadcast<A, B>>> {
  checkTensor("select", "mask", mask);
  return applyOne(selectOp, [mask, operand("select", "a", a, "f32"), operand("select", "b", b, "f32")], {});
}

/** The larger of a and b elementwise, with broadcasting; `b` may be a number. */
export function maximum<A extends Shape>(a: F32<A>, b: number): F32<A>;
export function maximum<A extends Shape, B extends Shape>(a: F32<A>, b: F32<B>): F32<Broadcast<A, B>>;
export function maximum(a: F32, b: F32 | number): F32 {
  checkTensor("maximum", "a", a);
  return applyOne(maximumOp, [a, operand("maximum", "b", b, "f32")], {});
}

/** The smaller of a and b elementwise, with broadcasting; `b` may be a number. */
export function minimum<A extends Shape>(a: F32<A>, b: number): F32<A>;
export function minimum<A extends Shape, B extends Shape>(a: F32<A>, b: F32<B>): F32<Broadcast<A, B>>;
export function minimum(a: F32, b: F32 | number): F32 {
  checkTensor("minimum", "a", a);
  return applyOne(minimumOp, [a, operand("minimum", "b", b, "f32")], {});
}

export interface ClampAttributes {
  readonly min?: number;
  readonly max?: number;
}

const checkBounds = ({ min, max }: ClampAttributes): void => {
  for (const [name, bound] of Object.entries({ min, max }))
    check(
      bound === undefined || isFiniteF32(bound),
      "argument",
      () => `clamp: ${name} must be a finite number or missing, not ${String(bound)}${beyondF32(bound)}`,
    );
};

const boundParams = ({ min, max }: ClampAttributes): Record<string, number> => ({
  ...(min === undefined ? {} : { low: min }),
  ...(max === undefined ? {} : { high: max }),
});

/** min(max(x, low), high): where low > high the result is high, as in ONNX. */
export const clampOp: Op<ClampAttributes> = /* @__PURE__ */ pointwise<ClampAttributes>({
  name: "clamp",
  inputs: ["x"],
  wgsl: ({ min, max }) => {
    const low = min === undefined ? "a" : "max(a, params.low)";
    return passNan("a", max === undefined ? low : `min(${low}, params.high)`);
  },
  params: boundParams,
  check: checkBounds,
  value: ([x], { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY }) => Math.min(Math.max(x, min), max),
  error: (_, y, { min, max }) => (y === min || y === max ? 2 ** -24 * Math.abs(y) : 0),
  gradient: ({ inputs: [x], gradients: [g], attributes }) => [applyOne(clampGradientOp, [g as F32, x], attributes)],
});

/** The gradient where low ≤ x ≤ high, else 0: so where x is NaN, as in PyTorch. */
export const clampGradientOp: Op<ClampAttributes> = /* @__PURE__ */ pointwise<ClampAttributes>({
  name: "clampGradient",
  inputs: ["gradient", "x"],
  wgsl: ({ min, max }) => {
    const inside = [...(min === undefined ? [] : ["b >= params.low"]), ...(max === undefined ? [] : ["b <= params.high"])];
    return inside.length === 0 ? "a" : `select(0.0, a, ${inside.join(" && ")} && !${isNan("b")})`;
  },
  params: boundParams,
  value: ([g, x], { min, max }) => ((min === undefined || x >= Math.fround(min)) && (max === undefined || x <= Math.fround(max)) ? g : 0),
  error: () => 0,
  gradient: ({ inputs: [, x], gradients: [g], needs, attributes }) => [
    needs[0] ? applyOne(clampGradientOp, [g as F32, x], attributes) : undefined,
    undefined,
  ],
});

/**
 * x limited to [min, max]; either bound may be missing, and where min > max every element becomes max, as in ONNX. Shape of x.
 * NaN stays NaN. The gradient passes where min ≤ x ≤ max, so not at NaN, as in PyTorch.
 */
export function clamp<S extends Shape>(x: F32<S>, bounds: ClampAttributes): F32<S> {
  checkTensor("clamp", "x", x);
  checkOptions("clamp", bounds, ["min", "max"]);
  // A bound that excludes nothing is as good as none.
  const min = bounds.min === Number.NEGATIVE_INFINITY ? undefined : bounds.min;
  const max = bounds.max === Number.POSITIVE_INFINITY ? undefined : bounds.max;
  return applyOne(clampOp, [x], { min, max });
}
