import { logSoftmax, type NllLossOptions, nllLoss, softmaxCrossEntropy, type Tensor } from "../../../src/index.ts";
import type { OnnxNode } from "./build-onnx.ts";

/** The class axis of ONNX is 1; weights [C] are the third operand. */
function optionsOf({ x, has, optional, text }: OnnxNode): NllLossOptions {
  const reduction = text("reduction", "mean");
  if (reduction !== "mean" && reduction !== "sum" && reduction !== "none") throw new Error(`reduction ${reduction}`);
  const classWeights = has(2) ? (x(2) as NllLossOptions["classWeights"]) : undefined;
  return { axis: 1, classWeights, ignoreIndex: optional("ignore_index"), reduction };
}

/** Labels [N, d…], log-probabilities [N, C, d…]. */
export const buildNegativeLogLikelihood = (node: OnnxNode): Tensor =>
  nllLoss(node.x(0), node.graph.i32("labels", node.values(1)), optionsOf(node));

/** Cross entropy of logits [N, C, d…] with labels [N, d…]; the second output is the log-softmax. */
export function buildSoftmaxCrossEntropy(node: OnnxNode): Record<string, Tensor> {
  const logits = node.x(0);
  const labels = node.graph.i32("labels", node.values(1));
  const all: Record<string, () => Tensor> = {
    output0: () => softmaxCrossEntropy(logits, labels, optionsOf(node)),
    output1: () => logSoftmax(logits, { axis: 1 }),
  };
  return Object.fromEntries(node.asked.map((output) => [output, all[output]()]));
}
