import { check, checkOptions, describe, describeMeant } from "../errors.ts";
import type { Shape } from "../graph/types.ts";
import type { OptimizerRule } from "../ops/update/rule.ts";
import type { Layer } from "./layer.ts";
import { lossKind } from "./loss-total.ts";
import type { Loss } from "./losses.ts";
import { Model } from "./model.ts";
import type { TrainerSettings } from "./trainer-base.ts";

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
  /** First part of the variables' names. Default "model". Two models on one engine need different names; see `share`. */
  readonly name?: string;
  /**
   * Train the variables that the engine has by these names already, though another model made them: both are one network then. Default
   * false: a name that is taken is an error. Trainers of one model share it always.
   */
  readonly share?: boolean;
  /**
   * How many compiled programs the trainer keeps besides the training step for the full batch: one for each call (`step`, `predict`,
   * `evaluate`) and size of batch. When there are more, the one that was not used for longest is disposed, and compiled again when it is
   * needed. Default 16.
   */
  readonly maxPrograms?: number;
}

const MODEL = "model";

/** Ops that compare, and factories that were not called. */
const LOSSES_MEANT: Readonly<Record<string, string>> = {
  crossEntropy: "crossEntropy()",
  softmaxCrossEntropy: "crossEntropy()",
  nllLoss: "crossEntropy(), which takes logits",
  squaredError: "squaredError()",
  meanSquaredError: "squaredError()",
  squaredErrors: "squaredError()",
  sumSquaredError: 'squaredError({ reduction: "sum" })',
};

const OPTIMIZERS_MEANT: Readonly<Record<string, string>> = {
  adam: "adam()",
  sgd: "sgd({ learningRate: 0.01 })",
  rmsprop: "rmsprop()",
};

function describeModel(model: unknown): string {
  if (Array.isArray(model)) return "an array; give sequential(...layers)";
  const layer = model as Partial<Layer> | undefined;
  return typeof layer?.apply === "function" && typeof layer.name === "string"
    ? `the layer ${layer.name} alone; give sequential(layer)`
    : describe(model);
}

/** Checks what a trainer is made of, seeds the model, and gives what the trainer itself needs to know. */
export function trainerSettings(call: string, model: Model, options: TrainerOptions, further: readonly string[] = []): TrainerSettings {
  check(model instanceof Model, "argument", () => `${call}: the model must be made by sequential(…), not ${describeModel(model)}`);
  checkOptions(call, options, ["input", "batch", "loss", "optimizer", "clipNorm", "seed", "name", "share", "maxPrograms", ...further]);
  const { input: example, batch, seed = 0, name = MODEL, loss, optimizer } = options;
  check(
    Array.isArray(example) && example.length > 0 && example.every((n) => Number.isInteger(n) && n > 0),
    "shape",
    () =>
      `${call}: input must be the sizes of one example, such as [T] or [T, features], not ${Array.isArray(example) ? `[${example.map(describe)}]` : describe(example)}`,
  );
  check(Number.isSafeInteger(batch) && batch > 0, "argument", () => `${call}: batch must be a whole number above 0, not ${String(batch)}`);
  check(
    Number.isFinite(seed) && typeof name === "string",
    "argument",
    () => `${call}: seed must be a number and name a string, not ${describe(seed)} and ${describe(name)}`,
  );
  check(
    typeof loss?.targetType === "function" && typeof loss.apply === "function",
    "argument",
    () => `${call}: loss must be a loss such as crossEntropy() or squaredError(), not ${describeMeant(loss, LOSSES_MEANT)}`,
  );
  check(
    typeof optimizer?.optimizer?.kernel === "function",
    "argument",
    () => `${call}: optimizer must be one such as adam() or sgd({ learningRate }), not ${describeMeant(optimizer, OPTIMIZERS_MEANT)}`,
  );
  const { learningRate } = optimizer.optimizer;
  check(
    typeof learningRate === "number",
    "argument",
    () => `${call}: give the optimizer a number as learningRate; the trainer's own learningRate changes it between steps`,
  );
  model.seed(seed, name);
  return { input: example, batch, name, learningRate, loss: lossKind(loss) };
}
