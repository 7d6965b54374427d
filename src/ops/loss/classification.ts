import { check, checkOptions, describe } from "../../errors.ts";
import { apply, type F32, Tensor } from "../../graph/tensor.ts";
import type { Shape } from "../../graph/types.ts";
import type { Reduction } from "./common.ts";
import { crossEntropyOp } from "./cross-entropy.ts";

export interface NllLossOptions {
  /** The axis of the classes; negative counts from the end. Default: the last. (PyTorch and ONNX: 1.) */
  readonly axis?: number;
  /** Weights of rows, f32 with the shape of the labels. 0 leaves a row out. */
  readonly mask?: F32;
  /** Weights of classes, f32[C]. */
  readonly classWeights?: F32<readonly [number]>;
  /** A label whose rows are left out. Default: none. (PyTorch: -100.) */
  readonly ignoreIndex?: number;
  /** Default "mean". */
  readonly reduction?: Reduction;
}

export interface CrossEntropyOptions extends NllLossOptions {
  /** ε: the target becomes (1 − ε) t + ε / C. Default 0. */
  readonly labelSmoothing?: number;
}

/** Class indices: i32 or u32, of the logits' shape without the class axis. */
export type Labels = Tensor<"i32"> | Tensor<"u32">;

function classify(logits: boolean, scores: F32, target: Tensor, options: CrossEntropyOptions): F32 {
  const name = logits ? "softmaxCrossEntropy" : "nllLoss";
  check(scores instanceof Tensor, "argument", () => `${name}: the first argument must be a tensor`);
  check(target instanceof Tensor, "argument", () => `${name}: the second argument must be a tensor of labels`);
  checkOptions(name, options, ["axis", "mask", "classWeights", "ignoreIndex", "reduction", ...(logits ? ["labelSmoothing"] : [])]);
  for (const weights of ["mask", "classWeights"] as const)
    check(
      options[weights] === undefined || options[weights] instanceof Tensor,
      "argument",
      () => `${name}: ${weights} must be a tensor, not ${describe(options[weights])}`,
    );
  const { axis = -1, mask, classWeights, ignoreIndex, labelSmoothing = 0, reduction = "mean" } = options;
  const inputs = [scores, target, ...(mask ? [mask] : []), ...(classWeights ? [classWeights] : [])];
  return apply(crossEntropyOp, inputs, {
    axis: axis < 0 ? axis + scores.shape.length : axis,
    logits,
    mask: mask !== undefined,
    classWeights: classWeights !== undefined,
    ignoreIndex,
    labelSmoothing,
    reduction,
  })[0] as F32;
}

/**
 * Cross-entropy of softmax(logits) along `axis` against class indices, or probabilities of the logits' shape, as in PyTorch:
 *
 *     loss_r = mask_r Σ_c w_c ((1 − ε) t_c + ε / C) (−log softmax(x)_c)
 *
 * 0 · log 0 is 0: what has weight 0 (a row, a class, a probability) counts as 0 whatever its score is.
 * The mean divides by Σ mask_r w_label over rows that are not ignored (probabilities: by Σ mask_r) and is 0 where nothing counts. The
 * log-softmax is stable: logits of any size are fine. A run with a label that is no class, not `ignoreIndex` and not masked out rejects
 * with `range`, and the loss is NaN. No gradient goes to mask and class weights.
 * @throws UnrollError `shape`, `dtype`, `argument` when something does not fit.
 */
export function softmaxCrossEntropy(
  logits: F32,
  target: Labels | F32,
  options?: CrossEntropyOptions & { readonly reduction?: "mean" | "sum" },
): F32<readonly []>;
export function softmaxCrossEntropy(logits: F32, target: Labels | F32, options: CrossEntropyOptions): F32<Shape>;
export function softmaxCrossEntropy(logits: F32, target: Labels | F32, options: CrossEntropyOptions = {}): F32 {
  return classify(true, logits, target, options);
}

/**
 * −w_label · logProbabilities[label] of each row, reduced; for scores that went through logSoftmax already.
 * @throws UnrollError `shape`, `dtype`, `argument` when something does not fit.
 */
export function nllLoss(
  logProbabilities: F32,
  labels: Labels,
  options?: NllLossOptions & { readonly reduction?: "mean" | "sum" },
): F32<readonly []>;
export function nllLoss(logProbabilities: F32, labels: Labels, options: NllLossOptions): F32<Shape>;
export function nllLoss(logProbabilities: F32, labels: Labels, options: NllLossOptions = {}): F32 {
  return classify(false, logProbabilities, labels, options);
}
