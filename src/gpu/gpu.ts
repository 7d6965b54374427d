import { check, UnrollError } from "../errors.ts";
import type { Kernel } from "../graph/kernel.ts";
import type { DeviceTraits } from "../graph/op.ts";
import { isResizable } from "../host.ts";
import { type AdapterDescription, describeAdapter, traitsOf } from "./device.ts";
import { type Compiled, compileKernel, compileKernelNow, pipelineKey } from "./pipeline.ts";
import { Turns } from "./turns.ts";

/** Numeric values of GPUBufferUsage, which is no global in every runtime. */
export const USAGE = { MAP_READ: 1, COPY_SRC: 4, COPY_DST: 8, UNIFORM: 64, STORAGE: 128, QUERY_RESOLVE: 512 } as const;

export const align = (bytes: number, to: number): number => Math.ceil(bytes / to) * to;

/** As WebGPU takes it: a multiple of 4 bytes, which f16 arrays need not be, in memory of a fixed size. */
export function evenBytes(data: ArrayBufferView): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
  if (bytes.length % 4 === 0) return isResizable(bytes.buffer) ? bytes.slice() : bytes;
  const padded = new Uint8Array(align(bytes.length, 4));
  padded.set(bytes);
  return padded;
}

/**
 * Runs in flight before `run` waits: enough to keep the GPU busy, few enough not to flood it. The news that a run is done takes longer
 * than a short run does, so there may be more of those.
 */
const MAX_IN_FLIGHT = { least: 3, most: 16 };
const SHORT_MS = 2;

/** How long a failed mapping waits for the news that the device was lost. */
const LOSS_DELAY_MS = 200;

/** Who made a buffer; undefined once it was freed. */
const owners = new WeakMap<GPUBuffer, Gpu | undefined>();

/** The error of a call of which WebGPU refused a part. */
export const refused = (call: string, error: GPUError): UnrollError =>
  new UnrollError("refused", `${call}: WebGPU refused it, so that nothing was computed and nothing changed: ${error.message}`);

const textureBytes = ({ width, height }: GPUTexture): number => 4 * width * height;

/** The dispatcher's view of one device: counted buffers and textures, cached pipelines, work in flight, loss. Knows no ops. */
export class Gpu {
  readonly device: GPUDevice;
  readonly adapter: AdapterDescription;
  readonly traits: DeviceTraits;
  /** Pipelines compiled so far; a cache hit does not count. */
  pipelinesCreated = 0;
  /** Buffers and textures that exist now, and the bytes of both. */
  liveBuffers = 0;
  liveTextures = 0;
  liveBytes = 0;
  /** Resolves with the reason once the device is lost or the engine disposed. */
  readonly ended: Promise<UnrollError>;
  /** What is submitted, in the order of the calls: a run that waits for a staging buffer holds up what is called after it. */
  readonly turns: Turns;

  /** Resolves once the device is known to compute right values. Whatever gives results waits for it. */
  trusted: Promise<void> = Promise.resolve();

  /** Whether no one else holds the device. */
  readonly owned: boolean;
  /** Whether callers were given buffers, which they may destroy. */
  lends = false;
  readonly #pipelines = new Map<string, Promise<Compiled>>();
  readonly #pipelinesNow = new Map<string, Compiled>();
  readonly #buffers = new Set<GPUBuffer>();
  readonly #textures = new Set<GPUTexture>();
  readonly #inFlight = new Set<(error: UnrollError) => void>();
  readonly #waiting: (() => void)[] = [];
  /** Runs that may be in flight now, and when the last one was done. */
  #most = MAX_IN_FLIGHT.least;
  #lastDone = 0;
  #failure: UnrollError | undefined;
  /** The error of a call that gave no promise. */
  #owed: UnrollError | undefined;
  #resolveEnded: (error: UnrollError) => void = () => {};

  /**
   * @param owned whether `dispose` destroys the device: never one that the host brought.
   * @param queuedBytes what calls that wait for their turn may keep
   */
  constructor(device: GPUDevice, owned: boolean, traits?: Partial<DeviceTraits>, queuedBytes?: number) {
    this.device = device;
    this.turns = new Turns(queuedBytes);
    this.adapter = describeAdapter(device);
    this.traits = traitsOf(device, traits);
    this.owned = owned;
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
    void device.lost.then((info) =>
      this.#fail(new UnrollError("lost", `the GPU device was lost (${info.reason}): ${info.message || "no reason given"}`)),
    );
  }

  /** Whether the device is lost or the engine disposed. */
  get hasEnded(): boolean {
    return this.#failure !== undefined;
  }

  /** @throws UnrollError `disposed` or `lost` when nothing can run any more. */
  assertUsable(): void {
    if (this.#failure) throw this.#failure;
  }

  /**
   * A buffer of at least `bytes` bytes, rounded up to 16.
   * @throws UnrollError `limit` when the device allows no buffer or binding of that size.
   */
  createBuffer(label: string, bytes: number, usage: number): GPUBuffer {
    this.assertUsable();
    const size = Math.max(16, align(bytes, 16));
    const { maxBufferSize, maxStorageBufferBindingSize } = this.device.limits;
    const limit = usage & USAGE.STORAGE ? Math.min(maxBufferSize, maxStorageBufferBindingSize) : maxBufferSize;
    check(size <= limit, "limit", () => `${label}: ${size} bytes are more than the ${limit} that this device allows for one buffer`);
    const buffer = this.device.createBuffer({ label, size, usage });
    this.#buffers.add(buffer);
    owners.set(buffer, this);
    this.liveBuffers++;
    this.liveBytes += size;
    return buffer;
  }

  destroyBuffer(buffer: GPUBuffer): void {
    if (!this.#buffers.delete(buffer)) return;
    this.liveBuffers--;
    this.liveBytes -= buffer.size;
    owners.set(buffer, undefined);
    buffer.destroy();
  }

  /** A texture of rgba8unorm. */
  createTexture(label: string, width: number, height: number, usage: number): GPUTexture {
    this.assertUsable();
    const texture = this.device.createTexture({ label, size: [width, height], format: "rgba8unorm", usage });
    this.#textures.add(texture);
    this.liveTextures++;
    this.liveBytes += textureBytes(texture);
    return texture;
  }

  destroyTexture(texture: GPUTexture): void {
    if (!this.#textures.delete(texture)) return;
    this.liveTextures--;
    this.liveBytes -= textureBytes(texture);
    texture.destroy();
  }

  /** Whether this dispatcher made the buffer, so that all that is written to it is in the order of the calls. */
  owns(buffer: GPUBuffer): boolean {
    return this.#buffers.has(buffer);
  }

  /**
   * Checks a buffer that a caller gave, as far as WebGPU lets us see: where it was made by another engine or freed.
   * @param what names it in the message
   * @throws UnrollError `argument`
   */
  checkBuffer(what: () => string, buffer: GPUBuffer): void {
    if (this.#buffers.has(buffer) || !owners.has(buffer)) return;
    const owner = owners.get(buffer);
    check(owner, "argument", () => `${what()} was freed: what it belonged to, such as an image reader or a program, was disposed`);
    check(owner.device === this.device, "argument", () => `${what()} belongs to an engine on another device`);
  }

  /**
   * Does `work`, which encodes and submits, and finds out whether WebGPU refuses any of it: then nothing of it was computed.
   * @returns what was wrong, once the device has looked at it; never rejects
   */
  guard(work: () => void): Promise<GPUError | null> {
    const { device } = this;
    device.pushErrorScope("validation");
    let found: Promise<GPUError | null>;
    try {
      work();
    } finally {
      found = device.popErrorScope().catch(() => null); // a lost device is told elsewhere
    }
    return found;
  }

  /** The same for a call that gives no promise: its error is thrown by the next call that does. */
  guardSilent(call: string, work: () => void): void {
    void this.guard(work).then((refusal) => {
      if (refusal) this.owe(refused(call, refusal));
    });
  }

  /** Keeps an error for the next call that can tell it. */
  owe(error: UnrollError): void {
    this.#owed ??= error;
  }

  /** @throws UnrollError `refused` when WebGPU refused an earlier call that could not say so. */
  tellOwed(): void {
    const owed = this.#owed;
    this.#owed = undefined;
    if (owed) throw owed;
  }

  /** Trusts the device once `test` resolves, beside which pipelines compile. Where it rejects, nothing can run any more. */
  trustAfter(test: Promise<void>): void {
    this.trusted = test.catch((error: unknown) => {
      const reason = error instanceof UnrollError ? error : new UnrollError("self-test", `the self-test failed: ${String(error)}`);
      this.dispose(reason);
      throw this.#failure ?? reason;
    });
    this.trusted.catch(() => {}); // told to all that wait for it, which may be nobody
  }

  /** The pipeline of a kernel, compiled once for each source. Call it for all kernels before awaiting any: they compile side by side. */
  pipeline(kernel: Kernel): Promise<Compiled> {
    const key = pipelineKey(kernel);
    let compiled = this.#pipelines.get(key);
    if (!compiled) {
      this.pipelinesCreated++;
      compiled = this.#typed(compileKernel(this.device, kernel));
      this.#pipelines.set(key, compiled);
      // A failed compilation is not cached, so that the error is told each time.
      compiled.catch(() => this.#pipelines.delete(key));
    }
    return compiled;
  }

  /** The same without waiting: the GPU's queue waits instead. */
  pipelineNow(kernel: Kernel): Compiled {
    const key = pipelineKey(kernel);
    let compiled = this.#pipelinesNow.get(key);
    if (!compiled) {
      this.pipelinesCreated++;
      compiled = compileKernelNow(this.device, kernel);
      this.#pipelinesNow.set(key, compiled);
    }
    return compiled;
  }

  /** Whether another run may be submitted without waiting. */
  get hasRoom(): boolean {
    return this.#inFlight.size < this.#most;
  }

  /**
   * Resolves when fewer than 3 runs are in flight (up to 16 while each takes less than 2 ms), and `ready` says that the next run can be
   * submitted within its call; rejects when the device is lost or the engine disposed.
   */
  async room(ready: () => boolean = () => true): Promise<void> {
    while (!this.hasRoom || !ready()) {
      this.assertUsable();
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.assertUsable();
  }

  /** Counts `work` as one run in flight until it settles; rejects at once with the typed error on loss or dispose. */
  track<T>(given: Promise<T>): Promise<T> {
    const work = this.#typed(given);
    return new Promise<T>((resolve, reject) => {
      const fail = (error: UnrollError) => reject(error);
      const start = performance.now();
      const done = () => {
        const end = performance.now();
        const short = end - Math.max(start, this.#lastDone) < SHORT_MS;
        this.#most = short ? Math.min(MAX_IN_FLIGHT.most, this.#most + 1) : MAX_IN_FLIGHT.least;
        this.#lastDone = end;
        this.#inFlight.delete(fail);
        for (const wake of this.#waiting.splice(0)) wake();
      };
      this.#inFlight.add(fail);
      work.then(
        (value) => {
          done();
          resolve(value);
        },
        (error: unknown) => {
          done();
          reject(error);
        },
      );
      if (this.#failure) reject(this.#failure);
    });
  }

  /** `work`, with the reason of its failure where that is the loss of the device or the end of the engine. */
  async #typed<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      // Mappings and compilations fail a moment before the device says that it is lost.
      if (!(error instanceof UnrollError)) await Promise.race([this.ended, new Promise((resolve) => setTimeout(resolve, LOSS_DELAY_MS))]);
      throw this.#failure ?? error;
    }
  }

  /** Destroys all buffers; the device too, when the engine requested it. What is in flight rejects with the reason. */
  dispose(reason = new UnrollError("disposed", "the engine was disposed")): void {
    this.#fail(reason);
    for (const buffer of this.#buffers) this.destroyBuffer(buffer);
    for (const texture of this.#textures) this.destroyTexture(texture);
    this.#pipelines.clear();
    this.#pipelinesNow.clear();
    if (this.owned) this.device.destroy();
  }

  #fail(error: UnrollError): void {
    if (this.#failure) return;
    this.#failure = error;
    for (const reject of this.#inFlight) reject(error);
    this.#inFlight.clear();
    for (const wake of this.#waiting.splice(0)) wake();
    this.turns.end();
    this.#resolveEnded(error);
  }
}
