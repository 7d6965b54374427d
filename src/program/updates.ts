import { finishGuardShader } from "../../shaders/finish_guard.wgsl.ts";
import { align, type Gpu, USAGE } from "../gpu/gpu.ts";
import type { Location, PlacedDispatch } from "../gpu/recorder.ts";
import { type Kernel, kernel, read, readWrite } from "../graph/kernel.ts";
import type { DeviceTraits } from "../graph/op.ts";
import type { Tensor, Variable } from "../graph/tensor.ts";
import { CONTROL, type Update } from "../graph/update.ts";
import { copyKernel, copyParams, copyWorkgroups } from "../ops/copy.ts";
import { foldGrid } from "../ops/grid.ts";
import {
  clipValueParam,
  finishParams,
  gradientFinishKernel,
  gradientNormKernel,
  joinsNorms,
  normParams,
  normPartials,
  normWorkgroups,
  partialWords,
} from "../ops/update/norm.ts";
import type { StepState } from "./built.ts";
import type { GpuStore, Segment } from "./gpu-store.ts";
import { stateName } from "./store.ts";

const FLOAT_BYTES = 4;
/** Floats that one word of a block table speaks of. */
const BLOCK = 64;

/** What the update dispatches of one program need to know of it. */
export interface UpdateContext {
  readonly gpu: Gpu;
  readonly store: GpuStore;
  readonly status: Location;
  /** u32[1]: the number of the run. */
  readonly counter: Location;
  readonly programId: number;
  readonly locate: (tensor: Tensor) => Location;
  /** A scalar that holds a number. */
  readonly scalar: (value: number) => Location;
  /** Buffers that live as long as the program. */
  readonly own: (buffer: GPUBuffer) => GPUBuffer;
}

const whole = (buffer: GPUBuffer): Location => ({ buffer, offset: 0, bytes: buffer.size });

const guardKernel = (): Kernel =>
  kernel({ name: "finish_guard", wgsl: finishGuardShader(), bindings: { control: readWrite("u32"), status: read("u32") } });

/** Kernels of the updates, so that they compile beside all others. */
export function updateKernels(updates: readonly Update[], traits: DeviceTraits): Kernel[] {
  const joined = joinsNorms(traits);
  const optimizers = updates.filter((update) => update.kind === "optimize");
  return [
    ...(optimizers.length > 0 ? [gradientNormKernel(joined), gradientFinishKernel(joined)] : []),
    ...(optimizers.length > 1 ? [guardKernel()] : []),
    ...updates.map((update) => (update.kind === "optimize" ? update.optimizer.kernel() : copyKernel(update.variable.dtype, true))),
  ];
}

/** Places that outputs of kind "norm" are read from. */
export interface PlacedUpdates {
  readonly dispatches: readonly PlacedDispatch[];
  readonly norms: ReadonlyMap<Tensor, Location>;
  readonly steps: readonly StepState[];
}

/**
 * The dispatches that end a run: the norms of all gradients, the decision whether anything may change, then assignments and
 * optimizers. Their number depends on the number of optimizers and segments, not on that of variables.
 */
export function placeUpdates(updates: readonly Update[], context: UpdateContext): PlacedUpdates {
  const norms = new Map<Tensor, Location>();
  const checks: PlacedDispatch[] = [];
  const controls: Location[] = [];
  const changes: PlacedDispatch[] = [];
  const steps: StepState[] = [];
  for (const update of updates) {
    if (update.kind === "assign") changes.push(placeAssign(update.variable, update.value, context));
    else {
      const placed = placeOptimizer(update, context);
      checks.push(...placed.checks);
      changes.push(...placed.changes);
      controls.push(placed.control);
      const first = update.gradients.wrt[0] as Variable;
      steps.push({ name: stateName(first.name, update.optimizer.name, "step"), control: placed.control.buffer });
      norms.set(update.gradients.norm, { buffer: placed.control.buffer, offset: FLOAT_BYTES * CONTROL.NORM, bytes: FLOAT_BYTES });
    }
  }
  const guards = controls
    .slice(0, -1)
    .map((control): PlacedDispatch => ({ kernel: guardKernel(), locations: [control, context.status], params: {}, workgroups: [1, 1, 1] }));
  return { dispatches: [...checks, ...guards, ...changes], norms, steps };
}

function placeAssign(variable: Variable, value: Tensor, { store, locate, status }: UpdateContext): PlacedDispatch {
  return {
    kernel: copyKernel(variable.dtype, true),
    locations: [locate(value), store.location(variable), status],
    params: copyParams(variable),
    workgroups: copyWorkgroups(variable),
  };
}

function placeOptimizer(update: Extract<Update, { kind: "optimize" }>, context: UpdateContext) {
  const { optimizer, gradients } = update;
  const { gpu, store, own } = context;
  const variables = gradients.wrt as readonly Variable[];
  const rate = typeof optimizer.learningRate === "number" ? context.scalar(optimizer.learningRate) : context.locate(optimizer.learningRate);
  const control = whole(store.control(variables[0], optimizer.name));
  for (const variable of variables) for (const state of optimizer.states) store.ensureState(variable, optimizer.name, state);

  const bySegment = new Map<Segment, Variable[]>();
  for (const variable of variables) {
    const { segment } = store.entry(variable.name);
    bySegment.set(segment, [...(bySegment.get(segment) ?? []), variable]);
  }
  const segments = [...bySegment].map(([segment, members]) => ({
    segment,
    floats: segment.bytes / FLOAT_BYTES,
    gradients: whole(store.mirror("gradient", segment)),
    blocks: whole(own(makeBlocks(gpu, segment, members, store))),
  }));
  const joined = joinsNorms(gpu.traits);
  const counts = segments.map(({ floats }) => normPartials(floats, joined));
  const total = counts.reduce((sum, count) => sum + count, 0);
  const partials = whole(own(gpu.createBuffer(`${optimizer.name} partial norms`, FLOAT_BYTES * partialWords(total), USAGE.STORAGE)));

  let offset = 0;
  const checks = segments.map(({ floats, gradients: flat, blocks }, i): PlacedDispatch => {
    const params = normParams(floats, offset, joined);
    offset += counts[i];
    return { kernel: gradientNormKernel(joined), locations: [flat, blocks, partials], params, workgroups: normWorkgroups(floats, joined) };
  });
  checks.push({
    kernel: gradientFinishKernel(joined),
    locations: [partials, context.locate(gradients.loss), context.counter, control, context.status],
    params: finishParams({ partials: total, clip: gradients.clip, program: context.programId, lossSize: gradients.loss.size }),
    workgroups: [1, 1, 1],
  });
  const changes = segments.map(({ segment, floats, gradients: flat, blocks }): PlacedDispatch => {
    const states = optimizer.states.map((state) => whole(store.mirror(`${optimizer.name}.${state}`, segment)));
    return {
      kernel: optimizer.kernel(),
      locations: [whole(segment.buffer), flat, ...states, blocks, control, rate],
      params: { size: floats / 4, clip_value: clipValueParam(gradients.clip), ...optimizer.hyper },
      workgroups: foldGrid(Math.ceil(floats / 4 / 64)),
    };
  });
  return { checks, changes, control };
}

/** For each 64 floats of a segment, how many belong to one of `members`. */
function makeBlocks(gpu: Gpu, segment: Segment, members: readonly Variable[], store: GpuStore): GPUBuffer {
  const table = new Uint32Array(segment.bytes / FLOAT_BYTES / BLOCK);
  for (const variable of members) {
    const first = store.entry(variable.name).offset / FLOAT_BYTES / BLOCK;
    for (let i = 0; i * BLOCK < variable.size; i++) table[first + i] = Math.min(BLOCK, variable.size - i * BLOCK);
  }
  const buffer = gpu.createBuffer("blocks", align(table.byteLength, 16), USAGE.STORAGE | USAGE.COPY_DST);
  gpu.device.queue.writeBuffer(buffer, 0, table);
  return buffer;
}
