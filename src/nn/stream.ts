import { hostArray, input, type Tensor, type Variable } from "../graph/tensor.ts";
import type { HostArray, Shape } from "../graph/types.ts";
import { checkBatch } from "../program/batch.ts";
import { compile } from "../program/compile.ts";
import type { Engine } from "../program/engine.ts";
import type { Program } from "../program/program.ts";
import { integersAs } from "./integers.ts";
import type { Model } from "./model.ts";

export interface StreamOptions {
  /** Sequences side by side. */
  readonly batch: number;
  /** Sizes of one step of one sequence: [] for tokens. */
  readonly features: Shape;
}

let streams = 0;

/** A model that takes one step of time per call. Made by {@link createStream}. */
export class Stream {
  readonly #engine: Engine;
  readonly #program: Program<{ x: Tensor }, { output: Tensor }>;
  readonly #states: readonly Variable<"f32">[];

  constructor(engine: Engine, program: Program<{ x: Tensor }, { output: Tensor }>, states: readonly Variable<"f32">[]) {
    this.#engine = engine;
    this.#program = program;
    this.#states = states;
  }

  /** The output for one step, [1, B, …], computed from it and the state that earlier calls left. */
  async next(x: HostArray): Promise<Float32Array> {
    const batch = integersAs(this.#program, { x });
    checkBatch(this.#program, batch, { call: "next", own: true });
    return (await this.#program.run(batch as never, { read: ["output"] })).output as Float32Array;
  }

  /** Forgets: the state is zero again. */
  reset(): void {
    for (const state of this.#states) this.#engine.write(state, hostArray("f32", state.size));
  }

  dispose(): void {
    this.#program.dispose();
  }
}

/** Compiles a model for single steps of time; the recurrent states are variables of their own, named "stream N/…". */
export async function createStream(engine: Engine, model: Model, { batch, features }: StreamOptions): Promise<Stream> {
  const x = input([1, batch, ...features], model.inputDType);
  const { output, updates, states } = model.apply(x, { carry: `stream ${streams++}` });
  const program = await compile(engine, { inputs: { x }, outputs: { output }, updates, label: "stream" });
  return new Stream(engine, program as unknown as Program<{ x: Tensor }, { output: Tensor }>, states);
}
