import { UnrollError } from "../errors.ts";
import { align, type Gpu, USAGE } from "../gpu/gpu.ts";
import type { Location } from "../gpu/recorder.ts";
import { hostArray, type Variable } from "../graph/tensor.ts";
import { byteLength, type DType, type HostArray, sizeOf, type TensorType } from "../graph/types.ts";
import { CONTROL } from "../graph/update.ts";
import { checkVariable, initialValues, type NamedArrays, Pending, stateName, type VariableStore } from "./store.ts";

/** Entries begin at multiples of this: what a binding's offset must be aligned to. */
const ENTRY_ALIGNMENT = 256;

const STORAGE = USAGE.STORAGE | USAGE.COPY_SRC | USAGE.COPY_DST;

/** One flat buffer that holds variables one after another. */
export interface Segment {
  readonly index: number;
  readonly buffer: GPUBuffer;
  readonly bytes: number;
}

export interface Entry {
  readonly variable: Variable;
  readonly segment: Segment;
  readonly offset: number;
}

/** A range of a buffer with the type of what it holds. */
interface Held extends Location {
  readonly type: TensorType;
}

/** Variables in flat segments on the GPU; gradients and each optimizer state in buffers of the same layout beside them. */
export class GpuStore implements VariableStore {
  readonly #gpu: Gpu;
  readonly #seed: number;
  readonly #pending: Pending;
  readonly #entries = new Map<string, Entry>();
  readonly #mirrors = new Map<string, GPUBuffer>();
  readonly #states = new Map<string, Held>();
  #segments = 0;

  constructor(gpu: Gpu, seed: number, pending: Pending) {
    this.#gpu = gpu;
    this.#seed = seed;
    this.#pending = pending;
  }

  ensure(variables: readonly Variable[]): void {
    const fresh = new Map<string, Variable>();
    for (const variable of variables) {
      checkVariable(this.#entries.get(variable.name)?.variable ?? fresh.get(variable.name), variable);
      if (!this.#entries.has(variable.name)) fresh.set(variable.name, variable);
    }
    const { maxStorageBufferBindingSize, maxBufferSize } = this.#gpu.device.limits;
    const limit = Math.min(maxStorageBufferBindingSize, maxBufferSize);
    let group: Variable[] = [];
    let bytes = 0;
    for (const variable of fresh.values()) {
      const size = align(Math.max(4, byteLength(variable)), ENTRY_ALIGNMENT);
      if (group.length > 0 && bytes + size > limit) {
        this.#allocate(group, bytes);
        group = [];
        bytes = 0;
      }
      group.push(variable);
      bytes += size;
    }
    if (group.length > 0) this.#allocate(group, bytes);
  }

  #allocate(variables: readonly Variable[], bytes: number): void {
    // Values first: an initialiser that throws leaves nothing behind.
    const data = new ArrayBuffer(bytes);
    let offset = 0;
    const places = variables.map((variable) => {
      const at = offset;
      offset += align(Math.max(4, byteLength(variable)), ENTRY_ALIGNMENT);
      view(variable.dtype, data, at, variable.size).set(this.#pending.take(variable.name, variable) ?? initialValues(variable, this.#seed));
      return at;
    });
    const buffer = this.#gpu.createBuffer(`variables: ${variables[0].name}, …`, bytes, STORAGE);
    this.#gpu.device.queue.writeBuffer(buffer, 0, data);
    const segment: Segment = { index: this.#segments++, buffer, bytes };
    variables.forEach((variable, i) => {
      this.#entries.set(variable.name, { variable, segment, offset: places[i] });
    });
  }

  entry(name: string): Entry {
    const entry = this.#entries.get(name);
    if (!entry) throw new UnrollError("name", `no variable is named "${name}"; known: ${[...this.#entries.keys()].join(", ") || "none"}`);
    return entry;
  }

  location(variable: Variable): Location {
    const { segment, offset } = this.entry(variable.name);
    return { buffer: segment.buffer, offset, bytes: byteLength(variable) };
  }

  /** The buffer that holds `key` ("gradient", "adam.m") for all variables of a segment, at the same offsets. Starts at zero. */
  mirror(key: string, segment: Segment): GPUBuffer {
    const name = `${key} @${segment.index}`;
    let buffer = this.#mirrors.get(name);
    if (!buffer) {
      buffer = this.#gpu.createBuffer(name, segment.bytes, STORAGE);
      this.#mirrors.set(name, buffer);
    }
    return buffer;
  }

  /** The array of an optimizer's state for one variable, known by name to `save` and `load`. */
  ensureState(variable: Variable, optimizer: string, state: string): void {
    const name = stateName(variable.name, optimizer, state);
    if (this.#states.has(name)) return;
    const { segment, offset } = this.entry(variable.name);
    const held: Held = { buffer: this.mirror(`${optimizer}.${state}`, segment), offset, bytes: byteLength(variable), type: variable };
    this.#states.set(name, held);
    const data = this.#pending.take(name, variable);
    if (data) this.#upload(held, data);
  }

  /** The control words of the optimizer that updates a set of variables, which its first names. Holds the step. */
  control(variable: Variable, optimizer: string): GPUBuffer {
    const name = stateName(variable.name, optimizer, "step");
    let held = this.#states.get(name);
    if (!held) {
      const buffer = this.#gpu.createBuffer(name, 4 * CONTROL.WORDS, STORAGE);
      const type: TensorType = { dtype: "u32", shape: [CONTROL.WORDS] };
      held = { buffer, offset: 0, bytes: 4 * CONTROL.WORDS, type };
      this.#states.set(name, held);
      const data = this.#pending.take(name, type);
      if (data) this.#upload(held, data);
    }
    return held.buffer;
  }

  has(name: string): boolean {
    return this.#entries.has(name) || this.#states.has(name);
  }

  names(): string[] {
    return [...this.#entries.keys(), ...this.#states.keys()];
  }

  #held(name: string): Held {
    const state = this.#states.get(name);
    if (state) return state;
    const { variable, segment, offset } = this.entry(name);
    return { buffer: segment.buffer, offset, bytes: byteLength(variable), type: variable };
  }

  async read(names: readonly string[]): Promise<NamedArrays> {
    const held = names.map((name) => this.#held(name));
    const offsets: number[] = [];
    let total = 0;
    for (const { bytes } of held) {
      offsets.push(total);
      total += align(bytes, 16);
    }
    const staging = this.#gpu.createBuffer("read variables", total, USAGE.MAP_READ | USAGE.COPY_DST);
    try {
      const encoder = this.#gpu.device.createCommandEncoder({ label: "read variables" });
      held.forEach(({ buffer, offset, bytes }, i) => {
        if (bytes > 0) encoder.copyBufferToBuffer(buffer, offset, staging, offsets[i], align(bytes, 4));
      });
      this.#gpu.device.queue.submit([encoder.finish()]);
      await this.#gpu.track(staging.mapAsync(1));
      const mapped = staging.getMappedRange();
      return Object.fromEntries(
        held.map(({ type }, i) => {
          const data = hostArray(type.dtype, sizeOf(type.shape));
          data.set(view(type.dtype, mapped, offsets[i], data.length));
          return [names[i], { dtype: type.dtype, shape: type.shape, data }];
        }),
      );
    } finally {
      this.#gpu.destroyBuffer(staging);
    }
  }

  write(name: string, data: HostArray): void {
    this.#upload(this.#held(name), data);
  }

  #upload({ buffer, offset }: Held, data: HostArray): void {
    // f16 arrays of odd length: a write must be a multiple of 4 bytes; the entry's gap takes the rest.
    const bytes = new Uint8Array(align(data.byteLength, 4));
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    this.#gpu.device.queue.writeBuffer(buffer, offset, bytes);
  }
}

function view(dtype: DType, buffer: ArrayBuffer, offset: number, length: number): HostArray {
  switch (dtype) {
    case "f32":
      return new Float32Array(buffer, offset, length);
    case "i32":
      return new Int32Array(buffer, offset, length);
    case "u32":
      return new Uint32Array(buffer, offset, length);
    case "f16":
      return new Uint16Array(buffer, offset, length);
  }
}
