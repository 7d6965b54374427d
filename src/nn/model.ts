import { check, checkOptions, describe } from "../errors.ts";
import { ACTIVATIONS_MEANT, type Activation } from "../graph/op.ts";
import { type Belongs, type Initializer, type RandomSource, Tensor, Variable } from "../graph/tensor.ts";
import { type DType, formatType, type Shape, sameShape } from "../graph/types.ts";
import type { Update } from "../graph/update.ts";
import { randomSource } from "../random.ts";
import { fill } from "./initializers.ts";
import type { Carry, Layer } from "./layer.ts";

export interface ApplyOptions {
  readonly training?: boolean;
  /** Carries recurrent state from run to run, in variables of this name, or in those of a stream. */
  readonly carry?: string | CarryScope;
}

/** Where a stream keeps its state. */
export interface CarryScope {
  readonly name: string;
  readonly belongs: Belongs;
}

/** A model applied to an input. */
export interface Applied {
  readonly output: Tensor;
  /** What layers change at the end of a run (running statistics in training, recurrent state in a stream): belongs into the updates. */
  readonly updates: readonly Update[];
  readonly states: readonly Variable<"f32">[];
}

function layerMeant(value: unknown): string {
  if (value instanceof Model) return "give its layers, ...model.layers";
  if (Array.isArray(value)) return "give the layers one by one, or ...layers";
  if (typeof (value as Partial<Activation> | null | undefined)?.wgsl === "string") return "wrap it: activationLayer(reluActivation)";
  const name = typeof value === "function" ? value.name : "";
  if (Object.hasOwn(ACTIVATIONS_MEANT, name)) return `give activationLayer(${ACTIVATIONS_MEANT[name]})`;
  return typeof value === "function" ? "call it, as in dense({ units: 10 })" : "make one with dense(…), rnnLayer(…), …";
}

/** Layers one after another, with the variables that they share in all graphs that they are applied in. */
export class Model {
  readonly layers: readonly Layer[];
  readonly #variables = new Map<string, Variable<"f32">>();
  readonly #statistics = new Set<string>();
  #seed = 0;
  #name = "model";

  constructor(layers: readonly Layer[]) {
    check(layers.length > 0, "argument", "sequential: give at least one layer");
    for (const layer of layers)
      check(
        typeof layer === "object" && typeof layer?.apply === "function" && typeof layer.name === "string",
        "argument",
        () => `sequential: ${describe(layer)} is no layer; ${layerMeant(layer)}`,
      );
    this.layers = layers;
  }

  /** Of the input: tokens (u32) or f32. */
  get inputDType(): DType {
    return this.layers[0].inputDType ?? "f32";
  }

  /** Whether the input is time-major, [T, B, …]. */
  get sequence(): boolean {
    return this.layers.some((layer) => layer.sequence);
  }

  /** All variables that were made so far: all there are once the model was applied. */
  get variables(): readonly Variable<"f32">[] {
    return [...this.#variables.values()];
  }

  /** Those of them that training changes by their gradients: all but statistics. */
  get parameters(): readonly Variable<"f32">[] {
    return this.variables.filter(({ name }) => !this.#statistics.has(name));
  }

  /** Sets what variables start from and the first part of their names. Before the first use only. */
  seed(seed: number, name: string): this {
    check(
      this.#variables.size === 0 || (seed === this.#seed && name === this.#name),
      "argument",
      "this model is in use already, with another seed or name",
    );
    this.#seed = seed;
    this.#name = name;
    return this;
  }

  /** The graph of the model on `x`. */
  apply(x: Tensor, options: ApplyOptions = {}): Applied {
    check(x instanceof Tensor, "argument", () => `model.apply: the input must be a tensor, not ${describe(x)}`);
    checkOptions("model.apply", options, ["training", "carry"]);
    const { training = false, carry } = options;
    const updates: Update[] = [];
    const states: Variable<"f32">[] = [];
    let output = x;
    this.layers.forEach((layer, index) => {
      const path = `${this.#name}/${index}.${layer.name}`;
      output = layer.apply(output, {
        training,
        seed: this.#seed,
        stream: index,
        variable: (name, shape, initializer) => this.#variable(`${path}/${name}`, shape, initializer),
        statistic: (name, shape, initializer) => {
          this.#statistics.add(`${path}/${name}`);
          return this.#variable(`${path}/${name}`, shape, initializer);
        },
        update: (update) => updates.push(update),
        ...(carry === undefined ? {} : { carry: makeCarry(carry, path, states) }),
      });
    });
    return { output, updates, states };
  }

  #variable<S extends Shape>(name: string, shape: S, initializer?: Initializer): Variable<"f32", S> {
    const known = this.#variables.get(name);
    if (known) {
      check(
        sameShape(known.shape, shape),
        "shape",
        () =>
          `"${name}" is ${formatType(known)}, but the model is now applied to an input that needs ${formatType({ dtype: "f32", shape })}`,
      );
      return known as Variable<"f32", S>;
    }
    // The model's own seed, so that two models on one engine can start from different values.
    const made = new Variable(name, "f32", shape, initializer ? seeded(initializer, name, this.#seed) : fill(0), {
      owner: this,
    });
    this.#variables.set(name, made as Variable<"f32">);
    return made;
  }
}

const seeded = (initializer: Initializer, name: string, seed: number): Initializer =>
  Object.assign((size: Shape, _engine: RandomSource) => initializer(size, randomSource(seed, name)), { draw: initializer.draw, seed });

function makeCarry(carry: string | CarryScope, path: string, states: Variable<"f32">[]): Carry {
  const { name: scope, belongs } = typeof carry === "string" ? { name: carry, belongs: undefined } : carry;
  return {
    state(name, shape) {
      const made = new Variable(`${scope}/${path}/${name}`, "f32", shape, fill(0), belongs);
      states.push(made as Variable<"f32">);
      return made;
    },
  };
}

/** A model: each layer takes what the one before it gives. */
export const sequential = (...layers: readonly Layer[]): Model => new Model(layers);

/** [T, B, …] for a model that works along time, [B, …] else. */
export function inputShape(model: Model, example: Shape, batch: number): number[] {
  return model.sequence ? [example[0], batch, ...example.slice(1)] : [batch, ...example];
}
