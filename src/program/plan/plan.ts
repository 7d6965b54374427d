import { attempt } from "../../graph/on-demand.ts";
import type { DeviceTraits, Lowering } from "../../graph/op.ts";
import type { Node, Tensor, Variable } from "../../graph/tensor.ts";
import { byteLength, sizeOf, type TensorType } from "../../graph/types.ts";
import type { Update } from "../../graph/update.ts";
import { withChecks } from "../indices/check.ts";
import type { InputRange, TensorRange } from "../indices/range.ts";
import { traceIndices } from "../indices/trace.ts";
import { leavesOf, nodesOf } from "../order.ts";
import { chooseVariant, type VariantChoice } from "./choose.ts";
import { placeGradients } from "./gradients.ts";
import { simplify } from "./simplify.ts";
import { assignSlots, type Lifetime } from "./slots.ts";

/** What is compiled: outputs by name, and what changes at the end of a run. */
export interface GraphSpec {
  readonly inputs: Readonly<Record<string, Tensor>>;
  readonly outputs: Readonly<Record<string, Tensor>>;
  readonly updates: readonly Update[];
}

/** Where a value lives. */
export type Place =
  | { readonly kind: "leaf"; readonly tensor: Tensor }
  | { readonly kind: "slot"; readonly slot: number }
  /** In the flat buffer of gradients, at the place of the variable. */
  | { readonly kind: "gradient"; readonly variable: Variable };

export interface PlannedNode {
  readonly node: Node;
  readonly variant: string;
  readonly lowering: Lowering;
  /** The input whose buffer output 0 takes over. */
  readonly inPlace: number | undefined;
  readonly temporaries: readonly Place[];
}

export interface Plan {
  readonly nodes: readonly PlannedNode[];
  readonly leaves: ReadonlySet<Tensor>;
  readonly placeOf: (tensor: Tensor) => Place;
  /** The computed tensor or leaf whose bytes a tensor of the graph has: views and merged nodes followed. */
  readonly valueOf: (tensor: Tensor) => Tensor;
  /** Bytes of each slot. */
  readonly slots: readonly number[];
  /** Bytes of all slots: the memory for activations. */
  readonly peakBytes: number;
  /** What the slots were shared out to. */
  readonly lifetimes: readonly Lifetime[];
  /** Indices in inputs, which runs check on the host; and those that nodes of the plan check on the GPU. */
  readonly indices: readonly InputRange[];
  readonly checks: readonly TensorRange[];
}

export interface PlanOptions {
  readonly variants?: VariantChoice;
}

/** What must exist when the nodes are done. */
export function rootsOf({ outputs, updates }: GraphSpec): Tensor[] {
  const roots = Object.values(outputs).filter((tensor) => tensor.source.kind !== "norm");
  for (const update of updates) {
    if (update.kind === "assign") roots.push(update.value);
    else {
      roots.push(update.gradients.loss, ...update.gradients.tensors);
      if (typeof update.optimizer.learningRate !== "number") roots.push(update.optimizer.learningRate);
    }
  }
  return roots;
}

const slotBytes = (bytes: number): number => Math.max(16, Math.ceil(bytes / 16) * 16);

/** Order, kernel variants and memory for a graph. Pure: touches no device. */
export function makePlan(spec: GraphSpec, traits: DeviceTraits, options: PlanOptions = {}): Plan {
  const roots = rootsOf(spec);
  const simplified = simplify(nodesOf(roots), roots);
  const unchecked = [...simplified.nodes];
  const { gradients, copied } = placeGradients(spec, unchecked, simplified.tensor);
  const { inputs: indices, computed } = traceIndices(unchecked, spec.inputs);
  const { nodes, checks } = withChecks(unchecked, computed);

  // A view has the bytes of what it views; in place, an output takes over an input's. Both are followed to the value that owns them.
  const views = new Map<Tensor, Tensor>();
  for (const node of nodes) if (node.op.view) views.set(node.outputs[0], node.inputs[0]);
  const valueOf = (original: Tensor): Tensor => {
    let tensor = simplified.tensor(original);
    for (let next = views.get(tensor); next; next = views.get(tensor)) tensor = next;
    return tensor;
  };
  const owners = new Map(views);
  const ownerOf = (original: Tensor): Tensor => {
    let tensor = simplified.tensor(original);
    for (let next = owners.get(tensor); next; next = owners.get(tensor)) tensor = next;
    return tensor;
  };

  const end = nodes.length;
  const lastUse = new Map<Tensor, number>();
  nodes.forEach((node, i) => {
    for (const t of node.inputs) lastUse.set(ownerOf(t), i);
  });
  for (const root of roots) if (!copied.has(root)) lastUse.set(ownerOf(root), end);

  const lifetimes: Lifetime[] = [];
  const lifetimeOf = new Map<Tensor, number>();
  const temporariesOf = new Map<Node, number[]>();
  const chosen: { node: Node; variant: string; lowering: Lowering; inPlace: number | undefined }[] = [];

  nodes.forEach((node, i) => {
    if (node.op.view) return;
    const variant = chooseVariant(node, traits, options.variants);
    const inPlace = (variant.inPlace?.(node) ?? []).find((k) => canTakeOver(node, k, i));
    const lowering = attempt(() => variant.plan(node, traits, inPlace), { dispatches: [] });
    chosen.push({ node, variant: variant.name, lowering, inPlace });
    node.outputs.forEach((output, k) => {
      if (gradients.has(output)) return;
      const to = lastUse.get(output) ?? i;
      if (k === 0 && inPlace !== undefined) {
        const owner = ownerOf(node.inputs[inPlace]);
        owners.set(output, owner);
        lifetimes[lifetimeOf.get(owner) as number].to = to;
        lastUse.set(owner, to);
      } else {
        lifetimeOf.set(output, lifetimes.length);
        lifetimes.push({ bytes: slotBytes(byteLength(output)), from: i, to });
      }
    });
    const temporaries = (lowering.temporaries ?? []).map((type) => {
      lifetimes.push({ bytes: slotBytes(byteLength(type)), from: i, to: i });
      return lifetimes.length - 1;
    });
    temporariesOf.set(node, temporaries);
  });

  /** In place is safe when nothing else needs the input any more and it is bound once. */
  function canTakeOver(node: Node, k: number, at: number): boolean {
    const owner = ownerOf(node.inputs[k]);
    return (
      lifetimeOf.has(owner) &&
      lastUse.get(owner) === at &&
      !gradients.has(node.outputs[0]) &&
      node.inputs.filter((t) => ownerOf(t) === owner).length === 1 &&
      node.inputs[k].dtype === node.outputs[0].dtype &&
      sizeOf(owner.shape) === sizeOf(node.outputs[0].shape)
    );
  }

  const assignment = lifetimes.length > 0 ? assignSlots(lifetimes) : { slots: [], slotOf: [], total: 0 };
  const placeOf = (tensor: Tensor): Place => {
    const owner = ownerOf(tensor);
    const variable = gradients.get(owner);
    if (variable) return { kind: "gradient", variable };
    const lifetime = lifetimeOf.get(owner);
    return lifetime === undefined ? { kind: "leaf", tensor: owner } : { kind: "slot", slot: assignment.slotOf[lifetime] };
  };
  return {
    nodes: chosen.map((entry) => ({
      ...entry,
      temporaries: (temporariesOf.get(entry.node) ?? []).map((lifetime): Place => ({ kind: "slot", slot: assignment.slotOf[lifetime] })),
    })),
    leaves: leavesOf(roots.map(simplified.tensor), nodes),
    placeOf,
    valueOf,
    slots: assignment.slots,
    peakBytes: assignment.total,
    lifetimes,
    indices,
    checks,
  };
}

/** The same nodes and variants, but every value keeps a slot of its own and nothing is computed in place. */
export function keepAll(plan: Plan, traits: DeviceTraits): Plan {
  const slots: number[] = [];
  const newSlot = (type: TensorType): Place => ({ kind: "slot", slot: slots.push(slotBytes(byteLength(type))) - 1 });
  const places = new Map<Tensor, Place>();
  const nodes = plan.nodes.map(({ node, variant }): PlannedNode => {
    const lowering = chooseVariant(node, traits, { [node.op.name]: variant }).plan(node, traits);
    for (const output of node.outputs) places.set(output, newSlot(output));
    return { node, variant, lowering, inPlace: undefined, temporaries: (lowering.temporaries ?? []).map(newSlot) };
  });
  const placeOf = (original: Tensor): Place => {
    const tensor = plan.valueOf(original);
    return places.get(tensor) ?? { kind: "leaf", tensor };
  };
  const bytes = slots.reduce((sum, slot) => sum + slot, 0);
  return { ...plan, nodes, placeOf, slots, peakBytes: bytes, lifetimes: [] };
}
