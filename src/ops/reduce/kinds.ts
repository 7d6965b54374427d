import { chooseBits, magnitudeOf, nanBelowZero, passNan } from "../../../shaders/lib/nan.wgsl.ts";
import type { Reduction } from "../../../shaders/lib/reduce.wgsl.ts";
import type { ReductionKind } from "./plan.ts";

/** A reduction with one number as its state. */
interface Simple {
  readonly name: string;
  /** The number to start from, an f32 expression. */
  readonly start: string;
  /** Expression over `x`. */
  readonly map: string;
  /** Expression over `a` and `b`. */
  readonly combine: string;
  /** Expression over `v`. */
  readonly finish: string;
  readonly empty?: number;
}

function simple({ name, start, map, combine, finish, empty }: Simple): ReductionKind {
  const form = (mapped: string, finished: string): Reduction => ({
    name,
    fields: ["s"],
    cheap: true,
    start: [start],
    accept: `let a = state.s;\n  let b = ${mapped};\n  state.s = ${combine};`,
    merge: `a.s = ${combine.replace(/\ba\b/g, "a.s").replace(/\bb\b/g, "b.s")};`,
    finish: finished.replace(/\bv\b/g, "state.s"),
  });
  return { whole: form(map, finish), first: form(map, "v"), middle: form("x", "v"), last: form("x", finish), empty: empty ?? 0 };
}

const additive = (name: string, map: string, finish: string): ReductionKind =>
  simple({ name, start: "0.0", map, combine: "a + b", finish });

export const sumKind = (): ReductionKind => additive("sum", "x", "v");
export const meanKind = (): ReductionKind => additive("mean", "x", "v * params.scale");
export const normL1Kind = (): ReductionKind => additive("normL1", "abs(x)", "v");
export const normL2Kind = (): ReductionKind => additive("normL2", "x * x", passNan("v", "sqrt(v)", "V"));
export const sumOfSquaresKind = (): ReductionKind => additive("sumOfSquares", "x * x", "v");
export const logSumKind = (): ReductionKind => additive("logSum", "x", nanBelowZero("v", "log(v)", "V"));
export const countZerosKind = (): ReductionKind => additive("countZeros", `select(V(0.0), V(1.0), ${magnitudeOf("x", "V")} == U(0u))`, "v");

const multiplicative = (name: string, map: string): ReductionKind => simple({ name, start: "1.0", map, combine: "a * b", finish: "v" });
export const prodKind = (): ReductionKind => multiplicative("prod", "x");
export const prodNonzeroKind = (): ReductionKind => multiplicative("prodNonzero", `select(x, V(1.0), ${magnitudeOf("x", "V")} == U(0u))`);

/**
 * The extreme number beside the largest of the magnitudes' bits, which says at the end whether one of them was NaN: `max` and `min` may
 * drop it.
 */
function extreme(name: "max" | "min", empty: number): ReductionKind {
  const reduction: Reduction = {
    name,
    fields: ["s", "bits"],
    cheap: true,
    start: ["bitcast<f32>(params.empty)", "0u"],
    accept: `state.s = ${name}(state.s, x); // its NaN is in bits\n  state.bits = max(state.bits, ${magnitudeOf("x", "V")});`,
    merge: `a.s = ${name}(a.s, b.s); // its NaN is in bits\n  a.bits = max(a.bits, b.bits);`,
    finish: chooseBits("state.bits > U(0x7f800000u)", "bitcast<V>(state.bits)", "state.s", "V"),
  };
  return { whole: reduction, first: reduction, middle: reduction, last: reduction, empty };
}
export const maxKind = (): ReductionKind => extreme("max", Number.NEGATIVE_INFINITY);
export const minKind = (): ReductionKind => extreme("min", Number.POSITIVE_INFINITY);

/**
 * log Σ exp x in one pass: m is the largest element so far and s = Σ exp(x − m). Each step needs one exponential, of −|x − m|. It
 * starts from the lowest finite number, so that −∞ as an element adds nothing and no difference of infinities arises; +∞ and NaN are
 * found at the end, by bits.
 */
export function logSumExpKind(): ReductionKind {
  const reduction: Reduction = {
    name: "logSumExp",
    fields: ["m", "s", "bits"],
    start: ["-3.4028234663852886e38", "0.0", "0u"],
    accept: `let e = exp(-abs(x - state.m));
  state.s = select(state.s * e + V(1.0), state.s + e, x <= state.m); // NaN is in bits
  state.m = max(state.m, x); // its NaN is in bits
  state.bits = max(state.bits, ${magnitudeOf("x", "V")});`,
    merge: `let e = exp(-abs(b.m - a.m));
  a.s = select(a.s * e + b.s, a.s + b.s * e, b.m <= a.m); // NaN is in bits
  a.m = max(a.m, b.m); // its NaN is in bits
  a.bits = max(a.bits, b.bits);`,
    finish: chooseBits(
      "state.bits > U(0x7f800000u)",
      "bitcast<V>(state.bits)",
      chooseBits(
        "bitcast<U>(state.m) == U(0x7f800000u)",
        "state.m",
        "select(state.m + log(state.s), V(bitcast<f32>(params.empty)), state.s == V(0.0))",
        "V",
      ),
      "V",
    ),
  };
  return { whole: reduction, first: reduction, middle: reduction, last: reduction, empty: Number.NEGATIVE_INFINITY };
}
