import { type CrossEntropyOptions, gradient, logSoftmax, mul, softmax, softmaxCrossEntropy, sum } from "../../../src/index.ts";
import type { Case } from "./case.ts";
import type { CaseGraph } from "./graph.ts";

/** Case loss/ce_*: logits [N, C, …] against labels or probabilities; with reduction none the gradient of Σ loss·grad_loss. */
export function buildTorchLoss(graph: CaseGraph, c: Case): void {
  const { reduction, ignore_index, label_smoothing, class_axis } = c.attributes as {
    reduction: "mean" | "sum" | "none";
    ignore_index: number | null;
    label_smoothing: number;
    class_axis: number;
  };
  const { inputs } = c;
  const logits = graph.f32("logits", inputs.logits);
  const options: CrossEntropyOptions = {
    axis: class_axis,
    reduction,
    labelSmoothing: label_smoothing,
    ignoreIndex: ignore_index ?? undefined,
    classWeights: inputs.class_weight && (graph.f32("class_weight", inputs.class_weight) as CrossEntropyOptions["classWeights"]),
  };
  const target = inputs.label ? graph.i32("label", inputs.label) : graph.f32("target", inputs.target);
  const loss = softmaxCrossEntropy(logits, target, options);
  const total = reduction === "none" ? sum(mul(loss, graph.f32("grad_loss", inputs.grad_loss))) : loss;
  Object.assign(graph.outputs, {
    loss,
    softmax: softmax(logits, { axis: class_axis }),
    log_softmax: logSoftmax(logits, { axis: class_axis }),
    "grad.logits": gradient(total, [logits]).of(logits),
  });
}
