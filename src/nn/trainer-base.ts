import { check, checkFlag, checkOptions, describe } from "../errors.ts";
import type { Tensor } from "../graph/tensor.ts";
import { formatShape, type HostArray, type Shape, sizeOf } from "../graph/types.ts";
import { typedArrayName } from "../host.ts";
import { checkBatch, isBuffer } from "../program/batch.ts";
import type { Engine } from "../program/engine.ts";
import type { RunnableProgram } from "../program/program.ts";
import type { NamedArrays } from "../program/store.ts";
import { integersAs } from "./integers.ts";
import { type LossKind, LossTotal, pairs } from "./loss-total.ts";

export interface StepResult {
  /** Mean over the batch, as the loss defines it. */
  readonly loss: number;
  /** Global L2 norm of all gradients before clipping. */
  readonly gradientNorm: number;
}

/** A batch: values row by row, or what is on the GPU already. */
export type Examples = HostArray | GPUBuffer;

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
  /** One that has all variables. */
  readonly whole: readonly [kind: ProgramKind, batch: number];
  /** How many examples a GPUBuffer holds, where that is not the full batch. */
  bufferBatch?(kind: ProgramKind): number | undefined;
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

/** Trains and predicts by programs, which it knows nothing else of. */
export class TrainerBase {
  readonly engine: Engine;
  readonly #settings: TrainerSettings;
  readonly #source: ProgramSource;
  readonly #programs = new Map<string, Promise<TrainerPrograms[ProgramKind]>>();
  #learningRate: number;
  #runs = 0;

  constructor(engine: Engine, settings: TrainerSettings, source: ProgramSource) {
    this.engine = engine;
    this.#settings = settings;
    this.#source = source;
    this.#learningRate = settings.learningRate;
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

  /** The training step for the full batch. */
  get program(): Promise<Step> {
    return this.compiled("step", this.#settings.batch);
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
    const program = await this.compiled("step", this.#batchOf("step", x));
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
    checkBatch(program.inputs, batch);
    program.counter = this.#runs++;
    return batch;
  }

  /** The model's output, without dropout and with running statistics. */
  async predict(x: Examples): Promise<Float32Array> {
    const program = await this.compiled("predict", this.#batchOf("predict", x));
    return (await program.run(integersAs(program, { x }) as never, { read: ["output"] })).output as Float32Array;
  }

  /**
   * The loss over batches, without changing anything: a summed loss is added up; a mean is the mean over all examples, each batch
   * weighted by its number of examples, or by what its loss divided by where labels are ignored or classes weighted.
   */
  async evaluate(batches: Iterable<readonly [x: Examples, target: HostArray]>): Promise<number> {
    const total = new LossTotal(this.#settings.loss);
    for (const [x, target] of pairs("evaluate", batches)) {
      const size = this.#batchOf("evaluate", x);
      const program = await this.compiled("evaluate", size);
      total.add(await program.run(integersAs(program, { x, target }) as never, { read: total.reads }), size);
    }
    check(total.batches > 0, "argument", "evaluate: give at least one batch");
    return total.loss;
  }

  /** One pass over batches, training on each. The loss is that of all examples as in `evaluate`, each batch as it was before its step. */
  async epoch(batches: Iterable<readonly [x: Examples, target: HostArray]>): Promise<{ readonly loss: number; readonly steps: number }> {
    const total = new LossTotal(this.#settings.loss);
    for (const [x, target] of pairs("epoch", batches)) {
      const size = this.#batchOf("epoch", x);
      const program = await this.compiled("step", size);
      total.add(await program.run(this.#nextRun(program, x, target) as never, { read: total.reads }), size);
    }
    check(total.batches > 0, "argument", "epoch: give at least one batch");
    return { loss: total.loss, steps: total.batches };
  }

  /** Variables, optimizer state and the number of steps: all that training needs to go on with the same bits. */
  async save(): Promise<NamedArrays> {
    await this.compiled(...this.#source.whole);
    const runs = { dtype: "u32", shape: [1], data: Uint32Array.of(this.#runs) } as const;
    // Not what other models or streams on this engine hold.
    const own = Object.entries(await this.engine.readAll()).filter(([name]) => name.startsWith(`${this.#settings.name}/`));
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
      runs === undefined || (typedArrayName(runs?.data) === "Uint32Array" && runs.data.length === 1),
      "format",
      () => `load: "${RUNS}" must be one u32, the number of steps`,
    );
    await this.engine.writeAll(rest);
    this.#runs = runs?.data[0] ?? this.#runs;
  }

  /** Frees the programs; the variables stay with the engine. */
  async dispose(): Promise<void> {
    for (const program of this.#programs.values()) (await program).dispose();
    this.#programs.clear();
  }

  /** A program, compiled before its first use. */
  compiled<K extends ProgramKind>(kind: K, batch: number): Promise<TrainerPrograms[K]> {
    const name = programName(kind, batch);
    let program = this.#programs.get(name);
    if (!program) {
      program = this.#source.compile(kind, batch) as Promise<TrainerPrograms[ProgramKind]>;
      this.#programs.set(name, program);
      program.catch(() => this.#programs.delete(name));
    }
    return program as Promise<TrainerPrograms[K]>;
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
