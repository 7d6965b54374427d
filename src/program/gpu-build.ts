import { check } from "../errors.ts";
import { align, evenBytes, type Gpu, USAGE } from "../gpu/gpu.ts";
import { type Location, type PlacedDispatch, Recording } from "../gpu/recorder.ts";
import type { Dispatch, Operand } from "../graph/op.ts";
import type { Tensor, Variable } from "../graph/tensor.ts";
import { byteLength, type HostArray } from "../graph/types.ts";
import { STATUS } from "../graph/update.ts";
import type { GpuParts } from "./engine.ts";
import type { GraphSpec, Place, Plan, PlannedNode } from "./plan/plan.ts";
import { placeUpdates, updateKernels } from "./updates.ts";
import { variablesOf } from "./variables.ts";

const STORAGE = USAGE.STORAGE | USAGE.COPY_SRC | USAGE.COPY_DST;
/** One more than the runs in flight, so that a loop that reads each run never waits for a staging buffer. */
const STAGING_BUFFERS = 4;
export const STATUS_BYTES = 4 * STATUS.WORDS;

/** An output that can be read: where it is, and its place in a staging buffer. */
export interface Readback {
  readonly location: Location;
  readonly tensor: Tensor;
  readonly offset: number;
}

/** Everything that a program on the GPU is made of. */
export interface Built {
  readonly recording: Recording;
  readonly placed: readonly PlacedDispatch[];
  /** Slots of activations, in the plan's order. */
  readonly slots: readonly GPUBuffer[];
  readonly inputs: ReadonlyMap<string, GPUBuffer>;
  /** u32[1]: the number of the run. */
  readonly counter: GPUBuffer;
  /** Whether anything reads it: an upload costs a small program as much as a dispatch. */
  readonly counted: boolean;
  readonly readbacks: ReadonlyMap<string, Readback>;
  readonly staging: readonly GPUBuffer[];
  readonly locate: (tensor: Tensor) => Location;
  readonly locatePlace: (place: Place, bytes: number) => Location;
  dispose(): void;
}

/** Compiles all pipelines, then allocates. Leaves nothing behind when it fails. */
export async function build(parts: GpuParts, label: string, id: number, spec: GraphSpec, plan: Plan): Promise<Built> {
  const { gpu } = parts;
  checkLimits(gpu, label, plan);
  const kernels = [
    ...plan.nodes.flatMap(({ lowering }) => lowering.dispatches.map(({ kernel }) => kernel)),
    ...updateKernels(spec.updates, gpu.traits),
  ];
  await Promise.all(kernels.map((kernel) => gpu.pipeline(kernel)));
  gpu.assertUsable();

  const owned: GPUBuffer[] = [];
  const own = (buffer: GPUBuffer) => {
    owned.push(buffer);
    return buffer;
  };
  let recording: Recording | undefined;
  let undo = () => {};
  const dispose = () => {
    recording?.dispose();
    for (const buffer of owned) gpu.destroyBuffer(buffer);
  };
  gpu.device.pushErrorScope("out-of-memory");
  let scoped = true;
  const endScope = () => {
    scoped = false;
    return gpu.device.popErrorScope().catch(() => null); // a lost device is told elsewhere
  };
  try {
    const attempt = parts.store.attempt(() => makeAll(parts, label, id, spec, plan, own));
    undo = attempt.undo;
    const { placed, memory, readbacks, staging } = attempt.value;
    const outOfMemory = await endScope();
    check(!outOfMemory, "limit", () => `compile "${label}": the GPU has too little memory (${outOfMemory?.message})`);
    recording = await Recording.create(gpu, label, placed);
    return { recording, placed, readbacks, staging, ...memory, dispose };
  } catch (error) {
    if (scoped) await endScope();
    dispose();
    undo();
    throw error;
  }
}

/** Variables, buffers and places, without waiting for anything. */
function makeAll(parts: GpuParts, label: string, id: number, spec: GraphSpec, plan: Plan, own: Own) {
  const { gpu } = parts;
  parts.store.ensure(variablesOf(spec, plan.leaves));
  const memory = allocate(parts, label, spec, plan, own);
  const updates = placeUpdates(spec.updates, {
    gpu,
    store: parts.store,
    status: { buffer: parts.status, offset: 0, bytes: STATUS_BYTES },
    counter: { buffer: memory.counter, offset: 0, bytes: 4 },
    programId: id,
    locate: memory.locate,
    scalar: (value) => upload(gpu, own, "number", Float32Array.of(value)),
    own,
  });
  const placed = [...plan.nodes.flatMap((node) => placeNode(node, memory)), ...updates.dispatches];
  const readbacks = placeReadbacks(spec, memory.locate, updates.norms);
  const stagingBytes = [...readbacks.values()].reduce(
    (end, { offset, location }) => Math.max(end, offset + align(location.bytes, 16)),
    STATUS_BYTES,
  );
  const needsStaging = readbacks.size > 0 || spec.updates.length > 0;
  const staging = Array.from({ length: needsStaging ? STAGING_BUFFERS : 0 }, () =>
    own(gpu.createBuffer(`${label} staging`, stagingBytes, USAGE.MAP_READ | USAGE.COPY_DST)),
  );
  return { placed, memory, readbacks, staging };
}

function checkLimits(gpu: Gpu, label: string, plan: Plan): void {
  const { maxStorageBufferBindingSize, maxBufferSize } = gpu.device.limits;
  const limit = Math.min(maxStorageBufferBindingSize, maxBufferSize);
  const most = Math.max(0, ...plan.slots, ...[...plan.leaves].map(byteLength));
  check(most <= limit, "limit", () => `compile "${label}": a tensor needs ${most} bytes; this device allows ${limit} for one buffer`);
}

type Own = (buffer: GPUBuffer) => GPUBuffer;

function upload(gpu: Gpu, own: Own, label: string, data: HostArray): Location {
  const buffer = own(gpu.createBuffer(label, data.byteLength, STORAGE));
  gpu.device.queue.writeBuffer(buffer, 0, evenBytes(data));
  return { buffer, offset: 0, bytes: data.byteLength };
}

function allocate({ gpu, store }: GpuParts, label: string, spec: GraphSpec, plan: Plan, own: Own) {
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
  return { slots, counter, counted, inputs, locate, locatePlace };
}

type Memory = Pick<Built, "locate" | "locatePlace">;

function placeNode({ node, lowering, temporaries }: PlannedNode, memory: Memory): PlacedDispatch[] {
  const locate = (operand: Operand): Location => {
    if ("input" in operand) return memory.locate(node.inputs[operand.input]);
    if ("output" in operand) return memory.locate(node.outputs[operand.output]);
    const type = lowering.temporaries?.[operand.temporary];
    return memory.locatePlace(temporaries[operand.temporary], type ? byteLength(type) : 0);
  };
  return lowering.dispatches.map((dispatch) => ({
    kernel: dispatch.kernel,
    locations: bindingsOf(node.op.name, dispatch).map(locate),
    params: dispatch.params ?? {},
    workgroups: dispatch.workgroups,
  }));
}

function bindingsOf(op: string, { kernel, bindings }: Dispatch): Operand[] {
  return Object.keys(kernel.bindings).map((name) => {
    check(bindings[name], "shader", () => `${op}: a dispatch of kernel "${kernel.name}" says nothing for its binding "${name}"`);
    return bindings[name];
  });
}

function placeReadbacks(
  spec: GraphSpec,
  locate: (tensor: Tensor) => Location,
  norms: ReadonlyMap<Tensor, Location>,
): Map<string, Readback> {
  let offset = align(STATUS_BYTES, 16);
  return new Map(
    Object.entries(spec.outputs).map(([name, tensor]): [string, Readback] => {
      const location = norms.get(tensor) ?? locate(tensor);
      const readback = { location, tensor, offset };
      offset += align(location.bytes, 16);
      return [name, readback];
    }),
  );
}
