import { check } from "../../errors.ts";
import type { Node, Tensor } from "../../graph/tensor.ts";
import { formatType, type TensorType } from "../../graph/types.ts";
import { isPlainObject } from "../../host.ts";

/** A list of nodes in order, and what each tensor of the original graph has become in it. */
export interface Simplified {
  readonly nodes: readonly Node[];
  readonly tensor: (original: Tensor) => Tensor;
}

/** Merges nodes that compute the same thing, then lets kernels take over the work of their only reader (bias, activation). */
export function simplify(nodes: readonly Node[], roots: readonly Tensor[]): Simplified {
  const merged = merge(nodes);
  const kept = new Set(roots.map(merged.tensor));
  return { nodes: fuse(merged.nodes, kept), tensor: merged.tensor };
}

function merge(nodes: readonly Node[]): Simplified {
  const replaced = new Map<Tensor, Tensor>();
  const tensor = (original: Tensor) => replaced.get(original) ?? original;
  const known = new Map<string, Node>();
  const ids = new Map<object, number>();
  const result: Node[] = [];
  for (const original of nodes) {
    const inputs = original.inputs.map(tensor);
    const node: Node = inputs.some((t, i) => t !== original.inputs[i]) ? { ...original, inputs } : original;
    const key = node.op.random
      ? undefined
      : [keyOf(node.op, ids, 0), ...inputs.map((t) => idOf(t, ids)), keyOf(node.attributes, ids)].join();
    const same = key === undefined ? undefined : known.get(key);
    if (same) {
      for (const [i, output] of original.outputs.entries()) replaced.set(output, same.outputs[i]);
    } else {
      if (key !== undefined) known.set(key, node);
      result.push(node);
    }
  }
  return { nodes: result, tensor };
}

function idOf(value: object, ids: Map<object, number>): number {
  const id = ids.get(value) ?? ids.size;
  ids.set(value, id);
  return id;
}

/** Equal for attributes of equal structure; functions and deep or special objects count by identity. */
function keyOf(value: unknown, ids: Map<object, number>, depth = 4): string {
  if (value === null || typeof value !== "object")
    return typeof value === "function" ? `#${idOf(value, ids)}` : `${typeof value}:${String(value)}`;
  if (depth === 0 || !(isPlainObject(value) || Array.isArray(value))) return `#${idOf(value, ids)}`;
  return `{${Object.entries(value)
    .map(([name, part]) => `${name}=${keyOf(part, ids, depth - 1)}`)
    .join()}}`;
}

function fuse(nodes: readonly Node[], kept: ReadonlySet<Tensor>): Node[] {
  const readers = new Map<Tensor, Node[]>();
  for (const node of nodes) for (const t of node.inputs) readers.set(t, [...(readers.get(t) ?? []), node]);
  /** Another output of the node could be read before the reader's place, where the fused node will stand. */
  const onlyReader = ({ outputs }: Node): Node | undefined => {
    const [reader, another] = readers.get(outputs[0]) ?? [];
    return outputs.length === 1 && !another ? reader : undefined;
  };
  const gone = new Set<Node>();
  const current = new Map<Node, Node>();
  for (const original of nodes) {
    if (gone.has(original)) continue;
    let node = current.get(original) ?? original;
    let place = original;
    for (;;) {
      const [output] = node.outputs;
      const consumer = onlyReader(node);
      // A reader that was taken over already has the inputs of its new form.
      if (!consumer || !node.op.absorb || kept.has(output) || current.has(consumer)) break;
      const fused = node.op.absorb(node, consumer);
      if (!fused) break;
      const { outputs } = consumer;
      const next: Node = { op: fused.op as unknown as Node["op"], inputs: fused.inputs, attributes: fused.attributes, outputs };
      const typed = (types: readonly TensorType[]) => types.map(formatType).join(", ");
      const types = typed(next.op.shape(next.inputs, next.attributes));
      check(types === typed(outputs), "shape", () => `${node.op.name} absorbs ${consumer.op.name}: ${types} instead of ${typed(outputs)}`);
      gone.add(place);
      current.delete(place);
      place = consumer;
      node = next;
      current.set(place, node);
    }
  }
  // A fused node stands where the last node that it replaces stood: all that it reads is there by then.
  return nodes.filter((node) => !gone.has(node)).map((node) => current.get(node) ?? node);
}
