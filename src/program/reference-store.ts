import { UnrollError } from "../errors.ts";
import { hostArray, type Variable } from "../graph/tensor.ts";
import { type HostArray, type NamedArray, sizeOf, type TensorType } from "../graph/types.ts";
import { Admission, initialValues, isOwned, type NamedArrays, type Pending, stateName, type VariableStore } from "./store.ts";
import { type Attempt, Ledger, type Shared } from "./uses.ts";

interface Held extends Shared {
  readonly name: string;
  readonly type: TensorType;
  readonly values: Float64Array;
  /** Whose state it is, or itself. */
  readonly variable: Variable;
}

/** Variables and optimizer state in f64 on the host, for an engine that runs on the references. */
export class ReferenceStore implements VariableStore {
  readonly #seed: number;
  readonly #variables = new Map<string, Held>();
  readonly #states = new Map<string, Held>();
  readonly #ledger: Ledger;
  readonly admission = new Admission();
  freed: (name: string) => void = () => {};
  /** The error of the first run with something not finite, until it is cleared: as the status of an engine on the GPU. */
  nonFinite: UnrollError | undefined;

  constructor(seed: number, pending: Pending) {
    this.#seed = seed;
    this.#ledger = new Ledger({ has: (name) => this.has(name), pending });
  }

  attempt<T>(work: () => T): Attempt<T> {
    return this.#ledger.attempt(work);
  }

  ensure(variables: readonly Variable[]): void {
    for (const variable of variables) {
      const known = this.#variables.get(variable.name);
      this.admission.check(known?.variable, variable);
      if (known) {
        this.#ledger.note(known);
        continue;
      }
      // Rounded as on the GPU, so that both start from the same numbers.
      const start = hostArray(variable.dtype, variable.size);
      start.set(this.#ledger.loaded(variable.name, variable) ?? initialValues(variable, this.#seed));
      this.#add(this.#variables, variable.name, variable, variable, Float64Array.from(start), (undone) => {
        for (const state of [...this.#states.values()]) if (state.variable.name === variable.name) state.free(undone);
      });
    }
  }

  /** @param goes frees what goes with it */
  #add(
    map: Map<string, Held>,
    name: string,
    variable: Variable,
    type: TensorType,
    values: Float64Array,
    goes: (undone: boolean) => void,
  ): Held {
    const free = (undone = false) => {
      if (map.get(name) !== held) return;
      map.delete(name);
      if (!undone && map === this.#states) this.freed(name);
      if (!held.kept && map === this.#variables) this.admission.went(variable);
      goes(undone);
    };
    const held: Held = { name, variable, type, values, uses: 0, kept: true, owned: isOwned(variable), free };
    map.set(name, held);
    return this.#ledger.made(held);
  }

  values(name: string): Float64Array {
    return this.#held(name).values;
  }

  /** The array of an optimizer's state; `type` is the variable's, or one u32 for a step counter. Starts at zero. */
  state(variable: Variable, optimizer: string, state: string, type: TensorType = variable): Float64Array {
    const name = stateName(variable.name, optimizer, state);
    const known = this.#states.get(name);
    if (known) return this.#ledger.note(known).values;
    const values = new Float64Array(sizeOf(type.shape));
    values.set(this.#ledger.loaded(name, type) ?? []);
    return this.#add(this.#states, name, variable, type, values, () => {}).values;
  }

  has(name: string): boolean {
    return this.#variables.has(name) || this.#states.has(name);
  }

  names(): string[] {
    const saved = [...this.#variables.values()].filter(({ variable }) => !variable.belongs?.passing);
    return [...saved.map(({ name }) => name), ...this.#states.keys()];
  }

  release(variables: readonly Variable[]): void {
    this.admission.release(variables.map(({ name }) => this.#variables.get(name)));
  }

  typeOf(name: string): TensorType {
    return this.#held(name).type;
  }

  async read(names: readonly string[]): Promise<NamedArrays> {
    return Object.fromEntries(
      names.map((name): [string, NamedArray] => {
        const { type, values } = this.#held(name);
        const data = hostArray(type.dtype, values.length);
        data.set(values);
        return [name, { dtype: type.dtype, shape: type.shape, data }];
      }),
    );
  }

  write(name: string, data: HostArray): void {
    this.#held(name).values.set(data);
  }

  #held(name: string): Held {
    const held = this.#variables.get(name) ?? this.#states.get(name);
    if (!held) throw new UnrollError("name", `no variable is named "${name}"; known: ${this.names().join(", ") || "none"}`);
    return held;
  }
}
