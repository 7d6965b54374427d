import { check, describe, UnrollError } from "../errors.ts";
import { type Node, Tensor } from "../graph/tensor.ts";
import { formatType, sizeOf } from "../graph/types.ts";
import { tagOf, typedArrayName } from "../host.ts";
import { nodesOf } from "./order.ts";

/** Values of leaves (inputs, variables, counters), row-major. */
export type Feeds = ReadonlyMap<Tensor, ArrayLike<number>>;

/** One node through its reference. */
export function evaluateNode(node: Node, inputs: readonly Float64Array[]): Float64Array[] {
  const outputs = node.outputs.map((output) => new Float64Array(sizeOf(output.shape)));
  node.op.reference(node, inputs, outputs);
  return outputs;
}

/**
 * The values of `outputs`, computed in f64 by the references of the ops: slow, and independent of any GPU. Constants need no feed.
 * @throws UnrollError `name` when a leaf has no feed, `size` when a feed has the wrong length.
 */
export function evaluate(outputs: readonly Tensor[], feeds: Feeds): Float64Array[] {
  check(
    Array.isArray(outputs) && [...outputs].every((output) => output instanceof Tensor) && tagOf(feeds) === "Map",
    "argument",
    () => `evaluate: give an array of tensors and a Map from tensors to values, not ${describe(outputs)} and ${describe(feeds)}`,
  );
  const values = new Map<Tensor, Float64Array>();
  const valueOf = (tensor: Tensor): Float64Array => {
    const known = values.get(tensor);
    if (known) return known;
    const value = leafValue(tensor, feeds);
    values.set(tensor, value);
    return value;
  };
  for (const node of nodesOf(outputs)) {
    // A fed intermediate is taken as given.
    if (node.outputs.every((output) => feeds.has(output))) continue;
    for (const [i, value] of evaluateNode(node, node.inputs.map(valueOf)).entries()) values.set(node.outputs[i], value);
  }
  return outputs.map(valueOf);
}

function leafValue(tensor: Tensor, feeds: Feeds): Float64Array {
  const feed = feeds.get(tensor) ?? (tensor.source.kind === "constant" ? tensor.source.data : undefined);
  if (!feed)
    throw new UnrollError("name", `evaluate: no values were given for a tensor of kind "${tensor.source.kind}", ${formatType(tensor)}`);
  check(feed.length === tensor.size, "size", () => `evaluate: ${formatType(tensor)} needs ${tensor.size} values, not ${feed.length}`);
  return typedArrayName(feed) === "Float64Array" ? (feed as Float64Array) : Float64Array.from(feed);
}
