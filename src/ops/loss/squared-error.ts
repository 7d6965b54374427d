import { SQUARED_ERROR_SPAN, type SquaredErrorShaderOptions, squaredErrorShader } from "../../../shaders/squared_error.wgsl.ts";
import { check, checkOptions, describe } from "../../errors.ts";
import { type Bindings, type Kernel, kernel, read, write } from "../../graph/kernel.ts";
import type { Call, DeviceTraits, Lowering, Op, Variant } from "../../graph/op.ts";
import { apply, type F32, Tensor } from "../../graph/tensor.ts";
import { formatType, type Shape, sameShape, sizeOf, type TensorType } from "../../graph/types.ts";
import { foldGrid } from "../grid.ts";
import { checkF32, checkReduction, lossSum, type Reduction, scalarType, sumError, TINY, U } from "./common.ts";
import { maskWidth, type SquaredErrorAttributes, squaredErrorFitsVec4 } from "./squared-error-call.ts";
import { squaredErrorGradient } from "./squared-error-gradient.ts";

/** What users call the op. */
const PUBLIC_NAMES = { sum: "sumSquaredError", mean: "meanSquaredError", none: "squaredErrors" } as const;

function checkInputs(inputs: readonly TensorType[], { mask, reduction }: SquaredErrorAttributes): void {
  const [y, target, weights] = inputs;
  const name = PUBLIC_NAMES[reduction] ?? "squaredErrors";
  checkReduction(name, reduction);
  checkF32(name, "y", y);
  checkF32(name, "target", target);
  check(
    sameShape(y.shape, target.shape),
    "shape",
    () => `${name}: y is ${formatType(y)} and target is ${formatType(target)}; their shapes must be the same`,
  );
  check(sizeOf(y.shape) > 0, "shape", () => `${name}: y is ${formatType(y)}; there is nothing to compare`);
  if (!mask) return;
  checkF32(name, "mask", weights);
  check(
    weights.shape.length <= y.shape.length && weights.shape.every((n, i) => n === y.shape[i]),
    "shape",
    () => `${name}: mask is ${formatType(weights)}; its sizes must be the first sizes of y, which is ${formatType(y)}`,
  );
}

/** Up to so many elements each invocation writes a sum of its own. */
const OWN_UP_TO = 2 ** 18;

function partialKernel(options: SquaredErrorShaderOptions): Kernel {
  const bindings: Bindings = {
    y: read("f32"),
    goal: read("f32"),
    ...(options.mask ? { mask: read("f32") } : {}),
    result: write("f32"),
  };
  return kernel({
    name: options.output === "each" ? "squared_error_each" : "squared_error",
    wgsl: squaredErrorShader(options),
    bindings,
    params: { size: "u32", width: "u32" },
  });
}

function plan(call: Call<SquaredErrorAttributes>, device: DeviceTraits, vec4: boolean): Lowering {
  const { mask, reduction } = call.attributes;
  const size = sizeOf(call.inputs[0].shape);
  const width = maskWidth(call.inputs, mask);
  const each = reduction === "none";
  const lanes = vec4 ? 4 : 1;
  const output = each ? "each" : size <= OWN_UP_TO ? "own" : "joined";
  const groups = Math.ceil(size / (output === "each" ? 64 * lanes : SQUARED_ERROR_SPAN[output]));
  const sums = output === "own" ? 64 * groups : groups;
  const values = {
    kernel: partialKernel({ vec4, mask, output }),
    bindings: {
      y: { input: 0 },
      goal: { input: 1 },
      ...(mask ? { mask: { input: 2 } } : {}),
      result: each ? { output: 0 } : { temporary: 0 },
    },
    params: { size: size / lanes, width: Math.max(1, width / lanes) },
    workgroups: foldGrid(groups),
  };
  if (each) return { dispatches: [values] };
  const counted =
    mask && reduction === "mean" ? { counts: { input: 2 }, length: sizeOf(call.inputs[2].shape), divisor: { output: 1 } } : undefined;
  const factor = counted ? width : reduction === "mean" ? 1 / size : 1;
  return {
    dispatches: [values, lossSum(device, { temporary: 0 }, sums, factor, counted)],
    temporaries: [{ dtype: "f32", shape: [sums] }],
  };
}

const variants: readonly Variant<SquaredErrorAttributes>[] = [
  { name: "vec4", allowed: squaredErrorFitsVec4, preference: () => 1, plan: (call, device) => plan(call, device, true) },
  { name: "scalar", allowed: () => true, plan: (call, device) => plan(call, device, false) },
];

/** Squared errors of y against target, optionally masked; output 1 is the divisor of a masked mean. */
export const squaredErrorOp: Op<SquaredErrorAttributes> = {
  name: "squaredError",
  shape(inputs, attributes) {
    checkInputs(inputs, attributes);
    if (attributes.reduction === "none") return [{ dtype: "f32", shape: inputs[0].shape }];
    return attributes.reduction === "mean" && attributes.mask ? [scalarType, scalarType] : [scalarType];
  },
  reference({ inputs, attributes: { reduction, mask } }, [y, target, weights], outputs) {
    const width = maskWidth(inputs, mask);
    const weight = (i: number): number => (mask ? weights[Math.floor(i / width)] : 1);
    const errors = y.map((value, i) => (weight(i) === 0 ? 0 : weight(i) * (value - target[i]) ** 2));
    if (reduction === "none") {
      outputs[0].set(errors);
      return;
    }
    const sum = errors.reduce((total, e) => total + e, 0);
    if (reduction === "sum") outputs[0][0] = sum;
    else {
      const divisor = mask ? width * weights.reduce((total, w) => total + w, 0) : y.length;
      outputs[0][0] = divisor === 0 ? 0 : sum / divisor;
      if (mask) outputs[1][0] = divisor;
    }
  },
  gradient: ({ inputs, outputs, attributes, gradients, needs }) =>
    squaredErrorGradient(inputs, attributes, gradients[0], outputs[1], needs),
  kernels: variants,
  cost({ inputs }) {
    const size = sizeOf(inputs[0].shape);
    return { flops: 3 * size, bytes: 8 * size };
  },
  error({ inputs, attributes: { reduction, mask } }, [y, target, weights], outputs) {
    const width = maskWidth(inputs, mask);
    // d² is off by 2u for the rounded difference, u for the square; the mask by one more.
    const each = y.map((value, i) => 5 * U * Math.abs(mask ? weights[Math.floor(i / width)] : 1) * (value - target[i]) ** 2 + TINY);
    if (reduction === "none") return [each];
    const magnitude = each.reduce((total, e) => total + e, 0) / (5 * U);
    const sum = magnitude * (3 * U + sumError(y.length));
    if (reduction === "sum") return [sum + TINY];
    if (!mask) return [sum / y.length + TINY];
    const counts = weights.reduce((total, w) => total + Math.abs(w), 0) * width * (2 * U + sumError(weights.length));
    const divisor = Math.abs(outputs[1][0]);
    return [divisor === 0 ? TINY : (sum + Math.abs(outputs[0][0]) * (counts + 3 * U * divisor)) / divisor + TINY, counts + TINY];
  },
};

export interface SquaredErrorOptions<S extends Shape = Shape> {
  /** Weights of rows: f32 with the first sizes of y. 0 leaves a row out. A mean divides by what is counted. */
  readonly mask?: F32<S>;
}

function squaredError(y: F32, target: F32, reduction: Reduction, options: SquaredErrorOptions): F32 {
  for (const [name, tensor] of Object.entries({ y, target }))
    check(tensor instanceof Tensor, "argument", () => `${PUBLIC_NAMES[reduction]}: ${name} must be a tensor, not ${String(tensor)}`);
  checkOptions(PUBLIC_NAMES[reduction], options, ["mask"]);
  const mask = options.mask !== undefined;
  check(
    !mask || options.mask instanceof Tensor,
    "argument",
    () => `${PUBLIC_NAMES[reduction]}: mask must be a tensor, not ${describe(options.mask)}`,
  );
  return apply(squaredErrorOp, options.mask ? [y, target, options.mask] : [y, target], { reduction, mask })[0] as F32;
}

/**
 * Σ (y − target)² over all elements, times the mask of their row.
 * @throws UnrollError `shape`, `dtype` when y and target differ in shape or the mask does not fit.
 */
export const sumSquaredError = <S extends Shape>(y: F32<S>, target: F32<S>, options: SquaredErrorOptions = {}): F32<readonly []> =>
  squaredError(y, target, "sum", options) as F32<readonly []>;

/**
 * The mean of (y − target)² over all elements; with a mask Σ mask (y − target)² / Σ mask, over elements (0 where nothing counts).
 * @throws UnrollError `shape`, `dtype` when y and target differ in shape or the mask does not fit.
 */
export const meanSquaredError = <S extends Shape>(y: F32<S>, target: F32<S>, options: SquaredErrorOptions = {}): F32<readonly []> =>
  squaredError(y, target, "mean", options) as F32<readonly []>;

/**
 * (y − target)² of each element, times the mask of its row.
 * @throws UnrollError `shape`, `dtype` when y and target differ in shape or the mask does not fit.
 */
export const squaredErrors = <S extends Shape>(y: F32<S>, target: F32<S>, options: SquaredErrorOptions = {}): F32<S> =>
  squaredError(y, target, "none", options) as F32<S>;
