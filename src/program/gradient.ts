import { check, describe, UnrollError } from "../errors.ts";
import { constant, type F32, type Node, Tensor, Variable } from "../graph/tensor.ts";
import { formatType, sameShape, sizeOf } from "../graph/types.ts";
import { Gradients } from "../graph/update.ts";
import { add } from "../ops/pointwise/arithmetic.ts";
import { nodesOf } from "./order.ts";

/**
 * dLoss/dTensor for each of `wrt` (variables, inputs or intermediates), by one reverse pass over the graph (reverse-mode
 * differentiation; Griewank and Walther, Evaluating Derivatives, 2008). The gradients are graphs of ops like any other.
 * @param loss f32 with one element.
 * @throws UnrollError `shape` when the loss has more than one element, `gradient` when it does not depend on one of `wrt`.
 */
export function gradient<const W extends readonly Tensor[]>(loss: Tensor, wrt: W): Gradients<W> {
  check(loss instanceof Tensor, "argument", () => `gradient: the loss must be a tensor, not ${describe(loss)}`);
  check(loss.dtype === "f32" && sizeOf(loss.shape) === 1, "shape", () => `gradient: the loss must be one f32, not ${formatType(loss)}`);
  check(Array.isArray(wrt) && wrt.length > 0, "argument", "gradient: the second argument must be an array of tensors that is not empty");
  for (const tensor of wrt) {
    check(tensor instanceof Tensor, "argument", () => `gradient: cannot differentiate with respect to ${describe(tensor)}`);
    check(tensor.dtype === "f32", "dtype", () => `gradient: cannot differentiate with respect to ${formatType(tensor)}`);
  }
  const asked = new Set<Tensor>(wrt);
  /** What an op was applied to in the caller's words, where one of `wrt` would be passed by. */
  const written = (node: Node): Node => (node.asWritten && asked.has(node.asWritten.of) ? node.asWritten.node : node);
  const nodes = nodesOf([loss], (node) => written(node).inputs);

  // A tensor needs a gradient when it is one of `wrt`, or comes from one.
  const needed = new Set<Tensor>(wrt);
  for (const node of nodes) if (written(node).inputs.some((t) => needed.has(t))) for (const output of node.outputs) needed.add(output);

  const gradients = new Map<Tensor, Tensor>([[loss, constant(1, loss.shape)]]);
  for (const node of nodes.toReversed()) {
    const upstream = node.outputs.map((output) => gradients.get(output));
    const { op, inputs, outputs, attributes } = written(node);
    const needs = inputs.map((t) => needed.has(t) && t.dtype === "f32");
    if (!upstream.some(Boolean) || !needs.some(Boolean)) continue;
    op.gradient({ inputs, outputs, attributes, gradients: upstream, needs }).forEach((contribution, i) => {
      if (!contribution || !needs[i]) return;
      check(
        sameShape(contribution.shape, inputs[i].shape),
        "shape",
        () => `gradient of ${op.name}: ${formatType(contribution)} for input ${i} of type ${formatType(inputs[i])}`,
      );
      const sum = gradients.get(inputs[i]);
      gradients.set(inputs[i], sum ? add(sum as F32, contribution as F32) : contribution);
    });
  }

  const tensors = wrt.map((tensor, i) => {
    const found = gradients.get(tensor);
    if (found) return found;
    const name = tensor instanceof Variable ? `variable "${tensor.name}"` : `tensor ${i}, ${formatType(tensor)},`;
    throw new UnrollError("gradient", `gradient: the loss does not depend on ${name} in a way that can be differentiated`);
  });
  return new Gradients(loss, wrt, tensors);
}
