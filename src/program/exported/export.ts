import { check, describe } from "../../errors.ts";
import { Gpu, USAGE } from "../../gpu/gpu.ts";
import type { Location, PlacedDispatch } from "../../gpu/recorder.ts";
import { compactWgsl, withoutUnusedFunctions } from "../../graph/compact.ts";
import type { Kernel } from "../../graph/kernel.ts";
import { complete } from "../../graph/on-demand.ts";
import type { DeviceTraits } from "../../graph/op.ts";
import { hostArray, type Variable } from "../../graph/tensor.ts";
import type { TensorType } from "../../graph/types.ts";
import { STATUS_BYTES } from "../built.ts";
import { largestTensor, makeAll } from "../gpu-build.ts";
import { type GraphSpec, makePlan } from "../plan/plan.ts";
import { initialValues, Pending } from "../store.ts";
import { variablesOf } from "../variables.ts";
import { encodeBase64 } from "./base64.ts";
import { DEFAULT_LIMITS, DrawingBoard, ExportStore } from "./board.ts";
import {
  DEVICE_KINDS,
  type DeviceKind,
  type Exported,
  type ExportedBuffer,
  type ExportedLocation,
  type ExportedPlan,
  type ExportedProgram,
  type ExportedVariable,
  type ExportOptions,
  PROGRAM_ID,
} from "./format.ts";

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
      states: kinds[0].states.get(name) ?? [],
      plans: Object.fromEntries(devices.map((kind, i) => [kind, kinds[i].plans.get(name)])),
    },
  ]);
  return { kernels: kernels.all, segments: kinds[0].segments, programs: Object.fromEntries(programs) };
}

/** The kernels of all programs, each once. */
class Kernels {
  readonly all: Kernel[] = [];
  readonly #numbers = new Map<string, number>();

  number({ name, wgsl, bindings, params }: Kernel): number {
    const kernel = { name, wgsl: compactWgsl(withoutUnusedFunctions(compactWgsl(wgsl))).trim(), bindings, ...(params && { params }) };
    const key = JSON.stringify(kernel);
    const known = this.#numbers.get(key) ?? this.all.push(kernel) - 1;
    this.#numbers.set(key, known);
    return known;
  }
}

async function planAll(
  graphs: Readonly<Record<string, Exportable>>,
  traits: Partial<DeviceTraits>,
  kernels: Kernels,
  first: GraphSpec | undefined,
) {
  const board = new DrawingBoard();
  const gpu = new Gpu(board.device, false, traits);
  const store = new ExportStore(gpu, 0, new Pending());
  const status = gpu.createBuffer("status", STATUS_BYTES, USAGE.STORAGE);
  const plans = new Map<string, ExportedPlan>();
  const states = new Map<string, ExportedProgram["states"]>();
  if (first) store.ensure(variablesOf(first, (await complete(() => makePlan(first, gpu.traits))).leaves));
  for (const [name, { label, graph }] of Object.entries(graphs)) {
    const plan = await complete(() => makePlan(graph, gpu.traits));
    const [most, limit] = [largestTensor(plan), gpu.traits.maxBindingBytes];
    check(
      most <= limit,
      "limit",
      () => `export "${label}": a tensor needs ${most} bytes; WebGPU's default limits allow ${limit} for one buffer`,
    );
    store.states.length = 0;
    const made = makeAll({ gpu, store, status }, label, ID, graph, plan, (buffer) => buffer);
    states.set(name, [...store.states]);
    for (const dispatch of made.placed) checkDefaults(label, dispatch);

    const numbers = new Map<GPUBuffer, number>();
    const buffers: ExportedBuffer[] = [];
    const inputs = new Map([...made.inputs].map(([input, buffer]) => [buffer, input]));
    const describeBuffer = (buffer: GPUBuffer): ExportedBuffer => {
      const input = inputs.get(buffer);
      if (input !== undefined) return { input };
      if (buffer === made.counter) return { engine: "counter" };
      if (buffer === status) return { engine: "status" };
      const data = board.written.get(buffer);
      return store.known.get(buffer) ?? (data ? { data: encodeBase64(data) } : { bytes: buffer.size });
    };
    const place = ({ buffer, offset, bytes }: Location): ExportedLocation => {
      let number = numbers.get(buffer);
      if (number === undefined) {
        number = buffers.push(describeBuffer(buffer)) - 1;
        numbers.set(buffer, number);
      }
      return [number, offset, bytes];
    };
    const dispatches = made.placed.map(({ kernel, locations, params, workgroups }) => ({
      kernel: kernels.number(kernel),
      at: locations.map(place),
      params: Object.fromEntries(
        Object.entries(params).map(([param, value]) => [param, param === "program" && value === ID ? PROGRAM_ID : asJson(value)]),
      ),
      workgroups,
    }));
    // an input that nothing reads on this device is uploaded all the same
    for (const [buffer] of inputs) place({ buffer, offset: 0, bytes: 0 });
    const outputs = [...made.readbacks.values()].map(({ location }) => place(location));
    const together = made.placed.some(({ kernel }) => enables(kernel, "subgroups"));
    plans.set(name, { buffers, dispatches, outputs, counted: made.counted, ...(together && { subgroups: LEAST_SUBGROUPS }) });
  }
  const segments = store.segments.map((variables) =>
    variables.map((variable) => exportVariable(variable, store.entry(variable.name).offset)),
  );
  return { plans, states, segments };
}

const enables = ({ wgsl }: Kernel, extension: string): boolean => new RegExp(`\\benable\\b[^;]*\\b${extension}\\b`).test(compactWgsl(wgsl));

/** What only some devices have. The planner asks for none of it; kernels of others may. */
function checkDefaults(label: string, { kernel, workgroups }: PlacedDispatch): void {
  const { maxComputeWorkgroupsPerDimension: most, maxStorageBuffersPerShaderStage: buffers } = DEFAULT_LIMITS;
  const said = `export "${label}": kernel "${kernel.name}"`;
  check(
    workgroups.every((n) => n <= most),
    "limit",
    () => `${said} takes [${workgroups.join(", ")}] workgroups; the default limits allow ${most}`,
  );
  const bound = Object.keys(kernel.bindings).length;
  check(bound <= buffers, "limit", () => `${said} binds ${bound} buffers; the default limits allow ${buffers}`);
  check(!enables(kernel, "f16"), "limit", () => `${said} enables f16, which not every device has`);
}

function exportVariable(variable: Variable, offset: number): ExportedVariable {
  const { name, dtype, shape, initializer } = variable;
  const { draw, seed } = initializer;
  let initial: ExportedVariable["initial"];
  if (draw) {
    const [kind, ...numbers] = draw(shape);
    initial = [kind, ...numbers.map(asJson)];
  } else {
    const values = hostArray(dtype, variable.size);
    values.set(initialValues(variable, 0));
    initial = encodeBase64(values);
  }
  return { name, dtype, shape, offset, initial, ...(seed === undefined ? {} : { seed }) };
}

const asJson = (value: number): number | string => (Object.is(value, -0) ? "-0" : Number.isFinite(value) ? value : String(value));

const typesOf = (tensors: Readonly<Record<string, TensorType>>): Record<string, TensorType> =>
  Object.fromEntries(Object.entries(tensors).map(([name, { dtype, shape }]) => [name, { dtype, shape }]));
