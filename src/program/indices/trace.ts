import type { Box, IndexRange } from "../../graph/op.ts";
import { type Node, type Tensor, Variable } from "../../graph/tensor.ts";
import { sizeOf } from "../../graph/types.ts";
import type { Part } from "../../ops/index-check.ts";
import { nodesOf } from "../order.ts";
import { allows, type InputRange, MOST_PARTS, type NamedRange, outOfRange } from "./range.ts";

/*
 * Where the indices that ops use come from: traced through ops that only move elements, back to inputs, constants and what is computed.
 */

/** Indices that can only be checked on the GPU, before `node` uses them. */
export interface ComputedIndices {
  readonly node: Node;
  readonly tensor: Tensor;
  readonly range: NamedRange;
  readonly mask: Tensor | undefined;
}

export interface Traced {
  readonly inputs: readonly InputRange[];
  readonly computed: readonly ComputedIndices[];
}

/** An element of the k-th input is worth (k + 1) · 2^40 + its place; a number is itself. */
const INPUT = 2 ** 40;
/** A computed one is NaN; where it is known to be below n, −n · 2^40. */
const COMPUTED = Number.NaN;

/** With more, the host would walk in steps of single elements. */
const MOST_HOST_PARTS = 4096;

/**
 * Finds all indices that `nodes` use.
 * @throws UnrollError `range` for a constant that is none.
 */
export function traceIndices(nodes: readonly Node[], inputs: Readonly<Record<string, Tensor>>): Traced {
  const names = new Map(Object.entries(inputs).map(([name, tensor]) => [tensor, name]));
  const found: { inputs: InputRange[]; computed: ComputedIndices[] } = { inputs: [], computed: [] };
  const seen = new Set<string>();
  const ids = new Map<Tensor, number>();
  const idOf = (tensor: Tensor | undefined): number => (tensor ? (ids.get(tensor) ?? ids.set(tensor, ids.size).size - 1) : -1);
  for (const node of nodes)
    (node.op.indices?.(node) ?? []).forEach((range, k) => {
      const tensor = rootOf(node.inputs[k]);
      if (!range || sizeOf(tensor.shape) === 0) return;
      const mask = range.mask === undefined ? undefined : node.inputs[range.mask];
      // What two ops use alike is checked once.
      const key = [idOf(tensor), range.low, range.high, range.ignore, idOf(mask && rootOf(mask))].join();
      if (seen.has(key)) return;
      seen.add(key);
      traceOne({ node, tensor: node.inputs[k], range: named(node, range), mask }, tensor, names, found);
    });
  return found;
}

/** Reshapes followed back. */
function rootOf(tensor: Tensor): Tensor {
  let root = tensor;
  while (root.source.kind === "node" && root.source.node.op.view) root = root.source.node.inputs[0];
  return root;
}

function named({ op, inputs }: Node, { low, high, ignore, of, from }: IndexRange): NamedRange {
  const table = from === undefined ? undefined : inputs[from];
  const where = table instanceof Variable ? ` of variable "${table.name}"` : "";
  return { low, high, ...(ignore === undefined ? {} : { ignore }), op: op.name, of: `${of}${where}` };
}

function traceOne(
  use: ComputedIndices,
  root: Tensor,
  names: ReadonlyMap<Tensor, string>,
  found: { readonly inputs: InputRange[]; readonly computed: ComputedIndices[] },
): void {
  const { range } = use;
  const name = names.get(root);
  const maskName = use.mask && names.get(rootOf(use.mask));
  if (use.mask && !(name !== undefined && maskName !== undefined)) {
    // Which of them count is known on the GPU only.
    found.computed.push(use);
    return;
  }
  if (name !== undefined) {
    const size = sizeOf(root.shape);
    found.inputs.push({ input: name, parts: [[0, size, size, 1]], ...range, ...(maskName === undefined ? {} : { mask: maskName }) });
    return;
  }
  if (root.source.kind === "variable" || root.source.kind === "counter") {
    found.computed.push(use);
    return;
  }
  const sources = [...names.keys()];
  const reached = new Map<Tensor, Uint8Array>();
  let computed = false;
  originsOf(root, sources).forEach((origin, at) => {
    if (origin >= INPUT) {
      const source = sources[Math.floor(origin / INPUT) - 1];
      const marks = reached.get(source) ?? new Uint8Array(sizeOf(source.shape));
      reached.set(source, marks);
      marks[origin % INPUT] = 1;
    } else if (Number.isNaN(origin)) computed = true;
    else if (origin <= -INPUT) computed ||= range.low > 0 || -origin / INPUT - 1 > range.high;
    else if (!allows(range, origin)) throw outOfRange(`compile: the constant for ${range.op}`, use.tensor, at, origin, range);
  });
  for (const [source, marks] of reached) {
    const parts = partsOf(marks);
    computed ||= parts.length > MOST_PARTS;
    if (parts.length <= MOST_HOST_PARTS) found.inputs.push({ input: names.get(source) as string, parts, ...range });
  }
  if (computed) found.computed.push(use);
}

const movesElements = ({ op }: Node): boolean => op.view === true || op.moves !== undefined;

/** Where each element of a tensor comes from. */
function originsOf(tensor: Tensor, inputs: readonly Tensor[]): Float64Array {
  const known = new Map<Tensor, Float64Array>();
  const of = (t: Tensor): Float64Array => known.get(t) ?? leafOrigins(t, inputs);
  for (const node of nodesOf([tensor], (n) => (movesElements(n) ? n.inputs : [])))
    if (movesElements(node)) known.set(node.outputs[0], moved(node, node.inputs.map(of)));
  return of(tensor);
}

function leafOrigins(tensor: Tensor, inputs: readonly Tensor[]): Float64Array {
  const { source } = tensor;
  const number = inputs.indexOf(tensor) + 1;
  if (number > 0) return Float64Array.from({ length: sizeOf(tensor.shape) }, (_, place) => number * INPUT + place);
  if (source.kind === "constant") return Float64Array.from(source.data);
  const below = source.kind === "node" && source.index === 0 ? source.node.op.below?.(source.node) : undefined;
  return new Float64Array(sizeOf(tensor.shape)).fill(below === undefined ? COMPUTED : -below * INPUT);
}

function moved(node: Node, inputs: readonly Float64Array[]): Float64Array {
  if (node.op.view || !node.op.moves) return inputs[0];
  const { boxes, fill = 0 } = node.op.moves(node);
  const output = new Float64Array(sizeOf(node.outputs[0].shape)).fill(fill);
  for (const { input, box, scatter } of boxes)
    eachPlace(box, (i, place) => {
      if (scatter) output[place] = inputs[input][i];
      else output[i] = inputs[input][place];
    });
  return output;
}

function eachPlace({ sizes, strides, base }: Box, visit: (i: number, place: number) => void): void {
  const count = sizeOf(sizes);
  const at = sizes.map(() => 0);
  let place = base;
  for (let i = 0; i < count; i++) {
    visit(i, place);
    for (let d = sizes.length - 1; d >= 0; d--) {
      place += strides[d];
      if (++at[d] < sizes[d]) break;
      place -= strides[d] * sizes[d];
      at[d] = 0;
    }
  }
}

/** What is marked, as few parts. */
function partsOf(marks: Uint8Array): Part[] {
  const runs: [start: number, length: number][] = [];
  for (let i = 0; i < marks.length; i++) {
    if (!marks[i]) continue;
    const last = runs[runs.length - 1];
    if (last && last[0] + last[1] === i) last[1]++;
    else runs.push([i, 1]);
  }
  const parts: [start: number, length: number, step: number, times: number][] = [];
  for (const [start, length] of runs) {
    const last = parts[parts.length - 1];
    const step = last ? start - (last[0] + (last[3] - 1) * last[2]) : 0;
    if (last && last[1] === length && (last[3] === 1 || last[2] === step)) {
      last[2] = step;
      last[3]++;
    } else parts.push([start, length, length, 1]);
  }
  return parts;
}
