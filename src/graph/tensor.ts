import { check, describe } from "../errors.ts";
import type { Draw } from "./draw.ts";
import type { Op } from "./op.ts";
import { type DType, formatShape, type HostArray, type HostArrays, type Rank, type Shape, sizeOf, type TensorType } from "./types.ts";
import type { Gradients } from "./update.ts";

/** One application of an op in a graph. */
export interface Node<A = unknown> {
  readonly op: Op<A>;
  readonly inputs: readonly Tensor[];
  readonly attributes: A;
  readonly outputs: readonly Tensor[];
  /**
   * Where the op was applied to what lies before `of`, because that costs less: the application to `of` itself, with the same outputs.
   * A gradient with respect to `of` flows through it.
   */
  readonly asWritten?: { readonly of: Tensor; readonly node: Node };
}

/** Where a tensor's values come from. */
export type Source =
  | { readonly kind: "input" }
  | { readonly kind: "variable" }
  | { readonly kind: "constant"; readonly data: HostArray }
  /** u32[1]: how many times the program has run (see Program.counter); random ops read it. */
  | { readonly kind: "counter" }
  /** The global norm of gradients; only as an output of a program whose updates use them. */
  | { readonly kind: "norm"; readonly gradients: Gradients }
  | { readonly kind: "node"; readonly node: Node; readonly index: number };

/** A symbolic tensor: a type and where its values come from. Holds no data. `S` keeps the rank. */
export class Tensor<D extends DType = DType, S extends Shape = Shape> implements TensorType {
  readonly dtype: D;
  readonly shape: S;
  readonly source: Source;

  constructor(dtype: D, shape: S, source: Source) {
    checkDType(dtype);
    checkShape(shape);
    this.dtype = dtype;
    this.shape = shape;
    this.source = source;
  }

  /** Number of elements. */
  get size(): number {
    return sizeOf(this.shape);
  }
}

export type F32<S extends Shape = Shape> = Tensor<"f32", S>;

function checkDType(dtype: DType): void {
  check(
    dtype === "f32" || dtype === "i32" || dtype === "u32" || dtype === "f16",
    "dtype",
    () => `${describe(dtype)} is no dtype; use "f32", "i32", "u32" or "f16"`,
  );
}

function checkShape(shape: Shape): void {
  check(Array.isArray(shape), "shape", () => `a shape is an array of sizes, not ${describe(shape)}`);
  for (const n of shape)
    check(Number.isSafeInteger(n) && n >= 0, "shape", () => `${formatShape(shape)}: every size must be a whole number of at least 0`);
}

/** A tensor that each run gets from outside. `dtype` defaults to "f32". */
export function input<const S extends Shape>(shape: S): Tensor<"f32", Rank<S>>;
export function input<const S extends Shape, D extends DType>(shape: S, dtype: D): Tensor<D, Rank<S>>;
export function input(shape: Shape, dtype: DType = "f32"): Tensor {
  return new Tensor(dtype, shape, { kind: "input" });
}

/**
 * A tensor of fixed values, uploaded once when a program is compiled. A single number fills the whole shape.
 * @throws UnrollError `size` when the array's length is not that of the shape; `argument` for a number that the dtype does not hold.
 */
export function constant<const S extends Shape>(values: number | ArrayLike<number>, shape: S): Tensor<"f32", Rank<S>>;
export function constant<const S extends Shape, D extends DType>(
  values: number | ArrayLike<number>,
  shape: S,
  dtype: D,
): Tensor<D, Rank<S>>;
export function constant(values: number | ArrayLike<number>, shape: Shape, dtype: DType = "f32"): Tensor {
  checkDType(dtype);
  checkShape(shape);
  const isList = ArrayBuffer.isView(values) || (Array.isArray(values) && values.every((value) => typeof value === "number"));
  check(typeof values === "number" || isList, "argument", () => `constant: the values must be numbers, not ${describe(values)}`);
  const data = hostArray(dtype, sizeOf(shape));
  if (typeof values === "number") data.fill(values);
  else {
    check(
      values.length === data.length,
      "size",
      () => `constant of shape ${formatShape(shape)} needs ${data.length} values, not ${values.length}`,
    );
    data.set(values);
  }
  if (dtype === "i32" || dtype === "u32") {
    // Typed arrays cut off fractions and wrap what is too large, without a word.
    const at = data.findIndex((value, i) => value !== (typeof values === "number" ? values : values[i]));
    check(at < 0, "argument", () => `constant: ${typeof values === "number" ? values : values[at]} is no ${dtype}`);
  }
  return new Tensor(dtype, shape, { kind: "constant", data });
}

/** u32[1]: the number of runs that the program has made before this one. Random ops read it, so that each run draws anew. */
export const runCounter = (): Tensor<"u32", readonly [number]> => new Tensor("u32", [1] as const, { kind: "counter" });

/** A zeroed host array for `length` elements of `dtype`. */
export function hostArray<D extends DType>(dtype: D, length: number): HostArrays[D];
export function hostArray(dtype: DType, length: number): HostArray {
  switch (dtype) {
    case "f32":
      return new Float32Array(length);
    case "i32":
      return new Int32Array(length);
    case "u32":
      return new Uint32Array(length);
    case "f16":
      return new Uint16Array(length);
  }
}

/** Fills a new array with the first values of a variable. `random` is seeded from the variable's name and the engine's seed. */
export interface Initializer {
  (shape: Shape, random: RandomSource): ArrayLike<number>;
  /** The same as data, for files. Where it is missing, a file holds the values themselves. */
  readonly draw?: (shape: Shape) => Draw;
  /** Draws from this seed instead of the engine's. */
  readonly seed?: number;
}

/** Random numbers for initial values: `uniform` in [0, 1), `normal` with mean 0 and variance 1. */
export interface RandomSource {
  uniform(): number;
  normal(): number;
}

/** Whose a variable is: a model's, a loaded trainer's or a stream's. */
export interface Belongs {
  readonly owner: object;
  /** State of a stream, which no checkpoint holds. */
  readonly passing?: boolean;
}

/**
 * A tensor that outlives runs: a parameter, or state carried from run to run. It belongs to no graph and to no engine; an engine
 * allocates it when it first compiles a program that uses it, and finds it again by its name: variables of one name are the same one,
 * also when they were made by two calls, in two graphs. Only those of models are not shared unasked.
 */
export class Variable<D extends DType = DType, S extends Shape = Shape> extends Tensor<D, S> {
  readonly name: string;
  readonly initializer: Initializer;
  /** Nothing for a variable of a graph, which is shared by its name. */
  readonly belongs: Belongs | undefined;

  constructor(name: string, dtype: D, shape: S, initializer: Initializer, belongs?: Belongs) {
    super(dtype, shape, { kind: "variable" });
    check(typeof name === "string" && name.length > 0, "name", "variable: the name must be a string that is not empty");
    check(
      typeof initializer === "function",
      "argument",
      () => `variable "${name}": the initialiser must be a function such as glorot() returns, not ${describe(initializer)}`,
    );
    this.name = name;
    this.initializer = initializer;
    this.belongs = belongs;
  }
}

const zeroInitializer: Initializer = Object.assign((shape: Shape) => new Float64Array(sizeOf(shape)), { draw: (): Draw => ["fill", 0] });

/**
 * A variable named by path ("cell/U"). Without an initialiser it starts at zero. `dtype` defaults to "f32". On one engine a name stands for
 * one variable, whatever graph or call it comes from: another type is an error of `compile` (`name`).
 */
export function variable<const S extends Shape>(name: string, shape: S, initializer?: Initializer): Variable<"f32", Rank<S>>;
export function variable<const S extends Shape, D extends DType>(
  name: string,
  shape: S,
  initializer: Initializer | undefined,
  dtype: D,
): Variable<D, Rank<S>>;
export function variable(name: string, shape: Shape, initializer: Initializer = zeroInitializer, dtype: DType = "f32"): Variable {
  return new Variable(name, dtype, shape, initializer);
}

/** Applies an op: checks shapes and returns the symbolic outputs. */
export function apply<A>(op: Op<A>, inputs: readonly Tensor[], attributes: A, asWritten?: Node["asWritten"]): readonly Tensor[] {
  check(
    typeof op?.shape === "function" && Array.isArray(inputs),
    "argument",
    () => `apply: give an op, an array of tensors and attributes, not ${describe(op)} and ${describe(inputs)}`,
  );
  const types = op.shape(inputs, attributes);
  inputs.forEach((input, i) => {
    check(input instanceof Tensor, "argument", () => `${op.name}: input ${i} must be a tensor, not ${describe(input)}`);
  });
  check(Array.isArray(types), "argument", () => `${op.name}: shape must return an array of types, not ${describe(types)}`);
  const outputs: Tensor[] = [];
  const node: Node<A> = { op, inputs, attributes, outputs, ...(asWritten ? { asWritten } : {}) };
  for (const [index, { dtype, shape }] of types.entries())
    outputs.push(new Tensor(dtype, shape, { kind: "node", node: node as Node, index }));
  return outputs;
}

/** Applies an op with one output, whose dtype and rank the caller states. */
export function applyOne<D extends DType, S extends Shape, A>(op: Op<A>, inputs: readonly Tensor[], attributes: A): Tensor<D, S> {
  return apply(op, inputs, attributes)[0] as Tensor<D, S>;
}
