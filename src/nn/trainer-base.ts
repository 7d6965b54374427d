/// <reference lib="esnext.disposable" preserve="true" />
import { check, checkFlag, checkOptions, describe, UnrollError } from "../errors.ts";
import { beyondF32, fitsF32 } from "../graph/f32.ts";
import type { Tensor } from "../graph/tensor.ts";
import { formatShape, type HostArray, type Shape, sizeOf } from "../graph/types.ts";
import { CONTROL } from "../graph/update.ts";
import { typedArrayName } from "../host.ts";
import { isBuffer } from "../program/batch.ts";
import { checkArrays, checkLoadOptions, compareNames, type LoadOptions, type LoadResult } from "../program/checkpoint.ts";
import type { Engine } from "../program/engine.ts";
import { asLaunchable, launchCompiled } from "../program/launch.ts";
import { partsOf, stepsOf } from "../program/parts.ts";
import type { AnyResults, RunnableProgram } from "../program/program.ts";
import type { NamedArrays } from "../program/store.ts";
import { integersAs } from "./integers.ts";
import { type LossKind, LossTotal, pairs } from "./loss-total.ts";
import { ProgramCache } from "./program-cache.ts";

export interface StepResult {
  /** Mean over the batch, as the loss defines it. */
  readonly loss: number;
  /** Global L2 norm of all gradients before clipping. */
  readonly gradientNorm: number;
}

/** A batch: values row by row, or what is on the GPU already. */
export type Examples = HostArray | GPUBuffer;

type Batch = Readonly<Record<string, Examples>>;

/** `count` only where the loss has a divisor that depends on the targets. */
type Step = RunnableProgram<{ x: Tensor; target: Tensor; rate: Tensor }, { loss: Tensor; norm: Tensor; count: Tensor }>;
type Predict = RunnableProgram<{ x: Tensor }, { output: Tensor }>;
type Evaluate = RunnableProgram<{ x: Tensor; target: Tensor }, { loss: Tensor; count: Tensor }>;

/** What a trainer runs. */
export interface TrainerPrograms {
  readonly step: Step;
  readonly predict: Predict;
  readonly evaluate: Evaluate;
}
export const PROGRAMS = ["step", "predict", "evaluate"] as const satisfies readonly (keyof TrainerPrograms)[];
export type ProgramKind = keyof TrainerPrograms;

/** A program for batches of one size. */
export const programName = (kind: ProgramKind, batch: number): string => `${kind} ${batch}`;

/** Where a trainer's programs come from. */
export interface ProgramSource {
  compile(kind: ProgramKind, batch: number): Promise<unknown>;
  /** What a target is compared with, for one of `values` values, which does not fit: the end of a message. */
  explain?(batch: number, values: number): string;
  /** How many it gives at a time, besides the training step for the full batch and `whole`. */
  readonly maxPrograms: number;
  /** One that has all variables. */
  readonly whole: readonly [kind: ProgramKind, batch: number];
  /** How many examples a GPUBuffer holds, where that is not the full batch. */
  bufferBatch?(kind: ProgramKind): number | undefined;
  /** To be called when the trainer goes. */
  leave(): void;
  /** The state in which the optimizer counts its steps, where there is one. */
  readonly count?: string;
}

/** What a trainer knows of its model, loss and optimizer. */
export interface TrainerSettings {
  readonly input: Shape;
  readonly batch: number;
  readonly name: string;
  readonly learningRate: number;
  readonly loss: LossKind;
}

const RUNS = "trainer/runs";

const disposedTrainer = (call: string): UnrollError => new UnrollError("disposed", `${call}: the trainer was disposed`);

/** Trains and predicts by programs, which it knows nothing else of. */
export class TrainerBase {
  readonly engine: Engine;
  readonly #settings: TrainerSettings;
  readonly #source: ProgramSource;
  readonly #programs: ProgramCache;
  #learningRate: number;
  /** The number of steps that a checkpoint told, where there is no optimizer to count them. */
  #loadedSteps = 0;
  #end: Promise<void> | undefined;

  constructor(engine: Engine, settings: TrainerSettings, source: ProgramSource) {
    this.engine = engine;
    this.#settings = settings;
    this.#source = source;
    this.#learningRate = settings.learningRate;
    this.#programs = new ProgramCache(source.maxPrograms, [programName("step", settings.batch), programName(...source.whole)]);
  }

  /** What the next step uses, from its call on. May be changed between any two steps; nothing is compiled for it. */
  get learningRate(): number {
    return this.#learningRate;
  }

  set learningRate(rate: number) {
    check(
      fitsF32(rate) && rate >= 0,
      "argument",
      () => `trainer.learningRate must be a number of at least 0, not ${String(rate)}${beyondF32(rate)}`,
    );
    this.#learningRate = rate;
  }

  /**
   * Steps whose update was applied, also those before a checkpoint was loaded: one count for the optimizer, dropout and checkpoints, for
   * all batch sizes and all trainers of this model. Steps that were called and are not done count until they are known to be refused.
   */
  get steps(): number {
    const { count } = this.#source;
    return count === undefined ? this.#loadedSteps : stepsOf(this.engine).of(count);
  }

  /** The training step for the full batch. */
  get program(): Promise<Step> {
    return this.compiled("step", this.#settings.batch);
  }

  /**
   * One training step, after all calls before it. `x` holds a batch (time-major for sequences), `target` what the loss compares with. As
   * a GPUBuffer, such as an image reader's `values`, `x` holds a full batch. Both arrays may be reused as soon as the call returns.
   * Resolves when the queue has room; with `read`, with loss and gradient norm.
   * @throws UnrollError as `run` of a program does; `disposed` after `dispose`. A step that rejects was not applied and does not count,
   *   unless it rejects with `lost` or because the engine was disposed.
   */
  step(x: Examples, target: HostArray): Promise<undefined>;
  step(x: Examples, target: HostArray, options: { readonly read: true }): Promise<StepResult>;
  async step(x: Examples, target: HostArray, options: { readonly read?: boolean } = {}): Promise<StepResult | undefined> {
    checkOptions("step", options, ["read"]);
    const { read = false } = options;
    checkFlag("step", "read", read);
    const { loss, norm } = await this.#step("step", x, target, read ? ["loss", "norm"] : []);
    return read ? { loss: loss[0], gradientNorm: norm[0] } : undefined;
  }

  #step(call: "step" | "epoch", x: Examples, target: HostArray, read: readonly string[]): Promise<AnyResults> {
    return this.#run(call, "step", this.#batchOf(call, x), { x, target, rate: Float32Array.of(this.#learningRate) }, read);
  }

  /** A run in its place: now, or where its program is still compiling, before all that is called after it. */
  #run(call: string, kind: ProgramKind, size: number, given: Batch, read: readonly string[]): Promise<AnyResults> {
    this.assertUsable(call);
    const explain = (name: string, values: number) => (name === "target" && this.#source.explain?.(size, values)) || "";
    const caller = { call, own: true, explain };
    const program = this.#programs.find(programName(kind, size));
    if (program) {
      const batch = integersAs(program, given);
      asLaunchable(program).checkBatch(batch, caller);
      return program.run(batch as never, { read } as never);
    }
    const { count } = this.#source;
    const steps = kind === "step" && count !== undefined ? [count] : [];
    return launchCompiled(this.engine, this.compiled(kind, size), { batch: given, read, steps, caller, adapt: integersAs });
  }

  /** @throws UnrollError `disposed`, `lost` */
  protected assertUsable(call: string): void {
    this.engine.assertUsable();
    if (this.#end) throw disposedTrainer(call);
  }

  /** The model's output, without dropout and with running statistics, for the values that `x` has at the call. */
  async predict(x: Examples): Promise<Float32Array> {
    this.assertUsable("predict");
    return (await this.#run("predict", "predict", this.#batchOf("predict", x), { x }, ["output"])).output as Float32Array;
  }

  /**
   * The loss over batches, without changing anything: a summed loss is added up; a mean is the mean over all examples, each batch
   * weighted by its number of examples, or by what its loss divided by where labels are ignored or classes weighted. Each batch is a call
   * of its own, made when it is pulled, after the one before it is done.
   */
  async evaluate(batches: Iterable<readonly [x: Examples, target: HostArray]>): Promise<number> {
    this.assertUsable("evaluate");
    const total = new LossTotal(this.#settings.loss);
    for (const [x, target] of pairs("evaluate", batches)) {
      const size = this.#batchOf("evaluate", x);
      total.add(await this.#run("evaluate", "evaluate", size, { x, target }, total.reads), size);
    }
    check(total.batches > 0, "argument", "evaluate: give at least one batch");
    return total.loss;
  }

  /**
   * One pass over batches, training on each as it is pulled, with the learning rate of that moment. The loss is that of all examples as in
   * `evaluate`, each batch as it was before its step.
   */
  async epoch(batches: Iterable<readonly [x: Examples, target: HostArray]>): Promise<{ readonly loss: number; readonly steps: number }> {
    this.assertUsable("epoch");
    const total = new LossTotal(this.#settings.loss);
    for (const [x, target] of pairs("epoch", batches)) {
      const size = this.#batchOf("epoch", x);
      total.add(await this.#step("epoch", x, target, total.reads), size);
    }
    check(total.batches > 0, "argument", "epoch: give at least one batch");
    return { loss: total.loss, steps: total.batches };
  }

  /** Variables, optimizer state and the number of applied steps, after all calls so far: all that training needs to go on with the same bits. */
  async save(): Promise<NamedArrays> {
    this.assertUsable("save");
    const { count } = this.#source;
    const loaded = this.#loadedSteps;
    const own = await this.engine.readNamed(this.#names);
    const steps = count === undefined ? loaded : (own[count]?.data[CONTROL.STEP] ?? 0);
    const runs = { dtype: "u32", shape: [1], data: Uint32Array.of(steps) } as const;
    return { ...own, [RUNS]: runs };
  }

  /** Variables of the model and what this optimizer keeps of them: not what other trainers, or streams, keep. */
  get #names(): string[] {
    return this.#programs.names.filter((name) => name.startsWith(`${this.#settings.name}/`));
  }

  /**
   * Takes up what `save` gave, after all calls so far; the arrays may be changed as soon as the call returns. The number of steps is that of
   * the optimizer's state: where the arrays hold none, the optimizer and the number stay as they are. With `partial` it takes what it has a
   * name for, such as weights alone, and leaves the rest as it is.
   * @returns the names that were not on both sides: none without `partial`
   * @throws UnrollError `name` when a name is missing, or is not one of this trainer's; `shape`, `format` when an array does not fit. Then
   *   nothing is changed.
   */
  async load(arrays: NamedArrays, options: LoadOptions = {}): Promise<LoadResult> {
    this.assertUsable("load");
    checkArrays(arrays, "trainer.save");
    const partial = checkLoadOptions(options);
    const own = new Set(this.#names);
    const result = compareNames([...own, RUNS], Object.keys(arrays), partial);
    const { [RUNS]: runs, ...rest } = arrays;
    check(
      runs === undefined || (typedArrayName(runs?.data) === "Uint32Array" && runs.data.length === 1),
      "format",
      () => `load: "${RUNS}" must be one u32, the number of steps`,
    );
    const written = this.engine.writeAll(Object.fromEntries(Object.entries(rest).filter(([name]) => own.has(name))));
    const before = this.#loadedSteps;
    this.#loadedSteps = runs?.data[0] ?? before;
    try {
      await written;
    } catch (error) {
      this.#loadedSteps = before;
      throw error;
    }
    return result;
  }

  /**
   * Frees the programs, after all calls so far are done, and the variables with their optimizer states, unless another trainer, a stream or
   * a program that is not disposed uses them: then they go with the last of these. With `keepVariables` they stay with the engine, for
   * another trainer of this model. What is called after it rejects with `disposed`.
   */
  async dispose(options: { readonly keepVariables?: boolean } = {}): Promise<void> {
    checkOptions("dispose", options, ["keepVariables"]);
    const { keepVariables = false } = options;
    checkFlag("dispose", "keepVariables", keepVariables);
    if (!this.#end) {
      const { leaving } = partsOf(this.engine).store.admission;
      const end = this.#dispose(keepVariables).finally(() => leaving.delete(end));
      leaving.add(end);
      this.#end = end;
    }
    await this.#end;
  }

  async #dispose(keepVariables: boolean): Promise<void> {
    await partsOf(this.engine).turns.take(
      () => true,
      () => {},
    );
    await this.#programs.dispose(keepVariables);
    this.#source.leave();
  }

  /** Compiles a first program. A trainer that has none goes again. Internal. */
  async begin(kind: ProgramKind, batch: number): Promise<this> {
    await Promise.allSettled(partsOf(this.engine).store.admission.leaving);
    try {
      await this.compiled(kind, batch);
      return this;
    } catch (error) {
      await this.dispose();
      throw error;
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  /** A program, compiled before its first use. It may be disposed once others were used since: see the option `maxPrograms`. */
  compiled<K extends ProgramKind>(kind: K, batch: number): Promise<TrainerPrograms[K]> {
    if (this.#end) return Promise.reject(disposedTrainer(kind));
    const compile = () => this.#compile(kind, batch);
    return this.#programs.get(programName(kind, batch), compile) as Promise<TrainerPrograms[ProgramKind]> as Promise<TrainerPrograms[K]>;
  }

  async #compile(kind: ProgramKind, batch: number): Promise<RunnableProgram> {
    this.assertUsable(kind);
    const program = (await this.#source.compile(kind, batch)) as RunnableProgram;
    if (kind === "step") asLaunchable(program).drawBySteps();
    return program;
  }

  /** How many examples an array holds. */
  #batchOf(call: ProgramKind | "epoch", x: Examples): number {
    if (isBuffer(x)) return this.#source.bufferBatch?.(call === "epoch" ? "step" : call) ?? this.#settings.batch;
    check(ArrayBuffer.isView(x), "dtype", () => `${call}: x must be a typed array or a GPUBuffer, not ${describe(x)}`);
    const each = sizeOf(this.#settings.input);
    const batch = x.length / each;
    check(
      Number.isInteger(batch) && batch > 0,
      "size",
      () =>
        `${call}: x has ${x.length} values; one example, ${formatShape(this.#settings.input)}, has ${each}, so a batch must be a multiple of that`,
    );
    return batch;
  }
}
