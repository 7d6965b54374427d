import { check } from "../errors.ts";
import type { Variable } from "../graph/tensor.ts";
import { formatType, type HostArray, type NamedArray, sameShape, type TensorType } from "../graph/types.ts";
import { randomSource } from "../random.ts";

export type NamedArrays = Record<string, NamedArray>;

/** The name under which an optimizer's array for a variable is saved. */
export const stateName = (variable: string, optimizer: string, state: string): string => `${variable}#${optimizer}.${state}`;

/** Where variables and optimizer state live; one for each engine. */
export interface VariableStore {
  /** Allocates those that are not there yet. @throws UnrollError `name` when one of the same name has another type. */
  ensure(variables: readonly Variable[]): void;
  has(name: string): boolean;
  typeOf(name: string): TensorType;
  /** The values as they are now: what comes after the call does not change them. */
  read(names: readonly string[]): Promise<NamedArrays>;
  /** Sets the values now. */
  write(name: string, data: HostArray): void;
  /** Names of everything that is held: variables, then optimizer state. */
  names(): string[];
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

/** Two variables of one name must be of one type. */
export function checkVariable(known: TensorType | undefined, variable: Variable): void {
  check(
    !known || (known.dtype === variable.dtype && sameShape(known.shape, variable.shape)),
    "name",
    () => `two variables are named "${variable.name}": one is ${known ? formatType(known) : ""}, the other ${formatType(variable)}`,
  );
}
