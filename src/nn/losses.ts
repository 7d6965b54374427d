import { check } from "../errors.ts";
import type { F32, Tensor } from "../graph/tensor.ts";
import type { Shape, TensorType } from "../graph/types.ts";
import { type CrossEntropyOptions, type Labels, softmaxCrossEntropy } from "../ops/loss/classification.ts";
import { meanSquaredError, sumSquaredError } from "../ops/loss/squared-error.ts";

/** A loss as a trainer takes it: it tells what the target of an output looks like, and compares the two. */
export interface Loss {
  readonly name: string;
  /** The type of the target for an output of this type. */
  targetType(output: TensorType): TensorType;
  /**
   * The loss as one number. `weights` are f32 of the output's shape without its last axis; rows with 0 are left out, and a mean
   * divides by what is counted, so that a batch that is not full gives the loss of its own rows.
   */
  apply(output: F32, target: Tensor, weights?: F32): F32<readonly []>;
}

export interface CrossEntropyLossOptions extends Pick<CrossEntropyOptions, "classWeights" | "ignoreIndex" | "labelSmoothing"> {
  /** What targets are: class indices (i32, the default), or probabilities of the output's shape. */
  readonly target?: "indices" | "probabilities";
  /** Default "mean". */
  readonly reduction?: "mean" | "sum";
}

/** The output's shape without the last axis: one entry per row. */
const rowsOf = (output: TensorType): Shape => output.shape.slice(0, -1);

/**
 * Cross-entropy of softmax(output) along the last axis; see {@link softmaxCrossEntropy} for the formula.
 * @throws UnrollError `argument` for options that mean nothing.
 */
export function crossEntropy(options: CrossEntropyLossOptions = {}): Loss {
  const { target = "indices", reduction = "mean", ...rest } = options;
  check(
    target === "indices" || target === "probabilities",
    "argument",
    () => `crossEntropy: target must be "indices" or "probabilities", not ${JSON.stringify(target)}`,
  );
  checkReduction("crossEntropy", reduction);
  return {
    name: "crossEntropy",
    targetType: (output) => (target === "indices" ? { dtype: "i32", shape: rowsOf(output) } : { dtype: "f32", shape: output.shape }),
    apply: (output, labels, weights) =>
      softmaxCrossEntropy(output, labels as Labels | F32, { ...rest, reduction, ...(weights ? { mask: weights } : {}) }),
  };
}

export interface SquaredErrorLossOptions {
  /** Default "mean". */
  readonly reduction?: "mean" | "sum";
}

/**
 * The mean (or sum) over all elements of (output − target)².
 * @throws UnrollError `argument` for a reduction that is neither.
 */
export function squaredError(options: SquaredErrorLossOptions = {}): Loss {
  const { reduction = "mean" } = options;
  checkReduction("squaredError", reduction);
  const compare = reduction === "mean" ? meanSquaredError : sumSquaredError;
  return {
    name: "squaredError",
    targetType: (output) => ({ dtype: "f32", shape: output.shape }),
    apply: (output, target, weights) => compare(output, target as F32, weights ? { mask: weights } : {}),
  };
}

function checkReduction(name: string, reduction: "mean" | "sum"): void {
  check(
    reduction === "mean" || reduction === "sum",
    "argument",
    () => `${name}: a trainer needs one number, so reduction must be "mean" or "sum", not ${JSON.stringify(reduction)}`,
  );
}
