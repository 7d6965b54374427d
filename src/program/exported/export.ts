import { check, describe } from "../../errors.ts";
import { Gpu, USAGE } from "../../gpu/gpu.ts";
import type { Location } from "../../gpu/recorder.ts";
import { complete } from "../../graph/on-demand.ts";
import type { DeviceTraits } from "../../graph/op.ts";
import type { TensorType } from "../../graph/types.ts";
import { type Made, STATUS_BYTES } from "../built.ts";
import { largestTensor, makeAll } from "../gpu-build.ts";
import type { InputRange, TensorRange } from "../indices/range.ts";
import { type GraphSpec, makePlan } from "../plan/plan.ts";
import { Pending } from "../store.ts";
import { variablesOf } from "../variables.ts";
import { encodeBase64 } from "./base64.ts";
import { DrawingBoard, ExportStore } from "./board.ts";
import {
  DEVICE_KINDS,
  type DeviceKind,
  type Exported,
  type ExportedBuffer,
  type ExportedLocation,
  type ExportedPlan,
  type ExportedProgram,
  type ExportOptions,
  PROGRAM_ID,
} from "./format.ts";
import { asJson, exportVariable } from "./json.ts";
import { checkDefaults, enables, Kernels } from "./kernels.ts";

export interface Exportable {
  readonly label: string;
  readonly graph: GraphSpec;
}

/** The subgroups of SwiftShader; those of other software adapters are larger. */
const LEAST_SUBGROUPS = 4;

/** What plans count on, besides the default limits. */
export const EXPORT_TRAITS: Readonly<Record<DeviceKind, Pick<DeviceTraits, "software" | "walkFlops" | "subgroups">>> = {
  hardware: { software: false, walkFlops: 5e10 },
  software: { software: true, walkFlops: 6e9, subgroups: { min: LEAST_SUBGROUPS, max: 128 } },
};

/** Stands for the number of the program, which the engine gives it that loads it. */
const ID = 0xffffffef;

/** The kinds of devices that were asked for. */
export function checkDevices(call: string, devices: ExportOptions["devices"] = DEVICE_KINDS): readonly DeviceKind[] {
  check(
    Array.isArray(devices) && devices.length > 0 && devices.every((kind) => DEVICE_KINDS.includes(kind)),
    "argument",
    () =>
      `${call}: devices must be an array of ${DEVICE_KINDS.map((kind) => `"${kind}"`).join(" and ")}, not ${Array.isArray(devices) ? `[${devices.map(describe)}]` : describe(devices)}`,
  );
  return [...new Set(devices)];
}

/**
 * Plans graphs for devices of each kind with WebGPU's default limits, without a device.
 * @param first the graph whose order of variables all have, as on an engine that compiles it first
 * @throws UnrollError `limit` where one needs more.
 */
export async function exportGraphs(
  graphs: Readonly<Record<string, Exportable>>,
  devices: readonly DeviceKind[],
  first?: GraphSpec,
): Promise<Exported> {
  const kernels = new Kernels();
  const kinds: Awaited<ReturnType<typeof planAll>>[] = [];
  for (const kind of devices) kinds.push(await planAll(graphs, EXPORT_TRAITS[kind], kernels, first));
  const programs = Object.entries(graphs).map(([name, { label, graph }]): [string, ExportedProgram] => [
    name,
    {
      label,
      inputs: typesOf(graph.inputs),
      outputs: typesOf(graph.outputs),
      updates: graph.updates.length > 0,
      ...(kinds[0].plans.get(name)?.indices.length ? { indices: kinds[0].plans.get(name)?.indices } : {}),
      states: kinds[0].states.get(name) ?? [],
      plans: Object.fromEntries(devices.map((kind, i) => [kind, kinds[i].plans.get(name)?.plan])),
    },
  ]);
  return { kernels: kernels.all, segments: kinds[0].segments, programs: Object.fromEntries(programs) };
}

/** Everything for one kind of device. */
async function planAll(
  graphs: Readonly<Record<string, Exportable>>,
  traits: Partial<DeviceTraits>,
  kernels: Kernels,
  first: GraphSpec | undefined,
) {
  const board = new DrawingBoard();
  const gpu = new Gpu(board.device, false, traits);
  const store = new ExportStore(gpu, 0, new Pending());
  const parts = { gpu, store, status: gpu.createBuffer("status", STATUS_BYTES, USAGE.STORAGE) };
  if (first) store.ensure(variablesOf(first, (await complete(() => makePlan(first, gpu.traits))).leaves));
  const plans = new Map<string, { readonly plan: ExportedPlan; readonly indices: readonly InputRange[] }>();
  const states = new Map<string, ExportedProgram["states"]>();
  for (const [name, { label, graph }] of Object.entries(graphs)) {
    const plan = await complete(() => makePlan(graph, gpu.traits));
    const [most, limit] = [largestTensor(plan), gpu.traits.maxBindingBytes];
    check(
      most <= limit,
      "limit",
      () => `export "${label}": a tensor needs ${most} bytes; WebGPU's default limits allow ${limit} for one buffer`,
    );
    store.states.length = 0;
    const made = makeAll(parts, label, ID, graph, plan, (buffer) => buffer);
    states.set(name, [...store.states]);
    for (const dispatch of made.placed) checkDefaults(label, dispatch);
    plans.set(name, {
      plan: exportPlan(made, plan.checks, kernels, (buffer) => describeBuffer(buffer, board, store)),
      indices: plan.indices,
    });
  }
  const segments = store.segments.map((variables) =>
    variables.map((variable) => exportVariable(variable, store.entry(variable.name).offset)),
  );
  return { plans, states, segments };
}

/** What a buffer holds that belongs to no run: variables and what goes with them, a constant, or nothing yet. */
function describeBuffer(buffer: GPUBuffer, board: DrawingBoard, store: ExportStore): ExportedBuffer {
  const data = board.written.get(buffer);
  return store.known.get(buffer) ?? (data ? { data: encodeBase64(data) } : { bytes: buffer.size });
}

/** Buffers become numbers, in the order of their first use. */
function exportPlan(
  made: Made,
  checks: readonly TensorRange[],
  kernels: Kernels,
  describeOther: (buffer: GPUBuffer) => ExportedBuffer,
): ExportedPlan {
  const ofRun = new Map<GPUBuffer, ExportedBuffer>([
    [made.counter, { engine: "counter" }],
    [made.status, { engine: "status" }],
  ]);
  for (const [input, buffer] of made.inputs) ofRun.set(buffer, { input });
  const used: GPUBuffer[] = [];
  const place = ({ buffer, offset, bytes }: Location): ExportedLocation => {
    if (!used.includes(buffer)) used.push(buffer);
    return [used.indexOf(buffer), offset, bytes];
  };
  const dispatches = made.placed.map(({ kernel, locations, params, workgroups }) => ({
    kernel: kernels.number(kernel),
    at: locations.map(place),
    params: Object.fromEntries(
      Object.entries(params).map(([param, value]) => [param, param === "program" && value === ID ? PROGRAM_ID : asJson(value)]),
    ),
    workgroups,
  }));
  const outputs = [...made.readbacks.values()].map(({ location }) => place(location));
  const subgroups = made.placed.some(({ kernel }) => enables(kernel, "subgroups")) && { subgroups: LEAST_SUBGROUPS };
  const buffers = used.map((buffer) => ofRun.get(buffer) ?? describeOther(buffer));
  return { buffers, dispatches, outputs, ...(checks.length > 0 ? { checks } : {}), counted: made.counted, ...subgroups };
}

const typesOf = (tensors: Readonly<Record<string, TensorType>>): Record<string, TensorType> =>
  Object.fromEntries(Object.entries(tensors).map(([name, { dtype, shape }]) => [name, { dtype, shape }]));
