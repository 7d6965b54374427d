import { check } from "../errors.ts";
import type { Variable } from "../graph/tensor.ts";
import { formatType, type HostArray, type NamedArray, sameShape, type TensorType } from "../graph/types.ts";
import { randomSource } from "../random.ts";
import type { Attempt, Shared } from "./uses.ts";

export type NamedArrays = Record<string, NamedArray>;

/** The name under which an optimizer's array for a variable is saved. */
export const stateName = (variable: string, optimizer: string, state: string): string => `${variable}#${optimizer}.${state}`;

/** Where variables and optimizer state live; one for each engine. */
export interface VariableStore {
  readonly admission: Admission;
  /** Called with the name of an optimizer's state when it is freed. */
  freed: (name: string) => void;
  /** Does `work`; what it adds to the store is taken back by `undo`, or at once when it throws. */
  attempt<T>(work: () => T): Attempt<T>;
  /** Allocates those that are not there yet. @throws UnrollError `name`, `disposed` where one may not be: see {@link Admission}. */
  ensure(variables: readonly Variable[]): void;
  has(name: string): boolean;
  typeOf(name: string): TensorType;
  /** The values as they are now: what comes after the call does not change them. */
  read(names: readonly string[]): Promise<NamedArrays>;
  /** Sets the values now. */
  write(name: string, data: HostArray): void;
  /** Names of everything that is held and belongs into a checkpoint: variables, then optimizer state. */
  names(): string[];
  /** Frees variables with their optimizer states. @throws UnrollError `name` where something uses one. */
  release(variables: readonly Variable[]): void;
}

/** Values from a checkpoint that was loaded before what it belongs to was allocated. */
export class Pending {
  readonly #arrays = new Map<string, NamedArray>();

  set(name: string, array: NamedArray): void {
    this.#arrays.set(name, { ...array, data: array.data.slice() });
  }

  /** The values for `name`, at most once. @throws UnrollError `shape` when they are of another type. */
  take(name: string, type: TensorType): HostArray | undefined {
    const array = this.#arrays.get(name);
    if (!array) return undefined;
    checkSameType(name, type, array);
    this.#arrays.delete(name);
    return array.data;
  }

  all(): NamedArrays {
    return Object.fromEntries([...this.#arrays].map(([name, array]) => [name, { ...array, data: array.data.slice() }]));
  }

  clear(): void {
    this.#arrays.clear();
  }
}

export function checkSameType(name: string, expected: TensorType, seen: TensorType): void {
  check(
    expected.dtype === seen.dtype && sameShape(expected.shape, seen.shape),
    "shape",
    () => `"${name}" is ${formatType(expected)}, but ${formatType(seen)} was given`,
  );
}

/** The first values of a variable, from its initialiser. The same seed and name give the same values on every machine. */
export function initialValues(variable: Variable, seed: number): ArrayLike<number> {
  const values = variable.initializer(variable.shape, randomSource(seed, variable.name));
  check(
    values.length === variable.size,
    "size",
    () =>
      `the initialiser of variable "${variable.name}", ${formatType(variable)}, gave ${values.length} values instead of ${variable.size}`,
  );
  return values;
}

/** Whether a variable goes with the trainers or the stream that use it. */
export const isOwned = ({ belongs }: Variable): boolean => belongs !== undefined;

/** Which variables may share a name on one engine. */
export class Admission {
  readonly #sharing = new WeakSet<object>();
  /** What went with the trainers and streams that used it. */
  readonly #gone = new WeakSet<Variable>();
  /** Trainers that are on their way out: what is called after their `dispose` finds their names free. */
  readonly leaving = new Set<Promise<void>>();
  /** Trainers of each owner. */
  readonly #claims = new Map<object, number>();
  /** Those that are one with the key. */
  readonly #sharers = new WeakMap<Variable, Set<Variable>>();

  /** Lets what belongs to `owner` share variables that the engine has by their names. */
  share(owner: object): void {
    this.#sharing.add(owner);
  }

  /** Lets the variables of `owner` begin again if they went, until what is returned is called: while it has a trainer. */
  claim(owner: object): () => void {
    this.#claims.set(owner, (this.#claims.get(owner) ?? 0) + 1);
    return () => {
      const left = (this.#claims.get(owner) ?? 1) - 1;
      if (left > 0) this.#claims.set(owner, left);
      else this.#claims.delete(owner);
    };
  }

  /** To be called when a variable was freed, with all that shared it. */
  went(variable: Variable): void {
    for (const one of [variable, ...(this.#sharers.get(variable) ?? [])]) if (one.belongs) this.#gone.add(one);
  }

  /**
   * @param known what the engine has by that name
   * @throws UnrollError `name` where it is another model's, or of another type; `disposed` where it was freed with its trainer.
   */
  check(known: Variable | undefined, variable: Variable): void {
    const { name, belongs } = variable;
    if (belongs && this.#claims.has(belongs.owner)) this.#gone.delete(variable);
    check(
      !this.#gone.has(variable),
      "disposed",
      () => `variable "${name}" was freed when its trainer was disposed; dispose({ keepVariables: true }) keeps it`,
    );
    if (!known || known === variable) return;
    check(
      !belongs || this.#sharing.has(belongs.owner),
      "name",
      () =>
        `this engine has a variable "${name}" already, of another model: give this one a name of its own (name: "…"), or let both train the same variables (share: true)`,
    );
    if (belongs) this.#sharers.set(known, (this.#sharers.get(known) ?? new Set()).add(variable));
    check(
      known.dtype === variable.dtype && sameShape(known.shape, variable.shape),
      "name",
      () => `two variables are named "${name}": one is ${formatType(known)}, the other ${formatType(variable)}`,
    );
  }

  /** Frees what nothing uses. @throws UnrollError `name`, then nothing is changed. */
  release(held: readonly (Shared | undefined)[]): void {
    for (const one of held)
      check(!one || one.uses === 0, "name", () => `release: variable "${one?.name}" is in use; dispose its programs and trainers first`);
    for (const one of held) one?.free();
  }
}
