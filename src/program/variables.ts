import type { Tensor, Variable } from "../graph/tensor.ts";
import type { GraphSpec } from "./plan/plan.ts";

/** The variables that a program reads or writes. */
export function variablesOf(spec: GraphSpec, leaves: Iterable<Tensor>): Variable[] {
  const variables = new Set<Variable>();
  for (const leaf of leaves) if (leaf.source.kind === "variable") variables.add(leaf as Variable);
  for (const update of spec.updates) {
    if (update.kind === "assign") variables.add(update.variable);
    else for (const variable of update.gradients.wrt) variables.add(variable as Variable);
  }
  return [...variables];
}
