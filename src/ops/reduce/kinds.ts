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
export const normL2Kind = (): ReductionKind => additive("normL2", "x * x", "sqrt(v)");
export const sumOfSquaresKind = (): ReductionKind => additive("sumOfSquares", "x * x", "v");
export const logSumKind = (): ReductionKind => additive("logSum", "x", "log(v)");
export const countZerosKind = (): ReductionKind => additive("countZeros", "select(V(0.0), V(1.0), x == V(0.0))", "v");

const multiplicative = (name: string, map: string): ReductionKind => simple({ name, start: "1.0", map, combine: "a * b", finish: "v" });
export const prodKind = (): ReductionKind => multiplicative("prod", "x");
export const prodNonzeroKind = (): ReductionKind => multiplicative("prodNonzero", "select(x, V(1.0), x == V(0.0))");

const extreme = (name: string, combine: string, empty: number): ReductionKind =>
  simple({ name, start: "bitcast<f32>(params.empty)", map: "x", combine, finish: "v", empty });
export const maxKind = (): ReductionKind => extreme("max", "max(a, b)", Number.NEGATIVE_INFINITY);
export const minKind = (): ReductionKind => extreme("min", "min(a, b)", Number.POSITIVE_INFINITY);

/**
 * log Σ exp x in one pass: m is the largest element so far and s = Σ exp(x − m). Each step needs one exponential, of −|x − m|. It
 * starts from the lowest finite number, so that −∞ as an element adds nothing and no difference of infinities arises.
 */
export function logSumExpKind(): ReductionKind {
  const reduction: Reduction = {
    name: "logSumExp",
    fields: ["m", "s"],
    start: ["-3.4028234663852886e38", "0.0"],
    accept: `let e = exp(-abs(x - state.m));
  state.s = select(state.s * e + V(1.0), state.s + e, x <= state.m);
  state.m = max(state.m, x);`,
    merge: `let e = exp(-abs(b.m - a.m));
  a.s = select(a.s * e + b.s, a.s + b.s * e, b.m <= a.m);
  a.m = max(a.m, b.m);`,
    finish: "select(state.m + log(state.s), V(bitcast<f32>(params.empty)), state.s == V(0.0))",
  };
  return { whole: reduction, first: reduction, middle: reduction, last: reduction, empty: Number.NEGATIVE_INFINITY };
}
