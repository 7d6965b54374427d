import { check, checkOptions, describe, UnrollError } from "../errors.ts";
import { evenBytes, type Gpu, USAGE } from "../gpu/gpu.ts";
import { type Location, Recording } from "../gpu/recorder.ts";
import { type KernelRun, kernelCall } from "../gpu/run-kernel.ts";
import type { Bindings, Kernel, Params, Workgroups } from "../graph/kernel.ts";
import { bytesPerElement, type DType, type HostArray } from "../graph/types.ts";
import { checkKernel } from "../graph/user-kernel.ts";
import { randomSource } from "../random.ts";
import { toHost } from "../verify/prepare.ts";
import { type Bench, type Ready, type Subject, setsFor } from "./subject.ts";
import { checkKernelOutput } from "./user-kernel-check.ts";

/** Values of one binding: how many (then they are random, in [-1, 1); integers 0 to 9), or the values themselves. */
export type BenchBuffer = number | HostArray;

/** One size that kernels are measured at. */
export interface BenchSize {
  /** Tells it from the other sizes. Default: the lengths of the buffers. */
  readonly name?: string;
  /** For each binding of the kernels. */
  readonly buffers: Readonly<Record<string, BenchBuffer>>;
  readonly params?: Readonly<Record<string, number>>;
  /** Overrides the kernels' own rule. */
  readonly workgroups?: Workgroups;
}

/** Kernels that compute the same, to be measured beside one another. */
export interface KernelBench {
  readonly name: string;
  readonly variants: readonly Kernel[];
  readonly sizes: readonly BenchSize[];
}

/** What `benchmark` takes. A single kernel is a list of one. */
export interface BenchmarkSpec<B extends Bindings, P extends Params> {
  /** Default: the name of the first kernel. */
  readonly name?: string;
  /** Kernels that compute the same; each is checked with its own reference, else with that of the first that has one. */
  readonly kernels: Kernel<B, P> | readonly Kernel<B, P>[];
  readonly sizes: readonly (BenchSize & {
    readonly buffers: { readonly [K in keyof B]: BenchBuffer };
    readonly params?: { readonly [K in keyof P]: number };
  })[];
}

/**
 * Describes kernels of one's own for `unroll bench FILE` and `runBench`: variants of one computation, at some sizes.
 * @throws UnrollError `argument` or `name` when something is missing or no kernel's.
 */
export function benchmark<const B extends Bindings, const P extends Params>(spec: BenchmarkSpec<B, P>): KernelBench {
  checkOptions("benchmark", spec, ["name", "kernels", "sizes"]);
  const variants = (Array.isArray(spec.kernels) ? spec.kernels : [spec.kernels]) as readonly Kernel[];
  check(variants.length > 0, "argument", "benchmark: give at least one kernel");
  for (const kernel of variants) checkKernel(kernel);
  const name = spec.name ?? variants[0].name;
  check(typeof name === "string", "argument", () => `benchmark: name must be a string, not ${describe(name)}`);
  const sizes: readonly BenchSize[] = spec.sizes;
  check(Array.isArray(sizes) && sizes.length > 0, "argument", () => `benchmark "${name}": give at least one size: { buffers: { … } }`);
  for (const size of sizes) checkSize(name, variants, size);
  const names = variants.map((kernel) => kernel.name);
  check(new Set(names).size === names.length, "name", () => `benchmark "${name}": two kernels have one name; they are ${names.join(", ")}`);
  return { [MADE]: true, name, variants, sizes } as KernelBench;
}

/** Known in all copies of this module: a file with kernels brings its own. */
const MADE = "unroll-gpu/bench kernels";

function checkSize(name: string, variants: readonly Kernel[], size: BenchSize): void {
  checkOptions(`benchmark "${name}": a size`, size, ["name", "buffers", "params", "workgroups"]);
  for (const kernel of variants) {
    for (const binding of Object.keys(kernel.bindings)) {
      const value = size.buffers?.[binding];
      check(
        ArrayBuffer.isView(value) || (Number.isInteger(value) && Number(value) >= 0),
        "name",
        () => `benchmark "${name}": a size needs a length or values for the binding "${binding}" of kernel "${kernel.name}"`,
      );
    }
    for (const param of Object.keys(kernel.params ?? {}))
      check(Number.isFinite(size.params?.[param]), "name", () => `benchmark "${name}": a size needs a number for the param "${param}"`);
    check(
      size.workgroups ?? kernel.workgroups,
      "argument",
      () => `benchmark "${name}": kernel "${kernel.name}" has no workgroups, and the size gives none`,
    );
  }
}

/** Whether something exported by a file is what `benchmark` makes. */
export const isKernelBench = (value: unknown): value is KernelBench => typeof value === "object" && value !== null && MADE in value;

export function kernelBenchSubjects({ name, variants, sizes }: KernelBench): Subject[] {
  const reference = variants.find((kernel) => kernel.reference)?.reference;
  const labels = labelsOf(sizes);
  return sizes.flatMap((size, i) => {
    const inputs = new Inputs(name, size);
    return variants.map((kernel): Subject => {
      const checked = kernel.reference ? kernel : { ...kernel, reference };
      return {
        suite: "own",
        name: [name, labels[i]].filter(Boolean).join(" "),
        subject: kernel.name,
        prepare(bench) {
          checkFits(bench.gpu, kernel, size);
          return prepareKernel(bench, checked, inputs.of(kernel));
        },
      };
    });
  });
}

/** What tells sizes apart: their names, else lengths, and where those are the same params; a number where nothing does. */
function labelsOf(sizes: readonly BenchSize[]): string[] {
  if (sizes.length === 1) return [sizes[0].name ?? ""];
  const fields = (values: Readonly<Record<string, number | HostArray>> = {}): string[] =>
    Object.entries(values).map(([field, value]) => `${field}=${typeof value === "number" ? value : value.length}`);
  const distinct = (labels: readonly string[]): boolean => new Set(labels).size === labels.length;
  const short = sizes.map(({ name, buffers }) => name ?? fields(buffers).join(" "));
  if (distinct(short)) return short;
  const long = sizes.map(({ name, buffers, params }) => name ?? [...fields(buffers), ...fields(params)].join(" "));
  return distinct(long) ? long : long.map((label, i) => `${label} (${i + 1})`);
}

/** The same values for all variants. */
class Inputs {
  readonly #values = new Map<string, HostArray>();
  readonly #name: string;
  readonly #size: BenchSize;

  constructor(name: string, size: BenchSize) {
    this.#name = name;
    this.#size = size;
  }

  of(kernel: Kernel): KernelRun {
    const buffers = Object.entries(kernel.bindings).map(([name, { dtype, access }]) => {
      const value = this.#size.buffers[name];
      return [name, typeof value !== "number" || access === "write" ? value : this.#random(name, dtype, value)];
    });
    return { ...this.#size, buffers: Object.fromEntries(buffers) };
  }

  #random(name: string, dtype: DType, length: number): HostArray {
    const known = this.#values.get(name);
    if (known) return known;
    const random = randomSource(0, `${this.#name} ${name}`);
    const whole = dtype === "i32" || dtype === "u32";
    const values = toHost(
      dtype,
      Float64Array.from({ length }, () => (whole ? Math.floor(10 * random.uniform()) : 2 * random.uniform() - 1)),
    );
    this.#values.set(name, values);
    return values;
  }
}

/** Whether the kernel computes in half precision, which a device may lack and which has a peak of its own. */
const usesHalf = ({ bindings, wgsl }: Kernel): boolean =>
  /\benable\s+f16\b/.test(wgsl) || Object.values(bindings).some(({ dtype }) => dtype === "f16");

/** Before any values are made. @throws UnrollError `limit` where this device can never run it. */
function checkFits({ device, traits }: Gpu, kernel: Kernel, { buffers }: BenchSize): void {
  if (usesHalf(kernel) && !traits.f16)
    throw new UnrollError("limit", `kernel "${kernel.name}" computes in f16, and this device has no shader-f16`);
  const most = Math.min(device.limits.maxBufferSize, device.limits.maxStorageBufferBindingSize);
  for (const [name, { dtype }] of Object.entries(kernel.bindings)) {
    const value = buffers[name];
    const bytes = (typeof value === "number" ? value : value.length) * bytesPerElement(dtype);
    if (bytes > most)
      throw new UnrollError("limit", `kernel "${kernel.name}": "${name}" takes ${bytes} bytes; this device binds at most ${most}`);
  }
}

/** In place a kernel finds its own output in the next run: each set of buffers is used once, and then restored. */
const IN_PLACE = { sets: 64, bytes: 256 * 2 ** 20 };

async function prepareKernel(bench: Bench, kernel: Kernel, run: KernelRun): Promise<Ready> {
  const { gpu } = bench;
  const call = kernelCall(kernel, run);
  const cost = kernel.cost?.(call);
  for (const [part, value] of Object.entries(cost ?? {}))
    check(Number.isFinite(value) && value >= 0, "argument", () => `kernel "${kernel.name}": its cost says ${value} ${part}`);
  const bytes = Object.entries(kernel.bindings).map(([name, { dtype }]) => call.lengths[name] * bytesPerElement(dtype));
  const total = bytes.reduce((sum, n) => sum + n, 0);
  const inPlace = Object.values(kernel.bindings).some(({ access }) => access === "read_write");
  const sets = inPlace ? Math.max(2, Math.min(IN_PLACE.sets, Math.floor(IN_PLACE.bytes / Math.max(1, total)))) : setsFor(total);
  const made: GPUBuffer[] = [];
  const recordings: Recording[] = [];
  const dispose = () => {
    for (const recording of recordings) recording.dispose();
    for (const buffer of made) gpu.destroyBuffer(buffer);
  };
  const places: Location[][] = [];
  const pristine = new Map<number, GPUBuffer>();
  try {
    for (let set = 0; set < sets; set++) {
      places.push(placesOf(gpu, kernel, run, bytes, made));
      const workgroups = (run.workgroups ?? kernel.workgroups?.(call)) as Workgroups;
      recordings.push(await Recording.create(gpu, kernel.name, [{ kernel, locations: places[set], params: call.params, workgroups }]));
    }
    if (inPlace)
      Object.values(kernel.bindings).forEach(({ access }, i) => {
        if (access === "read_write") pristine.set(i, placesOf(gpu, kernel, run, bytes, made)[i].buffer);
      });
  } catch (error) {
    dispose();
    throw error;
  }
  const restore = async (): Promise<void> => {
    const encoder = gpu.device.createCommandEncoder({ label: "restore" });
    for (const place of places) for (const [i, from] of pristine) encoder.copyBufferToBuffer(from, 0, place[i].buffer, 0, from.size);
    gpu.device.queue.submit([encoder.finish()]);
    await gpu.device.queue.onSubmittedWorkDone();
  };
  return {
    cost,
    precision: usesHalf(kernel) ? "f16" : undefined,
    dispatches: 1,
    check: () => checkKernelOutput(bench, kernel, run),
    encode: (pass, turn) => recordings[turn % sets].encode(pass),
    once: inPlace ? { runs: sets, restore } : undefined,
    dispose,
  };
}

/** Buffers of their own for all bindings, filled. */
function placesOf(gpu: Gpu, kernel: Kernel, run: KernelRun, bytes: readonly number[], made: GPUBuffer[]): Location[] {
  return Object.keys(kernel.bindings).map((name, i): Location => {
    const buffer = gpu.createBuffer(`${kernel.name} ${name}`, bytes[i], USAGE.STORAGE | USAGE.COPY_DST | USAGE.COPY_SRC);
    made.push(buffer);
    const value = run.buffers[name];
    if (typeof value !== "number") gpu.device.queue.writeBuffer(buffer, 0, evenBytes(value));
    return { buffer, offset: 0, bytes: bytes[i] };
  });
}
