import { check, UnrollError } from "../../errors.ts";
import { type Gpu, USAGE } from "../../gpu/gpu.ts";
import type { Location, Recording } from "../../gpu/recorder.ts";
import { type Drawing, fills, initializer, normals, orthogonals, ranges, withins } from "../../graph/draw.ts";
import { type Belongs, Variable } from "../../graph/tensor.ts";
import { byteLength, type Shape } from "../../graph/types.ts";
import { randomSource } from "../../random.ts";
import { assemble, type Made, makeReadbacks, type Own, type StepState, statusOf } from "../built.ts";
import type { Engine } from "../engine.ts";
import { GpuRunner, programId } from "../gpu-runner.ts";
import type { Segment } from "../gpu-store.ts";
import { view } from "../layout.ts";
import { type GpuParts, gpuPartsOf } from "../parts.ts";
import { stateName } from "../store.ts";
import { decodeBase64 } from "./base64.ts";
import {
  type Exported,
  type ExportedBuffer,
  type ExportedLocation,
  type ExportedPlan,
  type ExportedProgram,
  type ExportedVariable,
  PROGRAM_ID,
} from "./format.ts";

const DRAWINGS = [fills, ranges, withins, normals, orthogonals];

/** Letters of a message. */
const MOST_SAID = 2000;

const STORAGE = USAGE.STORAGE | USAGE.COPY_SRC | USAGE.COPY_DST;

/** Whose the variables of a file are. */
export interface Ownership {
  /** Of variables with a seed of their own, instead of that. */
  readonly seed?: number;
  readonly belongs?: Belongs;
  /** Those that programs of the same file made before. */
  readonly made: Map<string, Variable>;
}

/** Makes one of the exported programs ready to run on an engine. */
export async function loadExported(
  engine: Engine,
  exported: Exported,
  name: string,
  ownership: Ownership = { made: new Map() },
): Promise<GpuRunner> {
  const parts = gpuPartsOf(engine);
  check(parts, "argument", "load: this engine runs on the CPU references; what was exported needs a GPU");
  try {
    const program = exported.programs[name];
    const plan = choosePlan(program, parts.gpu);
    const { indices = [] } = program;
    const { checks = [] } = plan;
    const id = programId(engine, { ...program, indices, checks });
    const kernels = plan.dispatches.map(({ kernel }) => exported.kernels[kernel]);
    const built = await assemble(
      parts,
      program.label,
      kernels,
      (own) => makeFrom(parts, exported, program, plan, id, own, ownership),
      (recording) => rehearse(parts.gpu, program.label, recording),
    );
    return new GpuRunner(engine, { ...program, id, indices, checks }, built);
  } catch (error) {
    // what compilers say may hold as much of the file as they like
    if (error instanceof UnrollError && error.message.length > MOST_SAID)
      throw new UnrollError(error.code, `load: ${error.message.slice(0, MOST_SAID)}…`, { cause: error });
    throw error;
  }
}

/** Encodes a run that nobody submits: what WebGPU refuses of it, as a buffer that is smaller than the code wants, is told now. */
async function rehearse({ device }: Gpu, label: string, recording: Recording): Promise<void> {
  device.pushErrorScope("validation");
  const encoder = device.createCommandEncoder({ label });
  const pass = encoder.beginComputePass();
  recording.encode(pass);
  pass.end();
  encoder.finish();
  const error = await device.popErrorScope().catch(() => null); // a lost device is told elsewhere
  check(!error, "format", () => `load "${label}": WebGPU refuses to run it: ${error?.message}`);
}

/** The plan for this kind of device, or another that it can run. */
function choosePlan({ label, plans: { hardware, software } }: ExportedProgram, { traits }: Gpu): ExportedPlan {
  const plans = (traits.software ? [software, hardware] : [hardware, software]).filter((plan) => plan !== undefined);
  const plan = plans.find(({ subgroups = 0 }) => subgroups <= (traits.subgroups?.min ?? 0));
  check(
    plan || plans.length === 0,
    "limit",
    () =>
      `load "${label}": it was exported for devices with subgroups of at least ${plans[0].subgroups}, which this one has not; export for "hardware", too`,
  );
  return plan as ExportedPlan;
}

/** Variables, buffers and places, without waiting for anything. */
function makeFrom(
  parts: GpuParts,
  exported: Exported,
  program: ExportedProgram,
  plan: ExportedPlan,
  id: number,
  own: Own,
  { made: variables, ...whose }: Ownership,
): Made {
  const { gpu, store } = parts;
  const segments = exported.segments.map((members) => {
    const segment = members.map((member) => variables.get(member.name) ?? makeVariable(member, whose));
    for (const variable of segment) variables.set(variable.name, variable);
    store.ensure(segment);
    return segmentOf(store, members);
  });
  const steps: StepState[] = [];
  for (const [name, optimizer, state] of program.states) {
    const variable = variables.get(name) as Variable;
    if (state === "step") steps.push({ name: stateName(name, optimizer, state), control: store.control(variable, optimizer) });
    else store.ensureState(variable, optimizer, state);
  }
  // A program that changes nothing never writes the words of the engine.
  const bound = plan.buffers.some((buffer) => "engine" in buffer && buffer.engine === "status");
  const checked = Number(bound) + (program.indices ?? []).length;
  const status = statusOf(parts, program.label, program.updates, checked, own);
  const counter = own(gpu.createBuffer(`${program.label} run`, 4, STORAGE));
  const inputs = new Map(
    Object.entries(program.inputs).map(([name, type]) => [
      name,
      own(gpu.createBuffer(`${program.label} input ${name}`, byteLength(type), STORAGE)),
    ]),
  );
  const bufferOf = (buffer: ExportedBuffer): GPUBuffer => {
    if ("input" in buffer) return inputs.get(buffer.input) as GPUBuffer;
    if ("engine" in buffer) return buffer.engine === "counter" ? counter : status;
    if ("control" in buffer) return store.control(variables.get(buffer.control) as Variable, buffer.optimizer);
    if ("segment" in buffer) {
      const segment = segments[buffer.segment];
      return "mirror" in buffer ? store.mirror(buffer.mirror, segment) : segment.buffer;
    }
    if ("bytes" in buffer) return own(gpu.createBuffer(program.label, buffer.bytes, STORAGE));
    return upload(gpu, own, program.label, decodeBase64(buffer.data));
  };
  const buffers = plan.buffers.map(bufferOf);
  const locate = ([number, offset, bytes]: ExportedLocation): Location => ({ buffer: buffers[number], offset, bytes });
  const placed = plan.dispatches.map(({ kernel, at, params, workgroups }) => ({
    kernel: exported.kernels[kernel],
    locations: at.map(locate),
    params: Object.fromEntries(Object.entries(params).map(([name, value]) => [name, value === PROGRAM_ID ? id : Number(value)])),
    workgroups,
  }));
  const names = Object.keys(program.outputs);
  const outputAt = (name: string): Location => locate(plan.outputs[names.indexOf(name)]);
  const { updates, outputs, label } = program;
  const reads = makeReadbacks(gpu, label, outputs, outputAt, updates, own);
  return { placed, inputs, counter, counted: plan.counted, steps, status, ...reads };
}

function upload(gpu: Gpu, own: Own, label: string, bytes: Uint8Array<ArrayBuffer>): GPUBuffer {
  const buffer = own(gpu.createBuffer(label, bytes.length, STORAGE));
  gpu.device.queue.writeBuffer(buffer, 0, bytes);
  return buffer;
}

export function makeVariable({ name, dtype, shape, initial, seed }: ExportedVariable, whose: Omit<Ownership, "made"> = {}): Variable {
  const { seed: otherSeed, belongs } = whose;
  if (typeof initial === "string") {
    const bytes = decodeBase64(initial);
    const size = shape.reduce((product, n) => product * n, 1);
    return new Variable(name, dtype, shape, () => view(dtype, bytes.buffer, 0, size) as ArrayLike<number>, belongs);
  }
  const [kind, ...numbers] = initial;
  const drawing = DRAWINGS.find((one) => one.kind === kind) as Drawing;
  const draw = initializer(drawing, () => numbers.map(Number));
  const own = seed === undefined ? undefined : (otherSeed ?? seed);
  return new Variable(name, dtype, shape, own === undefined ? draw : (size: Shape) => draw(size, randomSource(own, name)), belongs);
}

/** The segment that holds these variables at these places. */
function segmentOf(store: GpuParts["store"], members: readonly ExportedVariable[]): Segment {
  const { segment } = store.entry(members[0].name);
  for (const { name, offset } of members) {
    const entry = store.entry(name);
    check(
      entry.segment === segment && entry.offset === offset,
      "name",
      () =>
        `load: variables of this file lie elsewhere on this engine ("${name}" does), as another program made some of them before; load the file first, or on an engine of its own`,
    );
  }
  return segment;
}
