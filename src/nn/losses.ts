import { check, checkOptions, describe } from "../errors.ts";
import { constant, type F32, Tensor } from "../graph/tensor.ts";
import type { Shape, TensorType } from "../graph/types.ts";
import { type CrossEntropyOptions, type Labels, nllLoss, softmaxCrossEntropy } from "../ops/loss/classification.ts";
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
  /** How the losses of batches make that of all: sums are added up, means weighted. "mean" when left out. */
  readonly reduction?: "mean" | "sum";
  /** What a mean is weighted by where it depends on the targets: what it divided by. By the number of examples when left out. */
  divisor?(output: TensorType, target: Tensor): F32<readonly []>;
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
  checkOptions("crossEntropy", options, ["target", "reduction", "classWeights", "ignoreIndex", "labelSmoothing"]);
  const { target = "indices", reduction = "mean", ...rest } = options;
  check(
    target === "indices" || target === "probabilities",
    "argument",
    () => `crossEntropy: target must be "indices" or "probabilities", not ${describe(target)}`,
  );
  checkReduction("crossEntropy", reduction);
  const { classWeights, ignoreIndex, labelSmoothing = 0 } = rest;
  check(
    classWeights === undefined || classWeights instanceof Tensor,
    "argument",
    () => `crossEntropy: classWeights must be a tensor f32[classes], not ${describe(classWeights)}`,
  );
  check(
    ignoreIndex === undefined || Number.isInteger(ignoreIndex),
    "argument",
    () => `crossEntropy: ignoreIndex must be a whole number, not ${describe(ignoreIndex)}`,
  );
  check(
    typeof labelSmoothing === "number" && labelSmoothing >= 0 && labelSmoothing <= 1,
    "argument",
    () => `crossEntropy: labelSmoothing must be from 0 to 1, not ${describe(labelSmoothing)}`,
  );
  const counted = reduction === "mean" && target === "indices" && (ignoreIndex !== undefined || classWeights !== undefined);
  return {
    name: "crossEntropy",
    reduction,
    // −log p = 1 everywhere leaves the weights of the rows that count.
    ...(counted && {
      divisor: ({ shape }: TensorType, labels: Tensor) =>
        nllLoss(constant(-1, shape) as F32, labels as Labels, { ignoreIndex, classWeights, reduction: "sum" }),
    }),
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
  checkOptions("squaredError", options, ["reduction"]);
  const { reduction = "mean" } = options;
  checkReduction("squaredError", reduction);
  const compare = reduction === "mean" ? meanSquaredError : sumSquaredError;
  return {
    name: "squaredError",
    reduction,
    targetType: (output) => ({ dtype: "f32", shape: output.shape }),
    apply: (output, target, weights) => compare(output, target as F32, weights ? { mask: weights } : {}),
  };
}

function checkReduction(name: string, reduction: "mean" | "sum"): void {
  check(
    reduction === "mean" || reduction === "sum",
    "argument",
    () => `${name}: a trainer needs one number, so reduction must be "mean" or "sum", not ${describe(reduction)}`,
  );
}
