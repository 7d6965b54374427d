import { check, UnrollError } from "../errors.ts";
import { align, evenBytes, type Gpu, refused, USAGE } from "../gpu/gpu.ts";
import type { Location } from "../gpu/recorder.ts";
import type { Variable } from "../graph/tensor.ts";
import { byteLength, type HostArray, type NamedArray, sizeOf, type TensorType } from "../graph/types.ts";
import { CONTROL } from "../graph/update.ts";
import { packed, view } from "./layout.ts";
import { isStepState } from "./steps.ts";
import { Admission, initialValues, isOwned, type NamedArrays, type Pending, stateName, type VariableStore } from "./store.ts";
import { type Attempt, Ledger, type Shared } from "./uses.ts";

/** Entries begin at multiples of this: what a binding's offset must be aligned to. */
export const ENTRY_ALIGNMENT = 256;

const STORAGE = USAGE.STORAGE | USAGE.COPY_SRC | USAGE.COPY_DST;

/** One flat buffer that holds variables one after another. */
export interface Segment {
  readonly index: number;
  readonly buffer: GPUBuffer;
  readonly bytes: number;
}

export interface Entry extends Shared {
  readonly variable: Variable;
  readonly segment: Segment;
  readonly offset: number;
}

/** A range of a buffer with the type of what it holds. */
interface Held extends Location {
  readonly type: TensorType;
}

/** An optimizer's array for one variable, or its control words, which belong to the first of its variables. */
interface State extends Held, Shared {
  readonly name: string;
  readonly variable: string;
}

interface Mirror extends Shared {
  readonly buffer: GPUBuffer;
}

/**
 * Variables in flat segments on the GPU; gradients and each optimizer state in buffers of the same layout beside them. A buffer goes with the
 * last of what it holds.
 */
export class GpuStore implements VariableStore {
  readonly #gpu: Gpu;
  readonly #seed: number;
  readonly #entries = new Map<string, Entry>();
  readonly #mirrors = new Map<string, Mirror>();
  readonly #states = new Map<string, State>();
  /** Variables in each segment. */
  readonly #members = new Map<Segment, number>();
  readonly #ledger: Ledger;
  readonly admission = new Admission();
  freed: (name: string) => void = () => {};
  #segments = 0;

  constructor(gpu: Gpu, seed: number, pending: Pending) {
    this.#gpu = gpu;
    this.#seed = seed;
    this.#ledger = new Ledger({ has: (name) => this.has(name), pending });
  }

  attempt<T>(work: () => T): Attempt<T> {
    return this.#ledger.attempt(work);
  }

  ensure(variables: readonly Variable[]): void {
    const fresh = new Map<string, Variable>();
    for (const variable of variables) {
      const known = this.#entries.get(variable.name);
      this.admission.check(known?.variable ?? fresh.get(variable.name), variable);
      if (known) this.#ledger.note(known);
      else if (!fresh.has(variable.name)) fresh.set(variable.name, variable);
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
      view(variable.dtype, data, at, variable.size).set(this.#ledger.loaded(variable.name, variable) ?? this.firstValues(variable));
      return at;
    });
    const segment: Segment = { index: this.#segments++, buffer: this.#buffer(`variables: ${variables[0].name}, …`, bytes), bytes };
    this.#gpu.device.queue.writeBuffer(segment.buffer, 0, data);
    this.#members.set(segment, variables.length);
    variables.forEach((variable, i) => {
      const { name } = variable;
      const free = (undone = false) => this.#free(entry, undone);
      const entry: Entry = { name, variable, segment, offset: places[i], uses: 0, kept: true, owned: isOwned(variable), free };
      this.#entries.set(name, entry);
      this.#ledger.made(entry);
    });
  }

  #free(entry: Entry, undone: boolean): void {
    const { variable, segment } = entry;
    if (this.#entries.get(variable.name) !== entry) return;
    this.#entries.delete(variable.name);
    if (!entry.kept) this.admission.went(variable);
    for (const state of [...this.#states.values()]) if (state.variable === variable.name) state.free(undone);
    const left = (this.#members.get(segment) as number) - 1;
    this.#members.set(segment, left);
    if (left > 0) return;
    this.#members.delete(segment);
    this.#destroy(segment.buffer);
  }

  /** After all that was asked for before: a read or a write may wait for its turn. */
  #destroy(buffer: GPUBuffer): void {
    void this.#gpu.turns.take(
      () => true,
      () => this.#gpu.destroyBuffer(buffer),
    );
  }

  protected firstValues(variable: Variable): ArrayLike<number> {
    return initialValues(variable, this.#seed);
  }

  #buffer(label: string, bytes: number): GPUBuffer {
    return this.#gpu.createBuffer(label, bytes, STORAGE);
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
    return this.#ledger.note(this.#mirror(key, segment)).buffer;
  }

  #mirror(key: string, segment: Segment): Mirror {
    const id = `${key} @${segment.index}`;
    const known = this.#mirrors.get(id);
    if (known) return known;
    const free = () => {
      if (this.#mirrors.get(id) !== mirror) return;
      this.#mirrors.delete(id);
      this.#destroy(mirror.buffer);
    };
    const mirror: Mirror = { buffer: this.#buffer(id, segment.bytes), uses: 0, kept: false, owned: false, free };
    this.#mirrors.set(id, mirror);
    return this.#ledger.made(mirror);
  }

  /** The array of an optimizer's state for one variable, known by name to `save` and `load`. */
  ensureState(variable: Variable, optimizer: string, state: string): void {
    const name = stateName(variable.name, optimizer, state);
    const known = this.#states.get(name);
    if (known) {
      this.#ledger.note(known);
      return;
    }
    const { segment, offset } = this.entry(variable.name);
    const mirror = this.#mirror(`${optimizer}.${state}`, segment);
    mirror.uses++;
    const goes = () => {
      if (--mirror.uses === 0) mirror.free();
    };
    const { buffer } = mirror;
    const held = { buffer, offset, bytes: byteLength(variable), type: variable };
    this.#addState({ name, variable: variable.name, owned: isOwned(variable), ...held }, goes);
  }

  /** The control words of the optimizer that updates a set of variables, which its first names. Holds the step. */
  control(variable: Variable, optimizer: string): GPUBuffer {
    const name = stateName(variable.name, optimizer, "step");
    const known = this.#states.get(name);
    if (known) return this.#ledger.note(known).buffer;
    const buffer = this.#buffer(name, 4 * CONTROL.WORDS);
    const held: Held = { buffer, offset: 0, bytes: 4 * CONTROL.WORDS, type: { dtype: "u32", shape: [CONTROL.WORDS] } };
    this.#addState({ name, variable: variable.name, owned: isOwned(variable), ...held }, () => this.#destroy(buffer));
    return buffer;
  }

  /** @param goes what goes with it */
  #addState(held: Omit<State, "uses" | "kept" | "free">, goes: () => void): void {
    const free = (undone = false) => {
      if (this.#states.get(held.name) !== state) return;
      this.#states.delete(held.name);
      if (!undone) this.freed(held.name);
      goes();
    };
    const state: State = { ...held, uses: 0, kept: true, free };
    this.#states.set(held.name, state);
    this.#ledger.made(state);
    const data = this.#ledger.loaded(held.name, held.type);
    if (data) this.#upload(held, data);
  }

  has(name: string): boolean {
    return this.#entries.has(name) || this.#states.has(name);
  }

  names(): string[] {
    const saved = [...this.#entries.values()].filter(({ variable }) => !variable.belongs?.passing);
    return [...saved.map(({ variable }) => variable.name), ...this.#states.keys()];
  }

  release(variables: readonly Variable[]): void {
    this.admission.release(variables.map(({ name }) => this.#entries.get(name)));
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
      const { device } = this.#gpu;
      device.pushErrorScope("out-of-memory");
      let outOfMemory: Promise<GPUError | null> | undefined;
      let refusal: Promise<GPUError | null> | undefined;
      try {
        for (const group of groups) {
          const total = group.reduce((sum, { item }) => sum + stagingBytes(item), 0);
          staging.push(this.#gpu.createBuffer("read variables", total, USAGE.MAP_READ | USAGE.COPY_DST));
        }
        // One submit for all, so that the arrays are of one moment.
        refusal = this.#gpu.guard(() => {
          const encoder = device.createCommandEncoder({ label: "read variables" });
          groups.forEach((group, g) => {
            for (const { item, at } of group)
              if (item.bytes > 0) encoder.copyBufferToBuffer(item.buffer, item.offset, staging[g], at, align(item.bytes, 4));
          });
          device.queue.submit([encoder.finish()]);
        });
      } finally {
        outOfMemory = device.popErrorScope().catch(() => null); // a lost device is told elsewhere
      }
      const mapped = this.#gpu.track(Promise.all(staging.map((buffer) => buffer.mapAsync(1))));
      mapped.catch(() => {});
      const [tooLarge, wrong] = [await outOfMemory, await refusal];
      check(!tooLarge, "limit", () => `read: the GPU has too little memory to read variables back (${tooLarge?.message})`);
      if (wrong) throw refused("read", wrong);
      await mapped;
      this.#gpu.tellOwed();
      const arrays = groups.flatMap((group, g) => {
        const mapped = staging[g].getMappedRange();
        return group.map(({ item: { type }, index, at }): [string, NamedArray] => {
          const { dtype, shape } = type;
          const data = view(dtype, mapped, at, sizeOf(shape)).slice();
          // The other words say how the last run went: a checkpoint depends on what was applied alone.
          if (isStepState(names[index], data)) data.set(data.map((word, i) => (i === CONTROL.STEP ? word : 0)));
          return [names[index], { dtype, shape, data }];
        });
      });
      return Object.fromEntries(arrays);
    } finally {
      for (const buffer of staging) this.#gpu.destroyBuffer(buffer);
    }
  }

  write(name: string, data: HostArray): void {
    this.#gpu.guardSilent(`write "${name}"`, () => this.#upload(this.#held(name), data));
  }

  #upload({ buffer, offset }: Held, data: HostArray): void {
    // Where an array of f16 has odd length the entry's gap takes the rest.
    this.#gpu.device.queue.writeBuffer(buffer, offset, evenBytes(data));
  }
}

export const entryBytes = (variable: TensorType): number => align(Math.max(4, byteLength(variable)), ENTRY_ALIGNMENT);

const stagingBytes = ({ bytes }: Held): number => align(bytes, 16);
