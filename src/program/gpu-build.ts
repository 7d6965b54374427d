import { check } from "../errors.ts";
import { evenBytes, type Gpu, USAGE } from "../gpu/gpu.ts";
import type { Location, PlacedDispatch } from "../gpu/recorder.ts";
import type { Dispatch, Operand } from "../graph/op.ts";
import type { Tensor, Variable } from "../graph/tensor.ts";
import { byteLength, type HostArray } from "../graph/types.ts";
import { assemble, type Built, type Made, makeReadbacks, type Own, STATUS_BYTES, statusOf } from "./built.ts";
import type { GpuParts } from "./parts.ts";
import type { GraphSpec, Place, Plan, PlannedNode } from "./plan/plan.ts";
import { placeUpdates, updateKernels } from "./updates.ts";
import { variablesOf } from "./variables.ts";

const STORAGE = USAGE.STORAGE | USAGE.COPY_SRC | USAGE.COPY_DST;

/** Compiles and allocates a plan. Leaves nothing behind when it fails. */
export async function build(parts: GpuParts, label: string, id: number, spec: GraphSpec, plan: Plan): Promise<Built> {
  const { gpu } = parts;
  checkLimits(gpu, label, plan);
  const kernels = [
    ...plan.nodes.flatMap(({ lowering }) => lowering.dispatches.map(({ kernel }) => kernel)),
    ...updateKernels(spec.updates, gpu.traits),
  ];
  return assemble(parts, label, kernels, (own) => makeAll(parts, label, id, spec, plan, own));
}

/** Variables, buffers and places of a plan, without waiting for anything. */
export function makeAll(
  parts: Pick<GpuParts, "gpu" | "store" | "status">,
  label: string,
  id: number,
  spec: GraphSpec,
  plan: Plan,
  own: Own,
): Made {
  const { gpu } = parts;
  parts.store.ensure(variablesOf(spec, plan.leaves));
  const { counter, counted, inputs, ...memory } = allocate(parts, label, spec, plan, own);
  const updates = placeUpdates(spec.updates, {
    gpu,
    store: parts.store,
    status: { buffer: parts.status, offset: 0, bytes: STATUS_BYTES },
    counter: { buffer: counter, offset: 0, bytes: 4 },
    programId: id,
    locate: memory.locate,
    scalar: (value) => upload(gpu, own, "number", Float32Array.of(value)),
    own,
  });
  const status = statusOf(parts, label, spec.updates.length > 0, plan.checks.length + plan.indices.length, own);
  const engine = { counter: { buffer: counter, offset: 0, bytes: 4 }, status: { buffer: status, offset: 0, bytes: STATUS_BYTES } };
  const placed = [...plan.nodes.flatMap((node) => placeNode(node, { ...memory, engine, id })), ...updates.dispatches];
  const outputAt = (name: string): Location => updates.norms.get(spec.outputs[name]) ?? memory.locate(spec.outputs[name]);
  const { steps } = updates;
  const reads = makeReadbacks(gpu, label, spec.outputs, outputAt, spec.updates.length > 0, own);
  return { placed, inputs, counter, counted, steps, status, ...reads };
}

/** Bytes of the largest. */
export const largestTensor = ({ slots, leaves }: Plan): number => Math.max(0, ...slots, ...[...leaves].map(byteLength));

function checkLimits(gpu: Gpu, label: string, plan: Plan): void {
  const { maxStorageBufferBindingSize, maxBufferSize } = gpu.device.limits;
  const limit = Math.min(maxStorageBufferBindingSize, maxBufferSize);
  const most = largestTensor(plan);
  check(most <= limit, "limit", () => `compile "${label}": a tensor needs ${most} bytes; this device allows ${limit} for one buffer`);
}

function upload(gpu: Gpu, own: Own, label: string, data: HostArray): Location {
  const buffer = own(gpu.createBuffer(label, data.byteLength, STORAGE));
  gpu.device.queue.writeBuffer(buffer, 0, evenBytes(data));
  return { buffer, offset: 0, bytes: data.byteLength };
}

function allocate({ gpu, store }: Pick<GpuParts, "gpu" | "store">, label: string, spec: GraphSpec, plan: Plan, own: Own) {
  const slots = plan.slots.map((bytes, i) => own(gpu.createBuffer(`${label} slot ${i}`, bytes, STORAGE)));
  const counter = own(gpu.createBuffer(`${label} run`, 4, STORAGE));
  const leaves = new Map<Tensor, Location>();
  const inputs = new Map<string, GPUBuffer>();
  for (const [name, tensor] of Object.entries(spec.inputs)) {
    const buffer = own(gpu.createBuffer(`${label} input ${name}`, byteLength(tensor), STORAGE));
    inputs.set(name, buffer);
    leaves.set(tensor, { buffer, offset: 0, bytes: byteLength(tensor) });
  }
  for (const leaf of plan.leaves) {
    if (leaf.source.kind === "constant") leaves.set(leaf, upload(gpu, own, `${label} constant`, leaf.source.data));
    if (leaf.source.kind === "variable") leaves.set(leaf, store.location(leaf as Variable));
    if (leaf.source.kind === "counter") leaves.set(leaf, { buffer: counter, offset: 0, bytes: 4 });
  }
  const locatePlace = (place: Place, bytes: number): Location => {
    if (place.kind === "slot") return { buffer: slots[place.slot], offset: 0, bytes };
    if (place.kind === "leaf") return { ...(leaves.get(place.tensor) as Location), bytes };
    const { segment, offset } = store.entry(place.variable.name);
    return { buffer: store.mirror("gradient", segment), offset, bytes };
  };
  const locate = (tensor: Tensor): Location => locatePlace(plan.placeOf(tensor), byteLength(tensor));
  const counted = spec.updates.length > 0 || [...plan.leaves].some(({ source }) => source.kind === "counter");
  return { counter, counted, inputs, locate, locatePlace };
}

interface Memory {
  readonly engine: Readonly<Record<"counter" | "status", Location>>;
  /** The number of the program. */
  readonly id: number;
  readonly locate: (tensor: Tensor) => Location;
  readonly locatePlace: (place: Place, bytes: number) => Location;
}

function placeNode({ node, lowering, temporaries }: PlannedNode, memory: Memory): PlacedDispatch[] {
  const locate = (operand: Operand): Location => {
    if ("input" in operand) return memory.locate(node.inputs[operand.input]);
    if ("output" in operand) return memory.locate(node.outputs[operand.output]);
    const type = lowering.temporaries?.[operand.temporary];
    return memory.locatePlace(temporaries[operand.temporary], type ? byteLength(type) : 0);
  };
  return lowering.dispatches.map((dispatch) => ({
    kernel: dispatch.kernel,
    locations: Object.keys(dispatch.kernel.bindings).map((name) => {
      const ofEngine = dispatch.engine?.[name];
      return ofEngine ? memory.engine[ofEngine] : locate(bindingOf(node.op.name, dispatch, name));
    }),
    params: { ...dispatch.params, ...(dispatch.engine ? { program: memory.id } : {}) },
    workgroups: dispatch.workgroups,
  }));
}

function bindingOf(op: string, { kernel, bindings }: Dispatch, name: string): Operand {
  check(bindings[name], "shader", () => `${op}: a dispatch of kernel "${kernel.name}" says nothing for its binding "${name}"`);
  return bindings[name];
}
