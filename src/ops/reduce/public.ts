import { check, checkOptions } from "../../errors.ts";
import type { Op } from "../../graph/op.ts";
import { applyOne, type F32, type Tensor } from "../../graph/tensor.ts";
import type { Shape } from "../../graph/types.ts";
import { checkTensor } from "../pointwise/define.ts";
import { normalizeAxes, reducedShape } from "./axes.ts";
import { type ReduceAttributes, type ReduceSpec, reduction } from "./define.ts";

/** Options of every reduction. */
export interface ReduceOptions {
  /** Axes to reduce; negative ones count from the end. Default: all. An empty list reduces none, as in NumPy and WebNN. */
  readonly axes?: readonly number[];
  /** Keep reduced axes with size 1. Default false. */
  readonly keepDimensions?: boolean;
}

/** A reduction with `axes` and `keepDimensions`. */
export function axesReduction(spec: Omit<ReduceSpec<ReduceAttributes>, "layout">): Op<ReduceAttributes> {
  return reduction<ReduceAttributes>({
    ...spec,
    layout: (x, { axes, keepDimensions }) => {
      const normal = normalizeAxes(spec.name, x, axes);
      return { axes: normal, shape: reducedShape(x.shape, normal, keepDimensions) };
    },
  });
}

/** Applies such a reduction. */
export function reduce(op: Op<ReduceAttributes>, x: Tensor, options: ReduceOptions = {}): F32 {
  checkTensor(op.name, "x", x);
  checkOptions(op.name, options, ["axes", "keepDimensions"]);
  const { axes, keepDimensions = false } = options;
  check(
    typeof keepDimensions === "boolean",
    "argument",
    () => `${op.name}: keepDimensions must be true or false, not ${String(keepDimensions)}`,
  );
  return applyOne(op, [x], { axes, keepDimensions });
}

/** As many sizes fewer as `A` names axes. */
type Without<S extends Shape, A extends readonly number[]> = number extends S["length"] | A["length"]
  ? Shape
  : A extends readonly [number, ...infer B extends readonly number[]]
    ? S extends readonly [number, ...infer T extends Shape]
      ? Without<T, B>
      : Shape
    : S;

/** Type of the result's shape: that of x with kept dimensions, without axes a scalar, else of so many axes less. */
export type Reduced<S extends Shape, O extends ReduceOptions | undefined> = O extends { readonly keepDimensions: true }
  ? S
  : O extends { readonly axes: infer A extends readonly number[] }
    ? Without<S, A>
    : O extends { readonly axes?: readonly number[] } | undefined
      ? "axes" extends keyof O
        ? Shape
        : readonly []
      : Shape;
