import { check } from "../../errors.ts";
import { beyondF32, isFiniteF32 } from "../../graph/f32.ts";
import { onDemand } from "../../graph/on-demand.ts";
import type { Call, GradientContext, Op, Variant } from "../../graph/op.ts";
import { applyOne, constant, type F32, Tensor } from "../../graph/tensor.ts";
import { type DType, formatType, type Shape, sizeOf, type TensorType } from "../../graph/types.ts";
import { broadcastShapes, broadcastStrides, canVectorize, linearInputs, walk } from "./broadcast.ts";
import { planPointwise } from "./plan.ts";

/** One dispatch that computes a pointwise function. */
export const lowerPointwise = /* @__PURE__ */ onDemand(planPointwise);

/** Unit roundoff of f32. */
export const U = 2 ** -24;
/** Below this a GPU may flush to zero. */
export const TINY = 1.2e-38;

type Numeric = "f32" | "i32" | "u32";

/** What a pointwise op is: one formula twice, in WGSL and in TypeScript, and what follows from it. */
export interface PointwiseSpec<A> {
  readonly name: string;
  /** What the inputs are called in messages, in order. In WGSL they are a, b, c, … (at most seven). */
  readonly inputs: readonly string[];
  /** Element types allowed besides f32. */
  readonly integers?: boolean;
  /** A WGSL expression over a, b, c, … and `params`. */
  readonly wgsl: string | ((attributes: A) => string);
  /** WGSL functions that the expression needs. */
  readonly library?: string;
  /** Numbers that the expression finds in `params`. */
  readonly params?: (attributes: A) => Readonly<Record<string, number>>;
  readonly value: (inputs: readonly number[], attributes: A) => number;
  /** |GPU − value| for exact inputs. */
  readonly error: (inputs: readonly number[], y: number, attributes: A) => number;
  readonly gradient: (context: GradientContext<A>) => readonly (Tensor | undefined)[];
  /** FLOPs per element. Default 1. */
  readonly flops?: number;
  /** Checks attributes. */
  readonly check?: (attributes: A) => void;
  /** The output's shape, where it does not follow from broadcasting. */
  readonly shape?: (inputs: readonly TensorType[], attributes: A) => Shape;
  /** The inputs' strides along the output's axes, where they do not follow from broadcasting. */
  readonly strides?: (call: Call<A>) => readonly (readonly number[])[];
  readonly epilogue?: Op<A>["epilogue"];
  readonly absorb?: Op<A>["absorb"];
}

/** An op that computes each element of its output from one element of each input. */
export function pointwise<A>(spec: PointwiseSpec<A>): Op<A> {
  const { name } = spec;
  const stridesOf = (call: Call<A>) =>
    spec.strides?.(call) ?? call.inputs.map((input) => broadcastStrides(input.shape, call.outputs[0].shape));
  const variant = (vector: boolean): Variant<A> => ({
    name: vector ? "vec4" : "scalar",
    allowed: (call) => !vector || canVectorize(call.outputs[0].shape, stridesOf(call)),
    inPlace: ({ inputs, outputs, attributes }) => {
      const linear = linearInputs(outputs[0].shape, stridesOf({ inputs, outputs, attributes }));
      return [...inputs.keys()].filter(
        (i) =>
          linear[i] && sizeOf(inputs[i].shape) === sizeOf(outputs[0].shape) && inputs.every((other, k) => k === i || other !== inputs[i]),
      );
    },
    plan: (call, device, inPlace) =>
      lowerPointwise(
        {
          name: `${name} ${vector ? "vec4" : "scalar"}`,
          dtype: call.outputs[0].dtype as Numeric,
          shape: call.outputs[0].shape,
          strides: stridesOf(call),
          expression: typeof spec.wgsl === "string" ? spec.wgsl : spec.wgsl(call.attributes),
          library: spec.library ?? "",
          params: spec.params?.(call.attributes) ?? {},
        },
        vector,
        inPlace,
        device,
      ),
  });
  return {
    name,
    shape(inputs, attributes) {
      checkInputs(name, spec.inputs, inputs, spec.integers ?? false);
      spec.check?.(attributes);
      const shape =
        spec.shape?.(inputs, attributes) ??
        broadcastShapes(
          name,
          inputs.map((input) => input.shape),
        );
      return [{ dtype: inputs[0].dtype, shape }];
    },
    reference(call, inputs, [output]) {
      const values = inputs.map(() => 0);
      walk(call.outputs[0].shape, stridesOf(call), (i, offsets) => {
        for (let k = 0; k < values.length; k++) values[k] = inputs[k][offsets[k]];
        output[i] = spec.value(values, call.attributes);
      });
    },
    gradient: spec.gradient,
    kernels: [variant(true), variant(false)],
    cost: ({ inputs, outputs }) => ({
      flops: (spec.flops ?? 1) * sizeOf(outputs[0].shape),
      bytes: 4 * [...inputs, ...outputs].reduce((sum, type) => sum + sizeOf(type.shape), 0),
    }),
    error(call, inputs, [output]) {
      const values = inputs.map(() => 0);
      const bound = new Float64Array(output.length);
      walk(call.outputs[0].shape, stridesOf(call), (i, offsets) => {
        for (let k = 0; k < values.length; k++) values[k] = inputs[k][offsets[k]];
        bound[i] = TINY + spec.error(values, output[i], call.attributes);
      });
      return [bound];
    },
    epilogue: spec.epilogue,
    absorb: spec.absorb,
  };
}

function checkInputs(op: string, names: readonly string[], inputs: readonly TensorType[], integers: boolean): void {
  check(
    inputs.length === names.length,
    "argument",
    () => `${op}: takes ${names.length} tensors (${names.join(", ")}), not ${inputs.length}`,
  );
  inputs.forEach((input, i) => {
    const allowed = input.dtype === "f32" || (integers && input.dtype !== "f16");
    check(allowed, "dtype", () => `${op}: ${names[i]} is ${formatType(input)}; it must be ${integers ? "f32, i32 or u32" : "f32"}`);
    check(
      input.dtype === inputs[0].dtype,
      "dtype",
      () => `${op}: ${names[0]} is ${formatType(inputs[0])} and ${names[i]} is ${formatType(input)}: the element types differ`,
    );
  });
}

/** Checks an argument of a public function, which may come from JavaScript. */
export function checkTensor(op: string, name: string, value: unknown): asserts value is Tensor {
  check(value instanceof Tensor, "argument", () => `${op}: ${name} must be a tensor, not ${describe(value)}`);
}

/** A tensor as it is; a number as a scalar tensor of the given type. */
export function operand<D extends DType>(op: string, name: string, value: Tensor<D> | number, dtype: D): Tensor<D> {
  if (typeof value === "number") {
    checkNumber(op, name, value);
    const fits = dtype === "f32" || dtype === "f16" || value === (dtype === "i32" ? value | 0 : value >>> 0);
    check(fits, "argument", () => `${op}: ${name} is ${value}, which is no ${dtype}; the other operand is ${dtype}`);
    return constant(value, [], dtype) as Tensor as Tensor<D>;
  }
  check(value instanceof Tensor, "argument", () => `${op}: ${name} must be a tensor or a number, not ${describe(value)}`);
  return value;
}

export function checkNumber(op: string, name: string, value: unknown): asserts value is number {
  check(isFiniteF32(value), "argument", () => `${op}: ${name} must be a finite number, not ${describe(value)}${beyondF32(value)}`);
}

const describe = (value: unknown): string =>
  Array.isArray(value) ? "an array" : value === null ? "null" : typeof value === "object" ? "an object" : String(value);

/** Applies an op of one f32 input and no attributes. */
export function applyUnary<S extends Shape>(op: Op<Record<never, never>>, x: F32<S>): F32<S> {
  checkTensor(op.name, "x", x);
  return applyOne(op, [x], {});
}
