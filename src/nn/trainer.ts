import { check, checkFlag, checkOptions, describe } from "../errors.ts";
import { type F32, input, type Tensor } from "../graph/tensor.ts";
import { formatShape, type HostArray, type Shape, sizeOf } from "../graph/types.ts";
import type { Optimizer, Update } from "../graph/update.ts";
import { clipNorm } from "../ops/update/clip.ts";
import type { OptimizerRule } from "../ops/update/rule.ts";
import { compile } from "../program/compile.ts";
import { checkEngine, type Engine } from "../program/engine.ts";
import { gradient } from "../program/gradient.ts";
import type { Program } from "../program/program.ts";
import { checkBatch, isBuffer } from "../program/spec.ts";
import type { NamedArrays } from "../program/store.ts";
import { integersAs } from "./integers.ts";
import { countOf, LossTotal, pairs } from "./loss-total.ts";
import type { Loss } from "./losses.ts";
import { inputShape, Model } from "./model.ts";
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

/** A batch: values row by row, or what is on the GPU already. */
export type Examples = HostArray | GPUBuffer;

/** `count` only where the loss has a divisor that depends on the targets. */
type Step = Program<{ x: Tensor; target: Tensor; rate: Tensor }, { loss: Tensor; norm: Tensor; count: Tensor }>;
type Predict = Program<{ x: Tensor }, { output: Tensor }>;
type Evaluate = Program<{ x: Tensor; target: Tensor }, { loss: Tensor; count: Tensor }>;

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
   * One training step. `x` holds a batch (time-major for sequences), `target` what the loss compares with. As a GPUBuffer, such as an
   * image reader's `values`, `x` holds a full batch. Resolves when the queue has
   * room; with `read`, with loss and gradient norm.
   */
  step(x: Examples, target: HostArray): Promise<undefined>;
  step(x: Examples, target: HostArray, options: { readonly read: true }): Promise<StepResult>;
  async step(x: Examples, target: HostArray, options: { readonly read?: boolean } = {}): Promise<StepResult | undefined> {
    checkOptions("step", options, ["read"]);
    const { read = false } = options;
    checkFlag("step", "read", read);
    const program = await this.#step(this.#batchOf("step", x));
    const batch = this.#nextRun(program, x, target);
    if (!read) {
      await program.run(batch as never);
      return undefined;
    }
    const { loss, norm } = await program.run(batch as never, { read: ["loss", "norm"] });
    return { loss: loss[0], gradientNorm: norm[0] };
  }

  /** The batch of the next training step. All batch sizes count as one sequence of runs: dropout never repeats a mask. */
  #nextRun(program: Step, x: Examples, target: HostArray): Record<string, Examples> {
    const batch = { ...integersAs(program, { x, target }), rate: Float32Array.of(this.#learningRate) };
    checkBatch(program.spec.inputs, batch);
    program.counter = this.#runs++;
    return batch;
  }

  /** The model's output, without dropout and with running statistics. */
  async predict(x: Examples): Promise<Float32Array> {
    const program = await cached(this.#predicts, this.#batchOf("predict", x), (batch) => this.#compilePredict(batch));
    return (await program.run(integersAs(program, { x }) as never, { read: ["output"] })).output as Float32Array;
  }

  /**
   * The loss over batches, without changing anything: a summed loss is added up; a mean is the mean over all examples, each batch
   * weighted by its number of examples, or by what its loss divided by where labels are ignored or classes weighted.
   */
  async evaluate(batches: Iterable<readonly [x: Examples, target: HostArray]>): Promise<number> {
    const total = new LossTotal(this.#options.loss);
    for (const [x, target] of pairs("evaluate", batches)) {
      const size = this.#batchOf("evaluate", x);
      const program = await cached(this.#evaluates, size, (batch) => this.#compileEvaluate(batch));
      total.add(await program.run(integersAs(program, { x, target }) as never, { read: total.reads }), size);
    }
    check(total.batches > 0, "argument", "evaluate: give at least one batch");
    return total.loss;
  }

  /** One pass over batches, training on each. The loss is that of all examples as in `evaluate`, each batch as it was before its step. */
  async epoch(batches: Iterable<readonly [x: Examples, target: HostArray]>): Promise<{ readonly loss: number; readonly steps: number }> {
    const total = new LossTotal(this.#options.loss);
    for (const [x, target] of pairs("epoch", batches)) {
      const size = this.#batchOf("epoch", x);
      const program = await this.#step(size);
      total.add(await program.run(this.#nextRun(program, x, target) as never, { read: total.reads }), size);
    }
    check(total.batches > 0, "argument", "epoch: give at least one batch");
    return { loss: total.loss, steps: total.batches };
  }

  /** The model one step of time after another, its recurrent state carried between calls: for generating and for live input. */
  async stream(options: { readonly batch?: number } = {}): Promise<Stream> {
    checkOptions("stream", options, ["batch"]);
    const { batch = 1 } = options;
    check(
      Number.isSafeInteger(batch) && batch > 0,
      "argument",
      () => `stream: batch must be a whole number above 0, not ${describe(batch)}`,
    );
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
    check(
      typeof arrays === "object" && arrays !== null && !Array.isArray(arrays),
      "argument",
      () => `load: give an object of named arrays, as trainer.save returns it, not ${describe(arrays)}`,
    );
    const { [RUNS]: runs, ...rest } = arrays;
    check(
      runs === undefined || (runs?.data instanceof Uint32Array && runs.data.length === 1),
      "format",
      () => `load: "${RUNS}" must be one u32, the number of steps`,
    );
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
    const { output, updates } = this.model.apply(x, { training: true });
    const { dtype, shape } = lossOf.targetType(output);
    const target = input(shape, dtype);
    const rate = input([]);
    const loss = lossOf.apply(output as F32, target);
    const all = gradient(loss, this.model.parameters);
    const gradients = limit === undefined ? all : clipNorm(all, limit);
    const update: Update = { kind: "optimize", optimizer: { ...this.#optimizer, learningRate: rate }, gradients };
    const spec = {
      inputs: { x, target, rate },
      outputs: { loss, norm: gradients.norm, ...countOf(lossOf, output, target) },
      updates: [update, ...updates],
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
      outputs: { loss, ...countOf(this.#options.loss, output, target) },
      label: `evaluation, batch ${batch}`,
    })) as unknown as Evaluate;
  }

  /** How many examples an array holds. */
  #batchOf(call: string, x: Examples): number {
    if (isBuffer(x)) return this.#options.batch;
    check(ArrayBuffer.isView(x), "dtype", () => `${call}: x must be a typed array or a GPUBuffer, not ${describe(x)}`);
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
  checkEngine("createTrainer", engine);
  check(model instanceof Model, "argument", () => `createTrainer: the model must be made by sequential(…), not ${describe(model)}`);
  checkOptions("createTrainer", options, ["input", "batch", "loss", "optimizer", "clipNorm", "seed", "name"]);
  const { input: example, batch, seed = 0, name = MODEL, loss, optimizer } = options;
  check(
    Array.isArray(example) && example.length > 0 && example.every((n) => Number.isInteger(n) && n > 0),
    "shape",
    () =>
      `createTrainer: input must be the sizes of one example, such as [T] or [T, features], not ${Array.isArray(example) ? `[${example.map(describe)}]` : describe(example)}`,
  );
  check(
    Number.isSafeInteger(batch) && batch > 0,
    "argument",
    () => `createTrainer: batch must be a whole number above 0, not ${String(batch)}`,
  );
  check(
    Number.isFinite(seed) && typeof name === "string",
    "argument",
    () => `createTrainer: seed must be a number and name a string, not ${describe(seed)} and ${describe(name)}`,
  );
  check(
    typeof loss?.targetType === "function" && typeof loss.apply === "function",
    "argument",
    "createTrainer: loss must be a loss such as crossEntropy()",
  );
  check(
    typeof optimizer?.optimizer?.kernel === "function",
    "argument",
    "createTrainer: optimizer must be one such as adam() or sgd({ learningRate })",
  );
  const trainer = new Trainer(engine, model.seed(seed, name), options);
  await trainer.program;
  return trainer;
}
