import { check, checkOptions, describe } from "../errors.ts";
import type { Tensor } from "../graph/tensor.ts";
import { compile } from "../program/compile.ts";
import { checkEngine, type Engine } from "../program/engine.ts";
import type { Program } from "../program/program.ts";
import { stateName } from "../program/store.ts";
import { explainTarget } from "./explain.ts";
import type { Model } from "./model.ts";
import { createStream, type Stream } from "./stream.ts";
import { TrainerBase, type TrainerSettings } from "./trainer-base.ts";
import { trainerGraphs } from "./trainer-graphs.ts";
import { type TrainerOptions, trainerSettings } from "./trainer-options.ts";

type Step = Program<{ x: Tensor; target: Tensor; rate: Tensor }, { loss: Tensor; norm: Tensor; count: Tensor }>;

/** A model with its loss and optimizer on an engine. Made by {@link createTrainer}. */
export class Trainer extends TrainerBase {
  readonly model: Model;
  readonly #options: TrainerOptions;

  constructor(engine: Engine, model: Model, options: TrainerOptions, settings: TrainerSettings) {
    super(engine, settings, {
      compile: async (kind, batch) => compile(engine, trainerGraphs[kind](model, options, batch)),
      explain: (batch, values) => explainTarget(model, options, batch, values),
      whole: ["step", settings.batch],
      // known once the graph is made
      get count() {
        const [first] = model.parameters;
        return first && stateName(first.name, options.optimizer.optimizer.name, "step");
      },
    });
    this.model = model;
    this.#options = options;
  }

  /** The compiled training step for the full batch: for `report` and `verify`. */
  override get program(): Promise<Step> {
    return super.program as Promise<Step>;
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
}

/**
 * Compiles the training step of a model.
 * @throws UnrollError `shape`, `dtype`, `argument` when model, input, loss and options do not fit.
 */
export async function createTrainer(engine: Engine, model: Model, options: TrainerOptions): Promise<Trainer> {
  checkEngine("createTrainer", engine);
  const trainer = new Trainer(engine, model, options, trainerSettings("createTrainer", model, options));
  await trainer.program;
  return trainer;
}
