/// <reference lib="esnext.disposable" preserve="true" />
import { check, checkOptions, describe, UnrollError } from "../errors.ts";
import { type AdapterDescription, requestDevice } from "../gpu/device.ts";
import { Gpu, USAGE } from "../gpu/gpu.ts";
import { selfTest } from "../gpu/self-test.ts";
import { arrayName, checkMemory } from "../graph/host-array.ts";
import type { DeviceTraits } from "../graph/op.ts";
import { Variable } from "../graph/tensor.ts";
import { type DType, formatType, type HostArray, type HostArrays, type NamedArray, type Shape, sizeOf } from "../graph/types.ts";
import { STATUS } from "../graph/update.ts";
import { nameOfClass, typedArrayName } from "../host.ts";
import { GpuStore } from "./gpu-store.ts";
import { type ReferenceParts, referenceParts } from "./reference.ts";
import { checkSameType, type NamedArrays, Pending, type VariableStore } from "./store.ts";

export interface EngineOptions {
  /** A device to work on. It stays the host's: it is never destroyed here. Without one, a device is requested. */
  readonly device?: GPUDevice;
  /** Where to request a device: `navigator.gpu` unless given (in Node: what Dawn's `create([])` returns). */
  readonly gpu?: GPU;
  readonly powerPreference?: GPUPowerPreference;
  /** Request a device with the default limits and no optional features. */
  readonly defaultLimits?: boolean;
  /** Run everything through the references on the CPU in f64: slow, right, and without WebGPU. */
  readonly reference?: boolean;
  /** Of the variables' initial values. Default 0. */
  readonly seed?: number;
  /** Overrides what is found out about the device; for tests of kernel variants. */
  readonly traits?: Partial<DeviceTraits>;
  /**
   * Default true: run a small kernel with known answers, because some adapters compute wrong values. It runs while the first program
   * compiles; where an answer is wrong, `compile` and all else that would give results reject with `self-test`.
   */
  readonly selfTest?: boolean;
}

/** What belongs to an engine on a GPU. Internal to src/program. */
export interface GpuParts {
  readonly gpu: Gpu;
  readonly store: GpuStore;
  /** STATUS words: the sticky flag of non-finite values. */
  readonly status: GPUBuffer;
}

const parts = new WeakMap<Engine, GpuParts | ReferenceParts>();

/** A device with its variables. Any number of programs share both; any number of engines may live side by side. */
export class Engine {
  readonly seed: number;
  readonly adapter: AdapterDescription;
  /** Resolves with the reason (`lost`, `disposed` or `self-test`) when the engine can be used no more. */
  readonly lost: Promise<UnrollError>;
  readonly #store: VariableStore;
  readonly #pending: Pending;
  readonly #end: (error: UnrollError) => void;
  #ended: UnrollError | undefined;
  #nonFinite: UnrollError | undefined;
  /** How often `clearNonFinite` was called: a run from before a clearance says nothing about the time after it. */
  clearances = 0;

  private constructor(seed: number, pending: Pending, own: GpuParts | ReferenceParts) {
    this.seed = seed;
    this.#pending = pending;
    this.#store = own.store;
    this.adapter = "gpu" in own ? own.gpu.adapter : own.adapter;
    let end: (error: UnrollError) => void = () => {};
    this.lost = new Promise((resolve) => {
      end = resolve;
    });
    this.#end = (error) => {
      this.#ended ??= error;
      end(error);
    };
    if ("gpu" in own) void own.gpu.ended.then(this.#end);
    parts.set(this, own);
  }

  /**
   * Requests a device, or adopts one.
   * @throws UnrollError `adapter` when there is no WebGPU or no adapter. An adapter that computes wrong values ends the engine with
   *   `self-test` before it gives any result: see the option.
   */
  static async create(options: EngineOptions = {}): Promise<Engine> {
    checkOptions("Engine.create", options, [
      ...["device", "gpu", "powerPreference", "defaultLimits", "reference", "seed", "traits", "selfTest"],
    ]);
    const { device, gpu, powerPreference, reference, seed = 0, traits, defaultLimits } = options;
    check(Number.isFinite(seed), "argument", () => `Engine.create: seed must be a number, not ${String(seed)}`);
    check(!(reference && device), "argument", "Engine.create: give a device, or reference: true, not both");
    check(
      device === undefined || typeof device?.createComputePipelineAsync === "function",
      "argument",
      () => `Engine.create: device must be a GPUDevice, not ${String(device)}`,
    );
    const pending = new Pending();
    if (reference) return new Engine(seed, pending, referenceParts(seed, pending));
    const dispatcher = new Gpu(device ?? (await requestDevice({ gpu, powerPreference, defaultLimits })), !device, traits);
    try {
      if (options.selfTest ?? true) dispatcher.trustAfter(selfTest(dispatcher));
      const status = dispatcher.createBuffer("status", 4 * STATUS.WORDS, USAGE.STORAGE | USAGE.COPY_SRC | USAGE.COPY_DST);
      return new Engine(seed, pending, { gpu: dispatcher, store: new GpuStore(dispatcher, seed, pending), status });
    } catch (error) {
      dispatcher.dispose();
      throw error;
    }
  }

  /** Runs on the references, without a GPU. */
  get isReference(): boolean {
    return !gpuPartsOf(this);
  }

  /** GPU buffers that this engine holds now. */
  get memory(): { readonly buffers: number; readonly bytes: number } {
    const { liveBuffers: buffers = 0, liveBytes: bytes = 0 } = gpuPartsOf(this)?.gpu ?? {};
    return { buffers, bytes };
  }

  /** Pipelines compiled so far. */
  get pipelinesCreated(): number {
    return gpuPartsOf(this)?.gpu.pipelinesCreated ?? 0;
  }

  /** @throws UnrollError `disposed` or `lost` */
  assertUsable(): void {
    if (this.#ended) throw this.#ended;
    gpuPartsOf(this)?.gpu.assertUsable();
  }

  /** The values that a variable has after all runs so far. */
  async read<D extends DType, S extends Shape>(variable: Variable<D, S>): Promise<HostArrays[D]> {
    this.assertUsable();
    check(variable instanceof Variable, "argument", () => `read: give a variable, not ${describe(variable)}`);
    this.#store.ensure([variable as unknown as Variable]);
    return (await this.#store.read([variable.name]))[variable.name].data as HostArrays[D];
  }

  /** Sets a variable, after all runs so far and before the next. @throws UnrollError `dtype`, `size` */
  write<D extends DType, S extends Shape>(variable: Variable<D, S>, data: HostArrays[D]): void {
    this.assertUsable();
    check(variable instanceof Variable, "argument", () => `write: the first argument must be a variable, not ${describe(variable)}`);
    const expected = arrayName(variable.dtype);
    check(
      typedArrayName(data) === expected,
      "dtype",
      () => `write: variable "${variable.name}" is ${formatType(variable)}; give a ${expected}, not ${nameOfClass(data)}`,
    );
    checkMemory(`write: the array for variable "${variable.name}"`, data);
    check(
      data.length === variable.size,
      "size",
      () => `write: variable "${variable.name}", ${formatType(variable)}, needs ${variable.size} values, not ${data.length}`,
    );
    this.#store.ensure([variable as unknown as Variable]);
    this.#store.write(variable.name, data);
  }

  /** All variables and optimizer states, also those that were loaded and not used yet. See the function `save`. */
  async readAll(): Promise<NamedArrays> {
    this.assertUsable();
    const held = await this.#store.read(this.#store.names());
    return { ...this.#pending.all(), ...held };
  }

  /** Sets what is known by name now; keeps the rest for when it is first used. See the function `load`. */
  async writeAll(arrays: NamedArrays): Promise<void> {
    this.assertUsable();
    check(
      typeof arrays === "object" && arrays !== null && !Array.isArray(arrays) && !ArrayBuffer.isView(arrays),
      "argument",
      () => `load: give an object of named arrays, as save returns it, not ${describe(arrays)}`,
    );
    // Everything is checked before anything is changed.
    for (const [name, array] of Object.entries(arrays)) {
      checkNamedArray(name, array);
      if (this.#store.has(name)) checkSameType(name, this.#store.typeOf(name), array);
    }
    for (const [name, array] of Object.entries(arrays)) {
      if (this.#store.has(name)) this.#store.write(name, array.data);
      else this.#pending.set(name, array);
    }
  }

  /** The error of the first non-finite loss or gradient since the flag was last cleared. While there is one, runs with updates reject. */
  get nonFinite(): UnrollError | undefined {
    return this.#nonFinite;
  }

  /** Called by programs. */
  reportNonFinite(error: UnrollError): UnrollError {
    this.#nonFinite ??= error;
    return this.#nonFinite;
  }

  /** Lets variables change again after a non-finite loss or gradient. They hold the values from before it. */
  clearNonFinite(): void {
    this.assertUsable();
    this.#nonFinite = undefined;
    this.clearances++;
    const own = gpuPartsOf(this);
    own?.gpu.device.queue.writeBuffer(own.status, 0, new Uint32Array(STATUS.WORDS));
  }

  /** Frees everything on the GPU; destroys the device only when this engine requested it. What is in flight rejects with `disposed`. */
  dispose(): void {
    this.#end(new UnrollError("disposed", "the engine was disposed"));
    gpuPartsOf(this)?.gpu.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

function checkNamedArray(name: string, array: NamedArray): void {
  check(
    ArrayBuffer.isView(array?.data) && Array.isArray(array.shape) && array.data.length === sizeOf(array.shape),
    "format",
    () => `load: "${name}" must have dtype, shape and data of that many values`,
  );
  const data: HostArray = array.data;
  checkMemory(`load: the array "${name}"`, data);
  check(
    arrayName(array.dtype),
    "format",
    () => `load: "${name}" is ${describe(array.dtype)}, which no variable is; decodeSafetensors converts with { convert: true }, or skips`,
  );
  check(
    typedArrayName(data) === arrayName(array.dtype),
    "format",
    () => `load: "${name}" says ${array.dtype} but holds a ${nameOfClass(data)}`,
  );
}

/** The GPU parts of an engine, or undefined where it runs on the references. Internal to src/program. */
export function gpuPartsOf(engine: Engine): GpuParts | undefined {
  const own = partsOf(engine);
  return "gpu" in own ? own : undefined;
}

/** What an engine is made of. Internal to src/program. */
export const partsOf = (engine: Engine): GpuParts | ReferenceParts => parts.get(engine) as GpuParts | ReferenceParts;

/** Checks an argument of a public function, which may come from JavaScript. */
export function checkEngine(call: string, engine: unknown): asserts engine is Engine {
  check(
    engine instanceof Engine,
    "argument",
    () => `${call}: the first argument must be an engine, made by Engine.create(), not ${describe(engine)}`,
  );
}

/** All variables and optimizer state of an engine as named arrays, ready to be stored. */
export async function save(engine: Engine): Promise<NamedArrays> {
  checkEngine("save", engine);
  return engine.readAll();
}

/**
 * Sets variables and optimizer state by name. Names that the engine does not know yet are kept until a program uses them, so that a
 * checkpoint can be loaded before or after `compile`.
 * @throws UnrollError `shape` or `format` when an array does not fit; then nothing is changed.
 */
export async function load(engine: Engine, arrays: NamedArrays): Promise<void> {
  checkEngine("load", engine);
  return engine.writeAll(arrays);
}
