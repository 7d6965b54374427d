import { check } from "../errors.ts";
import { type F32, input, type Tensor } from "../graph/tensor.ts";
import { formatShape, type HostArray, type Shape, sizeOf } from "../graph/types.ts";
import type { Optimizer, Update } from "../graph/update.ts";
import { clipNorm } from "../ops/update/clip.ts";
import type { OptimizerRule } from "../ops/update/rule.ts";
import { compile } from "../program/compile.ts";
import type { Engine } from "../program/engine.ts";
import { gradient } from "../program/gradient.ts";
import type { Program } from "../program/program.ts";
import type { NamedArrays } from "../program/store.ts";
import { integersAs } from "./integers.ts";
import type { Loss } from "./losses.ts";
import type { Model } from "./model.ts";
import { createStream, type Stream } from "./stream.ts";

export interface TrainerOptions {
  /** Sizes of one example, without the batch: [T] tokens, [T, features] for a sequence, [features] else. */
  readonly input: Shape;
  /** Examples in a batch. A shorter last batch is taken as it comes. */
  readonly batch: number;
  readonly loss: Loss;
  readonly optimizer: OptimizerRule;
  /** Limit of the global L2 norm of all gradients. No clipping unless given. */
  readonly clipNorm?: number;
  /** Of initial values and dropout. Default 0. */
  readonly seed?: number;
  /** First part of the variables' names. Default "model". Two models on one engine need different names, or share what is equal. */
  readonly name?: string;
}

export interface StepResult {
  /** Mean over the batch, as the loss defines it. */
  readonly loss: number;
  /** Global L2 norm of all gradients before clipping. */
  readonly gradientNorm: number;
}

type Step = Program<{ x: Tensor; target: Tensor; rate: Tensor }, { loss: Tensor; norm: Tensor }>;
type Predict = Program<{ x: Tensor }, { output: Tensor }>;
type Evaluate = Program<{ x: Tensor; target: Tensor }, { loss: Tensor }>;

const RUNS = "trainer/runs";
const MODEL = "model";

/** A model with its loss and optimizer on an engine. Made by {@link createTrainer}. */
export class Trainer {
  readonly engine: Engine;
  readonly model: Model;
  readonly #options: TrainerOptions;
  readonly #optimizer: Optimizer;
  readonly #steps = new Map<number, Promise<Step>>();
  readonly #predicts = new Map<number, Promise<Predict>>();
  readonly #evaluates = new Map<number, Promise<Evaluate>>();
  #learningRate: number;
  #runs = 0;

  constructor(engine: Engine, model: Model, options: TrainerOptions) {
    const { optimizer } = options.optimizer;
    check(
      typeof optimizer.learningRate === "number",
      "argument",
      "createTrainer: give the optimizer a number as learningRate; the trainer's own learningRate changes it between steps",
    );
    this.engine = engine;
    this.model = model;
    this.#options = options;
    this.#optimizer = optimizer;
    this.#learningRate = optimizer.learningRate;
  }

  /** What the next step uses. May be changed between any two steps; nothing is compiled for it. */
  get learningRate(): number {
    return this.#learningRate;
  }

  set learningRate(rate: number) {
    check(Number.isFinite(rate) && rate >= 0, "argument", () => `trainer.learningRate must be a number of at least 0, not ${String(rate)}`);
    this.#learningRate = rate;
  }

  /** Steps made so far, also those before a checkpoint was loaded. */
  get steps(): number {
    return this.#runs;
  }

  /** The compiled training step for the full batch: for `report` and `verify`. */
  get program(): Promise<Step> {
    return this.#step(this.#options.batch);
  }

  /**
   * One training step. `x` holds a batch (time-major for sequences), `target` what the loss compares with. Resolves when the queue has
   * room; with `read`, with loss and gradient norm.
   */
  step(x: HostArray, target: HostArray): Promise<undefined>;
  step(x: HostArray, target: HostArray, options: { readonly read: true }): Promise<StepResult>;
  async step(x: HostArray, target: HostArray, { read = false } = {}): Promise<StepResult | undefined> {
    const program = await this.#step(this.#batchOf("step", x));
    // All batch sizes count as one sequence of runs: dropout never repeats a mask.
    program.counter = this.#runs++;
    const batch = { ...integersAs(program, { x, target }), rate: Float32Array.of(this.#learningRate) };
    if (!read) {
      await program.run(batch as never);
      return undefined;
    }
    const { loss, norm } = await program.run(batch as never, { read: ["loss", "norm"] });
    return { loss: loss[0], gradientNorm: norm[0] };
  }

  /** The model's output, without dropout. */
  async predict(x: HostArray): Promise<Float32Array> {
    const program = await cached(this.#predicts, this.#batchOf("predict", x), (batch) => this.#compilePredict(batch));
    return (await program.run(integersAs(program, { x }) as never, { read: ["output"] })).output as Float32Array;
  }

  /** The mean loss over batches, without changing anything; each batch counts by its number of examples. */
  async evaluate(batches: Iterable<readonly [x: HostArray, target: HostArray]>): Promise<number> {
    let sum = 0;
    let count = 0;
    for (const [x, target] of batches) {
      const size = this.#batchOf("evaluate", x);
      const program = await cached(this.#evaluates, size, (batch) => this.#compileEvaluate(batch));
      const { loss } = await program.run(integersAs(program, { x, target }) as never, { read: ["loss"] });
      sum += loss[0] * size;
      count += size;
    }
    check(count > 0, "argument", "evaluate: give at least one batch");
    return sum / count;
  }

  /** One pass over batches, training on each. The loss is the mean over all examples, each batch as it was before its step. */
  async epoch(batches: Iterable<readonly [x: HostArray, target: HostArray]>): Promise<{ readonly loss: number; readonly steps: number }> {
    let sum = 0;
    let count = 0;
    let steps = 0;
    for (const [x, target] of batches) {
      const size = this.#batchOf("epoch", x);
      const { loss } = await this.step(x, target, { read: true });
      sum += loss * size;
      count += size;
      steps++;
    }
    check(count > 0, "argument", "epoch: give at least one batch");
    return { loss: sum / count, steps };
  }

  /** The model one step of time after another, its recurrent state carried between calls: for generating and for live input. */
  stream({ batch = 1 }: { readonly batch?: number } = {}): Promise<Stream> {
    check(this.model.sequence, "argument", "stream: this model has no layer that works along time");
    return createStream(this.engine, this.model, { batch, features: this.#options.input.slice(1) });
  }

  /** Variables, optimizer state and the number of steps: all that training needs to go on with the same bits. */
  async save(): Promise<NamedArrays> {
    await this.program;
    const runs = { dtype: "u32", shape: [1], data: Uint32Array.of(this.#runs) } as const;
    // Not what other models or streams on this engine hold.
    const own = Object.entries(await this.engine.readAll()).filter(([name]) => name.startsWith(`${this.#options.name ?? MODEL}/`));
    return { ...Object.fromEntries(own), [RUNS]: runs };
  }

  /** Takes up what `save` gave. @throws UnrollError `shape`, `format` */
  async load(arrays: NamedArrays): Promise<void> {
    const { [RUNS]: runs, ...rest } = arrays;
    await this.engine.writeAll(rest);
    this.#runs = runs?.data[0] ?? this.#runs;
  }

  /** Frees the programs; the variables stay with the engine. */
  async dispose(): Promise<void> {
    for (const cache of [this.#steps, this.#predicts, this.#evaluates]) {
      for (const program of cache.values()) (await program).dispose();
      cache.clear();
    }
  }

  #step(batch: number): Promise<Step> {
    return cached(this.#steps, batch, (size) => this.#compileStep(size));
  }

  #input(batch: number): Tensor {
    const shape = inputShape(this.model, this.#options.input, batch);
    return input(shape, this.model.inputDType);
  }

  async #compileStep(batch: number): Promise<Step> {
    const { loss: lossOf, clipNorm: limit } = this.#options;
    const x = this.#input(batch);
    const { output } = this.model.apply(x, { training: true });
    const { dtype, shape } = lossOf.targetType(output);
    const target = input(shape, dtype);
    const rate = input([]);
    const loss = lossOf.apply(output as F32, target);
    const all = gradient(loss, this.model.variables);
    const gradients = limit === undefined ? all : clipNorm(all, limit);
    const update: Update = { kind: "optimize", optimizer: { ...this.#optimizer, learningRate: rate }, gradients };
    const spec = {
      inputs: { x, target, rate },
      outputs: { loss, norm: gradients.norm },
      updates: update,
      label: `training step, batch ${batch}`,
    };
    return (await compile(this.engine, spec)) as unknown as Step;
  }

  async #compilePredict(batch: number): Promise<Predict> {
    const x = this.#input(batch);
    const { output } = this.model.apply(x);
    return (await compile(this.engine, { inputs: { x }, outputs: { output }, label: `prediction, batch ${batch}` })) as unknown as Predict;
  }

  async #compileEvaluate(batch: number): Promise<Evaluate> {
    const x = this.#input(batch);
    const { output } = this.model.apply(x);
    const { dtype, shape } = this.#options.loss.targetType(output);
    const target = input(shape, dtype);
    const loss = this.#options.loss.apply(output as F32, target);
    return (await compile(this.engine, {
      inputs: { x, target },
      outputs: { loss },
      label: `evaluation, batch ${batch}`,
    })) as unknown as Evaluate;
  }

  /** How many examples an array holds. */
  #batchOf(call: string, x: HostArray): number {
    const each = sizeOf(this.#options.input);
    const batch = x.length / each;
    check(
      Number.isInteger(batch) && batch > 0,
      "size",
      () =>
        `${call}: x has ${x.length} values; one example, ${formatShape(this.#options.input)}, has ${each}, so a batch must be a multiple of that`,
    );
    return batch;
  }
}

/** [T, B, …] for a model that works along time, [B, …] else. */
export function inputShape(model: Model, example: Shape, batch: number): number[] {
  return model.sequence ? [example[0], batch, ...example.slice(1)] : [batch, ...example];
}

function cached<P>(cache: Map<number, Promise<P>>, batch: number, make: (batch: number) => Promise<P>): Promise<P> {
  let program = cache.get(batch);
  if (!program) {
    program = make(batch);
    cache.set(batch, program);
    program.catch(() => cache.delete(batch));
  }
  return program;
}

/**
 * Compiles the training step of a model.
 * @throws UnrollError `shape`, `dtype`, `argument` when model, input, loss and options do not fit.
 */
export async function createTrainer(engine: Engine, model: Model, options: TrainerOptions): Promise<Trainer> {
  const { input: example, batch, seed = 0, name = MODEL, loss, optimizer } = options;
  check(
    Array.isArray(example) && example.length > 0 && example.every((n) => Number.isInteger(n) && n > 0),
    "shape",
    () => `createTrainer: input must be the sizes of one example, such as [T] or [T, features], not ${JSON.stringify(example)}`,
  );
  check(
    Number.isInteger(batch) && batch > 0,
    "argument",
    () => `createTrainer: batch must be a whole number above 0, not ${String(batch)}`,
  );
  check(typeof loss?.apply === "function", "argument", "createTrainer: loss must be a loss such as crossEntropy()");
  check(optimizer?.optimizer, "argument", "createTrainer: optimizer must be one such as adam() or sgd({ learningRate })");
  const trainer = new Trainer(engine, model.seed(seed, name), options);
  await trainer.program;
  return trainer;
}
