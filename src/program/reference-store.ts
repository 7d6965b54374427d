import { UnrollError } from "../errors.ts";
import { hostArray, type Variable } from "../graph/tensor.ts";
import { type HostArray, type NamedArray, sizeOf, type TensorType } from "../graph/types.ts";
import { checkVariable, initialValues, type NamedArrays, type Pending, stateName, type VariableStore } from "./store.ts";

interface Held {
  readonly type: TensorType;
  readonly values: Float64Array;
}

/** Variables and optimizer state in f64 on the host, for an engine that runs on the references. */
export class ReferenceStore implements VariableStore {
  readonly #seed: number;
  readonly #pending: Pending;
  readonly #variables = new Map<string, Held>();
  readonly #states = new Map<string, Held>();
  /** The error of the first run with something not finite, until it is cleared: as the status of an engine on the GPU. */
  nonFinite: UnrollError | undefined;

  constructor(seed: number, pending: Pending) {
    this.#seed = seed;
    this.#pending = pending;
  }

  ensure(variables: readonly Variable[]): void {
    for (const variable of variables) {
      checkVariable(this.#variables.get(variable.name)?.type, variable);
      if (this.#variables.has(variable.name)) continue;
      // Rounded as on the GPU, so that both start from the same numbers.
      const start = hostArray(variable.dtype, variable.size);
      start.set(this.#pending.take(variable.name, variable) ?? initialValues(variable, this.#seed));
      this.#variables.set(variable.name, { type: variable, values: Float64Array.from(start) });
    }
  }

  values(name: string): Float64Array {
    return this.#held(name).values;
  }

  /** The array of an optimizer's state; `type` is the variable's, or one u32 for a step counter. Starts at zero. */
  state(variable: Variable, optimizer: string, state: string, type: TensorType = variable): Float64Array {
    const name = stateName(variable.name, optimizer, state);
    let held = this.#states.get(name);
    if (!held) {
      const values = new Float64Array(sizeOf(type.shape));
      values.set(this.#pending.take(name, type) ?? []);
      held = { type, values };
      this.#states.set(name, held);
    }
    return held.values;
  }

  has(name: string): boolean {
    return this.#variables.has(name) || this.#states.has(name);
  }

  names(): string[] {
    return [...this.#variables.keys(), ...this.#states.keys()];
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
