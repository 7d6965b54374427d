import { check, describe } from "../errors.ts";
import type { Kernel } from "./kernel.ts";
import { Tensor, Variable } from "./tensor.ts";
import { formatType, type Shape } from "./types.ts";

/** How gradients are limited before an optimizer sees them. */
export interface Clip {
  /** `l2` and `inf` scale all gradients by min(1, max / norm), with one norm over all of them; `value` clamps each to ±max. */
  readonly kind: "l2" | "inf" | "value";
  readonly max: number;
}

/**
 * dLoss/dVariable for several variables, as one thing that optimizers take: made by `gradient`, limited by `clipNorm` and its
 * sisters. `norm` is a scalar that can be asked for as an output of the program whose updates use these gradients: the global
 * norm before clipping (the largest magnitude where clipping is by the infinity norm).
 */
export class Gradients<W extends readonly Tensor[] = readonly Tensor[]> {
  readonly loss: Tensor;
  readonly wrt: W;
  readonly tensors: { readonly [K in keyof W]: W[K] extends Tensor<infer D, infer S> ? Tensor<D, S> : never };
  readonly clip: Clip | undefined;
  readonly norm: Tensor<"f32", readonly []>;

  constructor(loss: Tensor, wrt: W, tensors: readonly Tensor[], clip?: Clip) {
    this.loss = loss;
    this.wrt = wrt;
    this.tensors = tensors as typeof this.tensors;
    this.clip = clip;
    this.norm = new Tensor("f32", [] as const, { kind: "norm", gradients: this as unknown as Gradients });
  }

  /** dLoss/d`tensor`. */
  of<D extends "f32", S extends Shape>(tensor: Tensor<D, S>): Tensor<D, S> {
    check(
      tensor instanceof Tensor,
      "argument",
      () => `of: give one of the tensors that the gradients were taken by, not ${describe(tensor)}`,
    );
    const index = this.wrt.indexOf(tensor);
    check(index >= 0, "gradient", () => `no gradient was taken with respect to this ${formatType(tensor)}`);
    return this.tensors[index] as unknown as Tensor<D, S>;
  }
}

/**
 * An update rule. Its kernel runs over flat buffers that hold all variables of a segment, one after another, each beginning at a
 * multiple of 64 floats, with arbitrary values in the gaps. Bindings, by name and in this order:
 *
 *     parameters  readWrite f32, as array<vec4<f32>>
 *     gradients   read f32, as array<vec4<f32>>, same layout
 *     (one readWrite f32, as array<vec4<f32>>, for each of `states`, same layout)
 *     blocks      read u32: for each 64 floats how many belong to a variable that is updated here (0: leave them as they are)
 *     control     read u32, see CONTROL
 *     rate        read f32: the learning rate, one element
 *
 * Params: `size` u32 (number of vec4 in the segment), `clip_value` f32 (gradients are clamped to ±clip_value after scaling; 3.4e38
 * when unused), then those of `hyper`. Workgroups of 64 invocations, one vec4 each, over a grid folded in x and y (see
 * shaders/lib). When control[SKIP] ≠ 0 nothing is changed.
 */
export interface Optimizer {
  readonly name: string;
  /** A number, or a scalar f32 tensor (an input, say) that each run reads. */
  readonly learningRate: number | Tensor<"f32", readonly []>;
  /** Names of the f32 arrays, each as large as the parameter, that are carried from step to step. They start at 0. */
  readonly states: readonly string[];
  /** Further f32 params of the kernel. */
  readonly hyper: Readonly<Record<string, number>>;
  kernel(): Kernel;
  /** The same for one variable, in f64, in place. `step` counts from 1; `gradient` is already clipped. */
  reference(step: number, rate: number, parameter: Float64Array, gradient: Float64Array, states: readonly Float64Array[]): void;
}

/** Words of the control buffer (u32; floats by their bits), written by the finish kernel before the update kernels run. */
export const CONTROL = {
  /** f32: what every gradient is multiplied with. */
  SCALE: 0,
  /** u32: not 0 when variables must not change: something was not finite, now or earlier. */
  SKIP: 1,
  /** u32: number of this step, from 1. Only counts steps that changed variables. */
  STEP: 2,
  /** f32: the norm before clipping. */
  NORM: 3,
  WORDS: 4,
} as const;

/** STATUS.FLAG of an index out of range. */
export const INDEX_FLAG = 4;

/** Words of the engine's status buffer: sticky until the caller clears it. */
export const STATUS = {
  /** u32: 0 fine, 1 a gradient was not finite, 2 the loss was not finite, 3 both, 4 an index was out of range. */
  FLAG: 0,
  /** u32: the program (by id) and run (by number) where it happened. */
  PROGRAM: 1,
  RUN: 2,
  /** Of an index out of range: the check of the program that found it (by number), its bits, its place in the tensor. */
  CHECK: 3,
  VALUE: 4,
  PLACE: 5,
  WORDS: 8,
} as const;

/** A change of variables at the end of a run. */
export type Update =
  | { readonly kind: "optimize"; readonly optimizer: Optimizer; readonly gradients: Gradients }
  | { readonly kind: "assign"; readonly variable: Variable; readonly value: Tensor };

/** Sets `variable` to `value` at the end of each run: state carried from run to run, such as the h of a streamed RNN. */
export function assign<S extends Shape>(variable: Variable<"f32", S>, value: Tensor<"f32", S>): Update {
  check(variable instanceof Variable, "argument", "assign: the first argument must be a variable");
  check(value instanceof Tensor, "argument", () => `assign: the value for "${variable.name}" must be a tensor, not ${describe(value)}`);
  check(
    variable.dtype === value.dtype && variable.shape.length === value.shape.length && variable.shape.every((n, i) => n === value.shape[i]),
    "shape",
    () => `assign: variable "${variable.name}" is ${formatType(variable)}, the value is ${formatType(value)}`,
  );
  return { kind: "assign", variable, value };
}
