import { type LossSumOptions, lossSumShader } from "../../../shaders/loss_sum.wgsl.ts";
import { check, UnrollError } from "../../errors.ts";
import { type Kernel, kernel, read, write } from "../../graph/kernel.ts";
import type { DeviceTraits, Dispatch, Operand } from "../../graph/op.ts";
import { formatType, type TensorType } from "../../graph/types.ts";

/** The unit roundoff of f32. */
export const U = 2 ** -24;
/** The absolute error that denormals which are flushed to zero leave. */
export const TINY = 1e-37;

/** A label that no class can have: what the kernels ignore where nothing is to be ignored. */
export const NOTHING_IGNORED = -(2 ** 31);

/**
 * What becomes of the losses of single rows or elements: their mean, their sum, or themselves. A mean divides by what is counted:
 * the sum of mask and class weights where there are any.
 */
export type Reduction = "mean" | "sum" | "none";

export function checkReduction(name: string, reduction: Reduction): void {
  check(
    reduction === "mean" || reduction === "sum" || reduction === "none",
    "argument",
    () => `${name}: reduction must be "mean", "sum" or "none", not ${JSON.stringify(reduction)}`,
  );
}

export function checkF32(name: string, argument: string, type: TensorType): void {
  check(type.dtype === "f32", "dtype", () => `${name}: ${argument} is ${formatType(type)}; it must be f32`);
}

/** Values up to which one invocation of a software GPU adds them all: joining 64 sums takes longer to compile than it saves. */
const ALONE_UP_TO = 4096;

const lossSumKernel = (options: LossSumOptions): Kernel =>
  kernel({
    name: "loss_sum",
    wgsl: lossSumShader(options),
    bindings: options.counted
      ? { values: read("f32"), counts: read("f32"), loss: write("f32"), divisor: write("f32") }
      : { values: read("f32"), loss: write("f32") },
    params: { size: "u32", counts: "u32", factor: "f32" },
  });

/** Where the sums of a mean's divisor come from and go to. */
export interface Counted {
  readonly counts: Operand;
  readonly length: number;
  readonly divisor: Operand;
}

/** Sums `size` values to output 0, in one workgroup: times `factor`, or divided by factor · Σ counts. */
export function lossSum(device: DeviceTraits, values: Operand, size: number, factor: number, counted?: Counted): Dispatch {
  const joined = !device.software || Math.max(size, counted?.length ?? 0) > ALONE_UP_TO;
  return {
    kernel: lossSumKernel({ counted: counted !== undefined, joined }),
    bindings: counted ? { values, counts: counted.counts, loss: { output: 0 }, divisor: counted.divisor } : { values, loss: { output: 0 } },
    params: { size, counts: counted?.length ?? 0, factor },
    workgroups: [1, 1, 1],
  };
}

/** The gradient of a mean: 1 / divisor, and 0 where nothing is counted. */
export const reciprocal = (divisor: number): number => (divisor === 0 ? 0 : 1 / divisor);

/** The bound on an ordered sum of n terms in 64 strands, or 64 at a time, relative to the sum of their magnitudes. */
export const sumError = (n: number): number => U * (4 + 2 * Math.sqrt(Math.ceil(n / 64)) + Math.sqrt(Math.min(n, 64)));

/** Second derivatives of a loss are not made; said when one is asked for. */
export const noSecondDerivative = (name: string): never => {
  throw new UnrollError(
    "gradient",
    `gradient: ${name} has no second derivative here; write the loss with log, softmax, sub and square instead`,
  );
};

export const scalarType: TensorType = { dtype: "f32", shape: [] };
