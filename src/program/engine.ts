/// <reference lib="esnext.disposable" preserve="true" />
import { article, check, checkOptions, describe, UnrollError } from "../errors.ts";
import { type AdapterDescription, requestDevice } from "../gpu/device.ts";
import { Gpu, USAGE } from "../gpu/gpu.ts";
import { selfTest } from "../gpu/self-test.ts";
import { type Kept, MAX_QUEUED_BYTES } from "../gpu/turns.ts";
import { arrayName, checkMemory } from "../graph/host-array.ts";
import type { DeviceTraits } from "../graph/op.ts";
import { Variable } from "../graph/tensor.ts";
import { type DType, formatType, type HostArrays, type Shape } from "../graph/types.ts";
import { STATUS } from "../graph/update.ts";
import { typedArrayName } from "../host.ts";
import { checkArrays, checkNamedArray, compareNames, type LoadResult } from "./checkpoint.ts";
import { GpuStore } from "./gpu-store.ts";
import { type GpuParts, gpuPartsOf, partsOf, setParts, stepsOf } from "./parts.ts";
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
  /**
   * How many bytes of arrays the calls may keep that wait for their turn. A call whose program is compiled is submitted at once and keeps
   * nothing, unless more runs are under way than it has buffers to read back with. Beyond this a call rejects with `limit`; to await each
   * call avoids it. Default 256 MB.
   */
  readonly maxQueuedBytes?: number;
}

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
  /** How often `clearNonFinite` was called: a run that was called before a clearance says nothing about the time after it. */
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
      own.turns.end();
      end(error);
    };
    setParts(this, own);
    if ("gpu" in own) void own.gpu.ended.then(this.#end);
  }

  /**
   * Requests a device, or adopts one.
   * @throws UnrollError `adapter` when there is no WebGPU or no adapter. An adapter that computes wrong values ends the engine with
   *   `self-test` before it gives any result: see the option.
   */
  static async create(options: EngineOptions = {}): Promise<Engine> {
    checkOptions("Engine.create", options, [
      ...["device", "gpu", "powerPreference", "defaultLimits", "reference", "seed", "traits", "selfTest", "maxQueuedBytes"],
    ]);
    const { device, gpu, powerPreference, reference, seed = 0, traits, defaultLimits, maxQueuedBytes = MAX_QUEUED_BYTES } = options;
    check(
      typeof maxQueuedBytes === "number" && maxQueuedBytes >= 0,
      "argument",
      () => `Engine.create: maxQueuedBytes must be a number of at least 0, not ${describe(maxQueuedBytes)}`,
    );
    check(Number.isFinite(seed), "argument", () => `Engine.create: seed must be a number, not ${String(seed)}`);
    check(!(reference && device), "argument", "Engine.create: give a device, or reference: true, not both");
    check(
      device === undefined || typeof device?.createComputePipelineAsync === "function",
      "argument",
      () => `Engine.create: device must be a GPUDevice, not ${String(device)}`,
    );
    const pending = new Pending();
    if (reference) return new Engine(seed, pending, referenceParts(seed, pending, maxQueuedBytes));
    const dispatcher = new Gpu(device ?? (await requestDevice({ gpu, powerPreference, defaultLimits })), !device, traits, maxQueuedBytes);
    try {
      if (options.selfTest ?? true) dispatcher.trustAfter(selfTest(dispatcher));
      const status = dispatcher.createBuffer("status", 4 * STATUS.WORDS, USAGE.STORAGE | USAGE.COPY_SRC | USAGE.COPY_DST);
      const clear = () =>
        dispatcher.guardSilent("clearNonFinite", () => dispatcher.device.queue.writeBuffer(status, 0, new Uint32Array(STATUS.WORDS)));
      return new Engine(seed, pending, {
        ...{ gpu: dispatcher, store: new GpuStore(dispatcher, seed, pending) },
        ...{ status, turns: dispatcher.turns, clear },
      });
    } catch (error) {
      dispatcher.dispose();
      throw error;
    }
  }

  /** Runs on the references, without a GPU. */
  get isReference(): boolean {
    return !gpuPartsOf(this);
  }

  /** GPU buffers and textures that this engine holds now, and the bytes of both. */
  get memory(): { readonly buffers: number; readonly textures: number; readonly bytes: number } {
    const { liveBuffers: buffers = 0, liveTextures: textures = 0, liveBytes: bytes = 0 } = gpuPartsOf(this)?.gpu ?? {};
    return { buffers, textures, bytes };
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

  /** The values that a variable has after all calls so far. */
  async read<D extends DType, S extends Shape>(variable: Variable<D, S>): Promise<HostArrays[D]> {
    this.assertUsable();
    check(variable instanceof Variable, "argument", () => `read: give a variable, not ${describe(variable)}`);
    this.#store.ensure([variable as unknown as Variable]);
    const started = await this.#turn(() => ({ arrays: this.#store.read([variable.name]) }));
    return (await started.arrays)[variable.name].data as HostArrays[D];
  }

  /**
   * Sets a variable, after all calls so far and before the next. The array may be reused as soon as this returns.
   * @throws UnrollError `dtype`, `size`; `limit` when too many calls wait
   */
  write<D extends DType, S extends Shape>(variable: Variable<D, S>, data: HostArrays[D]): void {
    this.assertUsable();
    check(variable instanceof Variable, "argument", () => `write: the first argument must be a variable, not ${describe(variable)}`);
    const expected = arrayName(variable.dtype);
    check(
      typedArrayName(data) === expected,
      "dtype",
      () => `write: variable "${variable.name}" is ${formatType(variable)}; give ${article(String(expected))}, not ${describe(data)}`,
    );
    checkMemory(`write: the array for variable "${variable.name}"`, data);
    check(
      data.length === variable.size,
      "size",
      () => `write: variable "${variable.name}", ${formatType(variable)}, needs ${variable.size} values, not ${data.length}`,
    );
    this.#store.ensure([variable as unknown as Variable]);
    const kept = { data };
    const write = () => this.#store.write(variable.name, kept.data);
    const copy = () => {
      kept.data = data.slice() as HostArrays[D];
    };
    const turn = this.#turn(write, () => ({ bytes: data.byteLength, copy }));
    if (turn instanceof Promise) turn.catch(() => {}); // an engine that ended meanwhile has nothing to write to
    stepsOf(this).written(variable.name, data);
  }

  /**
   * Frees variables of graphs, with their optimizer states: those of a trainer go with `trainer.dispose()`. When one is used again it
   * begins with its initial values.
   * @throws UnrollError `name` where a program uses one that is not disposed; then nothing is freed.
   */
  async release(variables: readonly Variable[]): Promise<void> {
    this.assertUsable();
    check(
      Array.isArray(variables) && variables.every((variable) => variable instanceof Variable),
      "argument",
      () => `release: give an array of variables, not ${describe(variables)}`,
    );
    await this.#turn(() => this.#store.release(variables));
  }

  /** All variables and optimizer states after all calls so far, also those that were loaded and not used yet. See the function `save`. */
  async readAll(): Promise<NamedArrays> {
    this.assertUsable();
    const { loaded, held } = await this.#turn(() => ({ loaded: this.#pending.all(), held: this.#store.read(this.#store.names()) }));
    return { ...loaded, ...(await held) };
  }

  /** Those of these names. */
  async readNamed(names: readonly string[]): Promise<NamedArrays> {
    this.assertUsable();
    const { held } = await this.#turn(() => ({ held: this.#store.read(names) }));
    return held;
  }

  /** Does `work` in its turn, unless the engine cannot be used any more. */
  #turn<T>(work: () => T, keep?: () => Kept): T | Promise<T> {
    return partsOf(this).turns.take(
      () => true,
      () => {
        this.assertUsable();
        return work();
      },
      keep,
    );
  }

  /** Sets what is known by name, after all calls so far; keeps the rest for when it is first used. See the function `load`. */
  async writeAll(arrays: NamedArrays): Promise<LoadResult> {
    this.assertUsable();
    checkArrays(arrays, "save");
    // Everything is checked before anything is changed.
    for (const [name, array] of Object.entries(arrays)) checkNamedArray(name, array);
    let entries = Object.entries(arrays);
    const checkTypes = () => {
      for (const [name, array] of entries) if (this.#store.has(name)) checkSameType(name, this.#store.typeOf(name), array);
    };
    checkTypes();
    const write = (): LoadResult => {
      const given = entries.map(([name]) => name);
      const result = compareNames(this.#store.names(), given, true);
      checkTypes(); // more may be known by now
      for (const [name, array] of entries) {
        if (this.#store.has(name)) this.#store.write(name, array.data);
        else this.#pending.set(name, array);
      }
      return result;
    };
    const copy = () => {
      entries = entries.map(([name, array]) => [name, { ...array, data: array.data.slice() }]);
    };
    const turn = this.#turn(write, () => ({ bytes: entries.reduce((sum, [, { data }]) => sum + data.byteLength, 0), copy }));
    for (const [name, array] of entries) stepsOf(this).written(name, array.data);
    return turn;
  }

  /**
   * The error of the first loss or gradient that was not finite, or of the first index out of range that a run with updates found on the
   * GPU, since the flag was last cleared. While there is one, runs with updates reject.
   */
  get nonFinite(): UnrollError | undefined {
    return this.#nonFinite;
  }

  /** Called by programs. */
  reportNonFinite(error: UnrollError): UnrollError {
    this.#nonFinite ??= error;
    return this.#nonFinite;
  }

  /**
   * Lets variables change again after a loss or gradient that was not finite, or an index out of range. They hold the values from before
   * it. Runs that were called before this and not awaited still reject.
   */
  clearNonFinite(): void {
    this.assertUsable();
    this.#nonFinite = undefined;
    this.clearances++;
    const turn = this.#turn(partsOf(this).clear);
    if (turn instanceof Promise) turn.catch(() => {});
  }

  /** Frees everything on the GPU; destroys the device only when this engine requested it. What is in flight rejects with `disposed`. */
  dispose(): void {
    this.#end(new UnrollError("disposed", "the engine was disposed"));
    this.#pending.clear();
    gpuPartsOf(this)?.gpu.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/**
 * To be called before variables come to an engine for a trainer. Internal to this package.
 * @param share whether they may be one with what the engine has by their names
 * @returns to be called when the trainer goes
 */
export function admit(engine: Engine, owner: object, share: boolean): () => void {
  const { admission } = partsOf(engine).store;
  if (share) admission.share(owner);
  return admission.claim(owner);
}

/** Checks an argument of a public function, which may come from JavaScript. */
export function checkEngine(call: string, engine: unknown): asserts engine is Engine {
  check(
    engine instanceof Engine,
    "argument",
    () => `${call}: the first argument must be an engine, made by Engine.create(), not ${describe(engine)}`,
  );
}
