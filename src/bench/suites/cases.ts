import { type F32, input, type Tensor } from "../../graph/tensor.ts";
import { mul } from "../../ops/pointwise/arithmetic.ts";
import { sum } from "../../ops/reduce/sums.ts";
import { gradient } from "../../program/gradient.ts";
import type { OpCase } from "../node-subject.ts";

type Values = OpCase["values"];

/** The nodes of these ops behind some tensors, each as a case of its own: `{ conv2dFilterGradient: "gradient of the filter" }`. */
export function casesOf(name: string, tensors: readonly Tensor[], wanted: Readonly<Record<string, string>>, values?: Values): OpCase[] {
  const found = new Map<string, Tensor>();
  const seen = new Set<Tensor>();
  const look = (tensor: Tensor): void => {
    if (seen.has(tensor)) return;
    seen.add(tensor);
    if (tensor.source.kind !== "node") return;
    const { node } = tensor.source;
    if (Object.hasOwn(wanted, node.op.name) && !found.has(node.op.name)) found.set(node.op.name, tensor);
    node.inputs.forEach(look);
  };
  tensors.forEach(look);
  return Object.entries(wanted).map(([op, part]) => {
    const tensor = found.get(op);
    if (!tensor) throw new Error(`bench "${name}": there is no ${op} in it`);
    return { name: part ? `${name}, ${part}` : name, tensor, values };
  });
}

/** y and the gradients of Σ y·dy, for a dy from outside. */
export function withGradients(y: F32, of: readonly Tensor[]): Tensor[] {
  const dy = input(y.shape);
  return [y, ...gradient(sum(mul(y, dy)), of as F32[]).tensors];
}

/** Variables that nothing but the shape matters of; the bench fills them. */
export const shaped = <const S extends readonly number[]>(shape: S) => input(shape);
