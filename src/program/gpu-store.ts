import { check, UnrollError } from "../errors.ts";
import { align, evenBytes, type Gpu, USAGE } from "../gpu/gpu.ts";
import type { Location } from "../gpu/recorder.ts";
import type { Variable } from "../graph/tensor.ts";
import { byteLength, type HostArray, type NamedArray, sizeOf, type TensorType } from "../graph/types.ts";
import { CONTROL } from "../graph/update.ts";
import { packed, view } from "./layout.ts";
import { checkVariable, initialValues, type NamedArrays, type Pending, stateName, type VariableStore } from "./store.ts";

/** Entries begin at multiples of this: what a binding's offset must be aligned to. */
export const ENTRY_ALIGNMENT = 256;

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
  /** How to take back what was made during an `attempt`. */
  #made: (() => void)[] = [];

  constructor(gpu: Gpu, seed: number, pending: Pending) {
    this.#gpu = gpu;
    this.#seed = seed;
    this.#pending = pending;
  }

  /** Does `work`; what it adds to the store is taken back by `undo`, or at once when it throws. */
  attempt<T>(work: () => T): { readonly value: T; readonly undo: () => void } {
    const made: (() => void)[] = [];
    const undo = () => {
      for (const step of made.splice(0).reverse()) step();
    };
    this.#made = made;
    try {
      return { value: work(), undo };
    } catch (error) {
      undo();
      throw error;
    } finally {
      this.#made = [];
    }
  }

  ensure(variables: readonly Variable[]): void {
    const fresh = new Map<string, Variable>();
    for (const variable of variables) {
      checkVariable(this.#entries.get(variable.name)?.variable ?? fresh.get(variable.name), variable);
      if (!this.#entries.has(variable.name)) fresh.set(variable.name, variable);
    }
    const { maxStorageBufferBindingSize, maxBufferSize } = this.#gpu.device.limits;
    const limit = Math.min(maxStorageBufferBindingSize, maxBufferSize);
    for (const variable of fresh.values())
      check(
        entryBytes(variable) <= limit,
        "limit",
        () => `variable "${variable.name}" needs ${entryBytes(variable)} bytes; this device allows ${limit} for one buffer`,
      );
    for (const group of packed([...fresh.values()], entryBytes, limit)) this.#allocate(group.map(({ item }) => item));
  }

  #allocate(variables: readonly Variable[]): void {
    const bytes = variables.reduce((sum, variable) => sum + entryBytes(variable), 0);
    // Values first: an initialiser that throws leaves nothing behind.
    const data = new ArrayBuffer(bytes);
    let offset = 0;
    const places = variables.map((variable) => {
      const at = offset;
      offset += entryBytes(variable);
      view(variable.dtype, data, at, variable.size).set(this.#loaded(variable.name, variable) ?? this.firstValues(variable));
      return at;
    });
    const segment: Segment = { index: this.#segments++, buffer: this.#buffer(`variables: ${variables[0].name}, …`, bytes), bytes };
    this.#gpu.device.queue.writeBuffer(segment.buffer, 0, data);
    variables.forEach((variable, i) => {
      this.#add(this.#entries, variable.name, { variable, segment, offset: places[i] });
    });
  }

  protected firstValues(variable: Variable): ArrayLike<number> {
    return initialValues(variable, this.#seed);
  }

  /** What a checkpoint has for `name`. */
  #loaded(name: string, type: TensorType): HostArray | undefined {
    const data = this.#pending.take(name, type);
    if (data) this.#made.push(() => this.#pending.set(name, { dtype: type.dtype, shape: type.shape, data }));
    return data;
  }

  #buffer(label: string, bytes: number): GPUBuffer {
    const buffer = this.#gpu.createBuffer(label, bytes, STORAGE);
    this.#made.push(() => this.#gpu.destroyBuffer(buffer));
    return buffer;
  }

  #add<T>(map: Map<string, T>, name: string, value: T): void {
    map.set(name, value);
    this.#made.push(() => map.delete(name));
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
      buffer = this.#buffer(name, segment.bytes);
      this.#add(this.#mirrors, name, buffer);
    }
    return buffer;
  }

  /** The array of an optimizer's state for one variable, known by name to `save` and `load`. */
  ensureState(variable: Variable, optimizer: string, state: string): void {
    const name = stateName(variable.name, optimizer, state);
    if (this.#states.has(name)) return;
    const { segment, offset } = this.entry(variable.name);
    const held: Held = { buffer: this.mirror(`${optimizer}.${state}`, segment), offset, bytes: byteLength(variable), type: variable };
    this.#add(this.#states, name, held);
    const data = this.#loaded(name, variable);
    if (data) this.#upload(held, data);
  }

  /** The control words of the optimizer that updates a set of variables, which its first names. Holds the step. */
  control(variable: Variable, optimizer: string): GPUBuffer {
    const name = stateName(variable.name, optimizer, "step");
    let held = this.#states.get(name);
    if (!held) {
      const buffer = this.#buffer(name, 4 * CONTROL.WORDS);
      const type: TensorType = { dtype: "u32", shape: [CONTROL.WORDS] };
      held = { buffer, offset: 0, bytes: 4 * CONTROL.WORDS, type };
      this.#add(this.#states, name, held);
      const data = this.#loaded(name, type);
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

  typeOf(name: string): TensorType {
    return this.#held(name).type;
  }

  async read(names: readonly string[]): Promise<NamedArrays> {
    const held = names.map((name) => this.#held(name));
    const groups = packed(held, stagingBytes, this.#gpu.device.limits.maxBufferSize);
    const staging: GPUBuffer[] = [];
    try {
      // One submit for all, so that the arrays are of one moment.
      await this.#gpu.turns.take(
        () => true,
        () => {
          const encoder = this.#gpu.device.createCommandEncoder({ label: "read variables" });
          for (const group of groups) {
            const total = group.reduce((sum, { item }) => sum + stagingBytes(item), 0);
            const to = this.#gpu.createBuffer("read variables", total, USAGE.MAP_READ | USAGE.COPY_DST);
            staging.push(to);
            for (const { item, at } of group)
              if (item.bytes > 0) encoder.copyBufferToBuffer(item.buffer, item.offset, to, at, align(item.bytes, 4));
          }
          this.#gpu.device.queue.submit([encoder.finish()]);
        },
      );
      await this.#gpu.track(Promise.all(staging.map((buffer) => buffer.mapAsync(1))));
      const arrays = groups.flatMap((group, g) => {
        const mapped = staging[g].getMappedRange();
        return group.map(({ item: { type }, index, at }): [string, NamedArray] => {
          const { dtype, shape } = type;
          return [names[index], { dtype, shape, data: view(dtype, mapped, at, sizeOf(shape)).slice() }];
        });
      });
      return Object.fromEntries(arrays);
    } finally {
      for (const buffer of staging) this.#gpu.destroyBuffer(buffer);
    }
  }

  write(name: string, data: HostArray): void {
    const held = this.#held(name);
    const kept = data.slice();
    void this.#gpu.turns.take(
      () => true,
      () => {
        if (!this.#gpu.hasEnded) this.#upload(held, kept);
      },
    );
  }

  #upload({ buffer, offset }: Held, data: HostArray): void {
    // Where an array of f16 has odd length the entry's gap takes the rest.
    this.#gpu.device.queue.writeBuffer(buffer, offset, evenBytes(data));
  }
}

export const entryBytes = (variable: TensorType): number => align(Math.max(4, byteLength(variable)), ENTRY_ALIGNMENT);

const stagingBytes = ({ bytes }: Held): number => align(bytes, 16);
