import type { Initializer, Tensor, Variable } from "../graph/tensor.ts";
import type { DType, Shape } from "../graph/types.ts";
import type { Update } from "../graph/update.ts";

/** What a layer finds when it is applied. */
export interface LayerContext {
  /** The variable of that name under the layer's path; the same one each time. */
  variable<S extends Shape>(name: string, shape: S, initializer?: Initializer): Variable<"f32", S>;
  /**
   * The same for a variable that no optimizer changes, such as a running mean: saved, loaded and shared by all graphs like the others,
   * and set by the layer itself with `update`.
   */
  statistic<S extends Shape>(name: string, shape: S, initializer?: Initializer): Variable<"f32", S>;
  /**
   * Adds a change of variables at the end of each run of the program that this graph becomes: `update(assign(mean, next))`. Training steps
   * and streams make it; predict and evaluate change nothing.
   */
  update(update: Update): void;
  /** Whether this graph trains: dropout draws, and statistics are taken, only then. */
  readonly training: boolean;
  /** Of random draws, together with `stream`, which differs from layer to layer. */
  readonly seed: number;
  readonly stream: number;
  /** Where state is carried from run to run, as in a stream of single steps; undefined where each run starts at zero. */
  readonly carry?: Carry;
}

/** State that outlives a run. */
export interface Carry {
  /** The state of that name under the layer's path at the start of the run; zero at first. The layer sets it with `update`. */
  state<S extends Shape>(name: string, shape: S): Variable<"f32", S>;
}

/** A piece of a model: a function of one tensor, with variables of its own. Made by functions such as `dense`. */
export interface Layer {
  /** Part of its variables' paths. */
  readonly name: string;
  /** What it takes as the first layer, where that is not f32: token indices. */
  readonly inputDType?: DType;
  /** Works along time: the model's input is time-major, [T, B, …], instead of [B, …]. */
  readonly sequence?: boolean;
  apply(x: Tensor, context: LayerContext): Tensor;
}
