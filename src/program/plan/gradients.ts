import type { Node, Tensor, Variable } from "../../graph/tensor.ts";
import { copy } from "../../ops/copy.ts";
import type { GraphSpec } from "./plan.ts";

/**
 * Gradients are computed right where norm, clip and update read them: in flat buffers laid out like the variables. Where that cannot
 * be (the gradient is no fresh value, or its kernel reads another gradient from the same buffer) it is copied there last.
 * Appends the copies to `nodes`. `copied` are the roots that need not outlive their copy.
 */
export function placeGradients(
  { updates, outputs }: GraphSpec,
  nodes: Node[],
  simplified: (tensor: Tensor) => Tensor,
): { gradients: Map<Tensor, Variable>; copied: Set<Tensor> } {
  const makers = new Map<Tensor, Node>();
  for (const node of nodes) for (const output of node.outputs) makers.set(output, node);
  const rootOf = (tensor: Tensor): Tensor => {
    const node = makers.get(tensor);
    return node?.op.view ? rootOf(node.inputs[0]) : tensor;
  };
  const gradients = new Map<Tensor, Variable>();
  const copied = new Set<Tensor>();
  const late: { tensor: Tensor; variable: Variable }[] = [];
  const targets = updates.flatMap((update) =>
    update.kind === "optimize"
      ? update.gradients.tensors.map((tensor, i) => ({ tensor, variable: update.gradients.wrt[i] as Variable }))
      : [],
  );
  for (const { tensor, variable } of targets) {
    const root = rootOf(simplified(tensor));
    const maker = makers.get(root);
    const readsGradient = maker?.inputs.some((t) => gradients.has(rootOf(t)));
    if (maker && !gradients.has(root) && !readsGradient) gradients.set(root, variable);
    else late.push({ tensor, variable });
  }
  // A gradient that was placed may be read by the maker of one that was placed before it.
  for (const [root, variable] of [...gradients])
    if (makers.get(root)?.inputs.some((t) => gradients.has(rootOf(t)))) {
      gradients.delete(root);
      late.push({ tensor: root, variable });
    }
  // One gradient of several variables (of two biases that are added, say) is computed in a slot and copied to each.
  for (const { tensor } of [...late]) {
    const root = rootOf(simplified(tensor));
    const variable = gradients.get(root);
    if (!variable) continue;
    gradients.delete(root);
    late.push({ tensor: root, variable });
  }
  const named = new Set(Object.values(outputs));
  for (const { tensor, variable } of late) {
    const result = copy(simplified(tensor));
    if (result.source.kind === "node") nodes.push(result.source.node);
    gradients.set(result, variable);
    if (!named.has(tensor)) copied.add(tensor);
  }
  return { gradients, copied };
}
