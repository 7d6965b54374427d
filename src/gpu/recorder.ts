import { check } from "../errors.ts";
import type { Kernel, Workgroups } from "../graph/kernel.ts";
import { align, type Gpu, USAGE } from "./gpu.ts";
import type { Compiled } from "./pipeline.ts";

/** A range of a buffer, as a dispatch binds it. `offset` is a multiple of 256. */
export interface Location {
  readonly buffer: GPUBuffer;
  readonly offset: number;
  readonly bytes: number;
}

/** A dispatch with everything but its pipeline and bind group. */
export interface PlacedDispatch {
  readonly kernel: Kernel;
  /** In the order of the kernel's bindings. */
  readonly locations: readonly Location[];
  readonly params: Readonly<Record<string, number>>;
  readonly workgroups: Workgroups;
}

interface Step {
  readonly pipeline: GPUComputePipeline;
  readonly bindGroup: GPUBindGroup;
  readonly workgroups: Workgroups;
}

/** A list of dispatches, made once and encoded into one compute pass each run. */
export class Recording {
  readonly #steps: readonly Step[];
  readonly #uniforms: GPUBuffer | undefined;
  readonly #gpu: Gpu;

  private constructor(gpu: Gpu, steps: readonly Step[], uniforms: GPUBuffer | undefined) {
    this.#gpu = gpu;
    this.#steps = steps;
    this.#uniforms = uniforms;
  }

  /**
   * Compiles all pipelines side by side, then makes uniforms and bind groups, once the device is trusted. Leaves nothing behind when it
   * fails.
   * @param trusted what to wait for instead: nothing, for what finds out whether the device can be trusted.
   */
  static async create(gpu: Gpu, label: string, dispatches: readonly PlacedDispatch[], trusted = gpu.trusted): Promise<Recording> {
    for (const dispatch of dispatches) checkDispatch(gpu, dispatch);
    const compiled = await Promise.all(dispatches.map(({ kernel }) => gpu.pipeline(kernel)));
    await trusted;
    gpu.assertUsable();
    const uniforms = makeUniforms(gpu, label, dispatches);
    try {
      // What is bound is checked when it is bound; the answer comes later.
      gpu.device.pushErrorScope("validation");
      let refused: Promise<GPUError | null> | undefined;
      let steps: Step[];
      try {
        steps = makeSteps(gpu, dispatches, compiled, uniforms);
      } finally {
        refused = gpu.device.popErrorScope().catch(() => null); // a lost device is told elsewhere
      }
      const error = await refused;
      gpu.assertUsable();
      check(!error, "argument", () => `"${label}": the device refuses what a dispatch binds: ${error?.message}`);
      return new Recording(gpu, steps, uniforms);
    } catch (error) {
      if (uniforms) gpu.destroyBuffer(uniforms);
      throw error;
    }
  }

  /** The same within the call, for small kernels of this library that are seldom needed: the GPU's queue waits until they are compiled. */
  static now(gpu: Gpu, label: string, dispatches: readonly PlacedDispatch[]): Recording {
    for (const dispatch of dispatches) checkDispatch(gpu, dispatch);
    const compiled = dispatches.map(({ kernel }) => gpu.pipelineNow(kernel));
    const uniforms = makeUniforms(gpu, label, dispatches);
    return new Recording(gpu, makeSteps(gpu, dispatches, compiled, uniforms), uniforms);
  }

  encode(pass: GPUComputePassEncoder): void {
    let current: GPUComputePipeline | undefined;
    for (const { pipeline, bindGroup, workgroups } of this.#steps) {
      if (pipeline !== current) pass.setPipeline(pipeline);
      current = pipeline;
      pass.setBindGroup(0, bindGroup);
      pass.dispatchWorkgroups(workgroups[0], workgroups[1], workgroups[2]);
    }
  }

  dispose(): void {
    if (this.#uniforms) this.#gpu.destroyBuffer(this.#uniforms);
  }
}

const strideOf = (gpu: Gpu): number => Math.max(256, gpu.device.limits.minUniformBufferOffsetAlignment);

/** The params of all dispatches, one after another. */
function makeUniforms(gpu: Gpu, label: string, dispatches: readonly PlacedDispatch[]): GPUBuffer | undefined {
  if (!dispatches.some(({ kernel }) => kernel.params)) return undefined;
  const stride = strideOf(gpu);
  const data = new ArrayBuffer(stride * dispatches.length);
  dispatches.forEach((dispatch, i) => {
    packParams(dispatch, new DataView(data, i * stride, stride));
  });
  const uniforms = gpu.createBuffer(`${label} uniforms`, data.byteLength, USAGE.UNIFORM | USAGE.COPY_DST);
  gpu.device.queue.writeBuffer(uniforms, 0, data);
  return uniforms;
}

function makeSteps(
  gpu: Gpu,
  dispatches: readonly PlacedDispatch[],
  compiled: readonly Compiled[],
  uniforms: GPUBuffer | undefined,
): Step[] {
  const bytes = strideOf(gpu);
  return dispatches.map(({ kernel, locations, workgroups }, i) => {
    const uniform = uniforms && kernel.params ? { buffer: uniforms, offset: i * bytes, bytes } : undefined;
    const bindGroup = makeBindGroup(gpu, compiled[i], kernel.name, locations, uniform);
    return { pipeline: compiled[i].pipeline, bindGroup, workgroups };
  });
}

/** What WebGPU would refuse, or take for zero, without a word. */
function checkDispatch(gpu: Gpu, { kernel, params, workgroups }: PlacedDispatch): void {
  const most = gpu.device.limits.maxComputeWorkgroupsPerDimension;
  check(
    workgroups.length === 3 && workgroups.every((n) => Number.isInteger(n) && n >= 0 && n <= most),
    "limit",
    () =>
      `kernel "${kernel.name}": workgroups are [${workgroups.join(", ")}]; expected three whole numbers of at most ${most} (see foldGrid)`,
  );
  for (const name of Object.keys(kernel.params ?? {}))
    check(
      typeof params[name] === "number",
      "argument",
      () => `kernel "${kernel.name}": the dispatch gives no number for the param "${name}"`,
    );
}

function makeBindGroup(gpu: Gpu, compiled: Compiled, label: string, locations: readonly Location[], uniform?: Location): GPUBindGroup {
  const all = uniform ? [...locations, uniform] : locations;
  return gpu.device.createBindGroup({
    label,
    layout: compiled.layout,
    entries: all.map(({ buffer, offset, bytes }, binding) => ({
      binding,
      resource: { buffer, offset, size: Math.max(16, align(bytes, 16)) },
    })),
  });
}

function packParams({ kernel, params }: PlacedDispatch, view: DataView): void {
  Object.entries(kernel.params ?? {}).forEach(([name, type], i) => {
    const value = params[name];
    if (type === "f32") view.setFloat32(4 * i, value, true);
    else if (type === "i32") view.setInt32(4 * i, value, true);
    else view.setUint32(4 * i, value, true);
  });
}
