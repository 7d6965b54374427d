import { check } from "../../errors.ts";
import type { Call, GradientContext, Op, Variant } from "../../graph/op.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { formatType, type Shape, sizeOf, type TensorType } from "../../graph/types.ts";
import { walk } from "../pointwise/broadcast.ts";
import { TINY } from "../pointwise/define.ts";
import { reducedLength } from "./axes.ts";
import { hasRows, planReduce, type ReductionKind, rowLength } from "./plan.ts";

/** What a reduction op is, whatever its attributes look like. */
export interface ReduceSpec<A> {
  readonly name: string;
  readonly kind: () => ReductionKind;
  /** The axes that vanish, ascending, and the output's shape; throws where they do not fit. */
  readonly layout: (x: TensorType, attributes: A) => { readonly axes: readonly number[]; readonly shape: Shape };
  /** `params.scale`, from the number of elements that become one. */
  readonly scale?: (n: number, attributes: A) => number;
  /** The textbook formula over the elements that become one. */
  readonly value: (elements: Float64Array, attributes: A) => number;
  /** |GPU − value| for these elements. */
  readonly error: (elements: Float64Array, y: number, attributes: A) => number;
  readonly gradient: (context: GradientContext<A>, axes: readonly number[]) => Tensor | undefined;
  /** FLOPs per element. */
  readonly flops?: number;
}

/** An op that reduces axes of one f32 tensor. */
export function reduction<A>(spec: ReduceSpec<A>): Op<A> {
  const { name } = spec;
  const axesOf = ({ inputs, attributes }: Call<A>) => spec.layout(inputs[0], attributes).axes;
  const variant = (shared: boolean): Variant<A> => ({
    name: shared ? "workgroup" : "serial",
    allowed: (call) => !shared || hasRows(call.inputs[0].shape, axesOf(call)),
    preference: (call, device) => (!shared ? 0 : !device.software && rowLength(call.inputs[0].shape, axesOf(call)) >= 32 ? 1 : -1),
    plan: (call, device) => {
      const shape = call.inputs[0].shape;
      const axes = axesOf(call);
      return planReduce(name, spec.kind(), shape, axes, spec.scale?.(reducedLength(shape, axes), call.attributes) ?? 1, shared, device);
    },
  });
  return {
    name,
    shape(inputs, attributes) {
      check(inputs.length === 1, "argument", () => `${name}: takes 1 tensor (x), not ${inputs.length}`);
      check(inputs[0].dtype === "f32", "dtype", () => `${name}: x is ${formatType(inputs[0])}; it must be f32`);
      return [{ dtype: "f32", shape: spec.layout(inputs[0], attributes).shape }];
    },
    reference(call, [x], [y]) {
      eachReduction(call.inputs[0].shape, axesOf(call), x, (i, elements) => {
        y[i] = spec.value(elements, call.attributes);
      });
    },
    gradient: (context) => {
      const { axes } = spec.layout(context.inputs[0], context.attributes);
      return [context.needs[0] ? spec.gradient(context, axes) : undefined];
    },
    kernels: [variant(false), variant(true)],
    cost: ({ inputs, outputs }) => ({
      flops: (spec.flops ?? 1) * sizeOf(inputs[0].shape),
      bytes: 4 * (sizeOf(inputs[0].shape) + sizeOf(outputs[0].shape)),
    }),
    error(call, [x], [y]) {
      const bound = new Float64Array(y.length);
      eachReduction(call.inputs[0].shape, axesOf(call), x, (i, elements) => {
        bound[i] = TINY + spec.error(elements, y[i], call.attributes);
      });
      return [bound];
    },
  };
}

/** Calls `visit` with the elements of each reduction, in order. `elements` is reused. */
function eachReduction(shape: Shape, axes: readonly number[], x: Float64Array, visit: (i: number, elements: Float64Array) => void): void {
  const n = reducedLength(shape, axes);
  const kept = shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
  const reduced = shape.map((size, axis) => (axes.includes(axis) ? size : 1));
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, size) => product * size, 1));
  const elements = new Float64Array(n);
  walk(kept, [strides], (i, [base]) => {
    if (n > 0)
      walk(reduced, [strides], (k, [offset]) => {
        elements[k] = x[base + offset];
      });
    visit(i, elements);
  });
}

/**
 * Units of roundoff, relative to Σ|terms|, that a blocked sum of n terms may lose: n − 1 in the worst case of few terms; of many, whose
 * errors partly cancel, as many as five standard deviations of a block of 32 terms of one sign.
 */
export const sumFactor = (n: number): number => Math.max(0, Math.min(n - 1, 2 + 1.5 * Math.log2(n)));

/** Σ f(x). */
export function total(elements: Float64Array, f: (x: number) => number): number {
  let sum = 0;
  for (const x of elements) sum += f(x);
  return sum;
}

/** The attributes of public reductions. */
export interface ReduceAttributes {
  readonly axes: readonly number[] | undefined;
  readonly keepDimensions: boolean;
}
