import type { Node } from "../../graph/tensor.ts";
import { indexCheckOp } from "../../ops/index-check.ts";
import type { TensorRange } from "./range.ts";
import type { ComputedIndices } from "./trace.ts";

/** `nodes` with a check before the first use of what is computed, and what the checks are of, by number. */
export function withChecks(nodes: readonly Node[], computed: readonly ComputedIndices[]): { nodes: Node[]; checks: TensorRange[] } {
  const before = new Map<Node, Node[]>();
  const checks = computed.map(({ node, tensor, range, mask }, number): TensorRange => {
    const inputs = mask ? [tensor, mask] : [tensor];
    const added = { op: indexCheckOp, inputs, attributes: { range, number }, outputs: [] } as unknown as Node;
    before.set(node, [...(before.get(node) ?? []), added]);
    const { dtype, shape } = tensor;
    return { ...range, type: { dtype, shape } };
  });
  return { nodes: nodes.flatMap((node) => [...(before.get(node) ?? []), node]), checks };
}
