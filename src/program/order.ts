import type { Node, Tensor } from "../graph/tensor.ts";

/**
 * All nodes that `outputs` depend on, each after the nodes that it reads (depth first, so that values die early). `inputsOf` says what a
 * node reads.
 */
export function nodesOf(outputs: Iterable<Tensor>, inputsOf = (node: Node): readonly Tensor[] => node.inputs): Node[] {
  const order: Node[] = [];
  const seen = new Set<Node>();
  // An explicit stack: long chains of ops must not overflow the call stack.
  const stack: { node: Node; next: number }[] = [];
  const enter = (tensor: Tensor) => {
    if (tensor.source.kind === "node" && !seen.has(tensor.source.node)) {
      seen.add(tensor.source.node);
      stack.push({ node: tensor.source.node, next: 0 });
    }
  };
  for (const output of outputs) {
    enter(output);
    while (stack.length > 0) {
      const top = stack[stack.length - 1];
      const inputs = inputsOf(top.node);
      if (top.next < inputs.length) enter(inputs[top.next++]);
      else {
        order.push(top.node);
        stack.pop();
      }
    }
  }
  return order;
}

/** The tensors that no node computes (inputs, variables, constants, counters, norms) among `outputs` and what they depend on. */
export function leavesOf(outputs: Iterable<Tensor>, nodes: readonly Node[]): Set<Tensor> {
  const leaves = new Set<Tensor>();
  const visit = (tensor: Tensor) => {
    if (tensor.source.kind !== "node") leaves.add(tensor);
  };
  for (const output of outputs) visit(output);
  for (const node of nodes) node.inputs.forEach(visit);
  return leaves;
}
