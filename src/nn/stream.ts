/// <reference lib="esnext.disposable" preserve="true" />
import { UnrollError } from "../errors.ts";
import { hostArray, input, type Tensor, type Variable } from "../graph/tensor.ts";
import type { HostArray, Shape } from "../graph/types.ts";
import { checkBatch } from "../program/batch.ts";
import { compile } from "../program/compile.ts";
import type { Engine } from "../program/engine.ts";
import { asLaunchable } from "../program/launch.ts";
import type { Program } from "../program/program.ts";
import { Uses } from "../program/uses.ts";
import { integersAs } from "./integers.ts";
import type { Model } from "./model.ts";

export interface StreamOptions {
  /** Sequences side by side. */
  readonly batch: number;
  /** Sizes of one step of one sequence: [] for tokens. */
  readonly features: Shape;
  /** First part of the names of its state, which checkpoints of the engine then hold. */
  readonly name?: string;
}

let unnamed = 0;

/** A model that takes one step of time per call. Made by {@link createStream}. */
export class Stream {
  readonly #engine: Engine;
  readonly #program: Program<{ x: Tensor }, { output: Tensor }>;
  readonly #states: readonly Variable<"f32">[];
  readonly #uses = new Uses();
  #disposed = false;

  constructor(engine: Engine, program: Program<{ x: Tensor }, { output: Tensor }>, states: readonly Variable<"f32">[]) {
    this.#engine = engine;
    this.#program = program;
    this.#states = states;
    this.#uses.own(asLaunchable(program).uses);
  }

  /** The output for one step, [1, B, …], computed from it and the state that earlier calls left. */
  async next(x: HostArray): Promise<Float32Array> {
    const batch = integersAs(this.#program, { x });
    checkBatch(this.#program, batch, { call: "next", own: true });
    return (await this.#program.run(batch as never, { read: ["output"] })).output as Float32Array;
  }

  /** Forgets: the state is zero again. @throws UnrollError `disposed`, `lost` */
  reset(): void {
    if (this.#disposed) throw new UnrollError("disposed", "reset: the stream was disposed");
    for (const state of this.#states) this.#engine.write(state, hostArray("f32", state.size));
  }

  /** Frees the program and the state; what is in flight rejects with `disposed`. The model's variables stay while its trainer, or another stream, uses them. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#program.dispose();
    this.#uses.release();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/**
 * Compiles a model for single steps of time. The recurrent state is in variables of the stream alone, which no checkpoint holds unless they
 * have a name.
 * @throws UnrollError `name` where another stream has that name.
 */
export async function createStream(engine: Engine, model: Model, { batch, features, name }: StreamOptions): Promise<Stream> {
  const x = input([1, batch, ...features], model.inputDType);
  const belongs = { owner: {}, passing: name === undefined };
  const { output, updates, states } = model.apply(x, { carry: { name: name ?? `(stream ${unnamed++})`, belongs } });
  const program = await compile(engine, { inputs: { x }, outputs: { output }, updates, label: "stream" });
  return new Stream(engine, program as unknown as Program<{ x: Tensor }, { output: Tensor }>, states);
}
