import { check, checkOptions, describe } from "../errors.ts";
import type { Tensor } from "../graph/tensor.ts";
import { compile } from "../program/compile.ts";
import { admit, checkEngine, type Engine } from "../program/engine.ts";
import type { Program } from "../program/program.ts";
import { stateName } from "../program/store.ts";
import { explainTarget } from "./explain.ts";
import type { Model } from "./model.ts";
import { createStream, type Stream } from "./stream.ts";
import { TrainerBase, type TrainerSettings } from "./trainer-base.ts";
import { trainerGraphs } from "./trainer-graphs.ts";
import { type TrainerLimits, trainerLimits } from "./trainer-limits.ts";
import { type TrainerOptions, trainerSettings } from "./trainer-options.ts";

type Step = Program<{ x: Tensor; target: Tensor; rate: Tensor }, { loss: Tensor; norm: Tensor; count: Tensor }>;

/** A model with its loss and optimizer on an engine. Made by {@link createTrainer}. */
export class Trainer extends TrainerBase {
  readonly model: Model;
  readonly #options: TrainerOptions;

  constructor(engine: Engine, model: Model, options: TrainerOptions, settings: TrainerSettings, { share, maxPrograms }: TrainerLimits) {
    super(engine, settings, {
      maxPrograms,
      leave: admit(engine, model, share),
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

  /**
   * The model one step of time after another, its recurrent state carried between calls: for generating and for live input. With a `name`
   * the state is part of what `save(engine)` gives, under that name. Dispose a stream that is not needed any more.
   */
  async stream(options: { readonly batch?: number; readonly name?: string } = {}): Promise<Stream> {
    this.assertUsable("stream");
    checkOptions("stream", options, ["batch", "name"]);
    const { batch = 1, name } = options;
    check(
      name === undefined || (typeof name === "string" && name !== ""),
      "argument",
      () => `stream: name must be a string that is not empty, not ${describe(name)}`,
    );
    check(
      Number.isSafeInteger(batch) && batch > 0,
      "argument",
      () => `stream: batch must be a whole number above 0, not ${describe(batch)}`,
    );
    check(this.model.sequence, "argument", "stream: this model has no layer that works along time");
    return createStream(this.engine, this.model, { batch, features: this.#options.input.slice(1), name });
  }
}

/**
 * Compiles the training step of a model.
 * @throws UnrollError `name` when the engine has variables of these names from another model (see the options `name` and `share`);
 *   `shape`, `dtype`, `argument` when model, input, loss and options do not fit.
 */
export async function createTrainer(engine: Engine, model: Model, options: TrainerOptions): Promise<Trainer> {
  checkEngine("createTrainer", engine);
  const settings = trainerSettings("createTrainer", model, options);
  const trainer = new Trainer(engine, model, options, settings, trainerLimits("createTrainer", options));
  return trainer.begin("step", settings.batch);
}
