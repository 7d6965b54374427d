import { type F32, input, type Tensor } from "../graph/tensor.ts";
import type { Update } from "../graph/update.ts";
import { clipNorm } from "../ops/update/clip.ts";
import { gradient } from "../program/gradient.ts";
import type { CompileSpec, Tensors } from "../program/spec.ts";
import { countOf } from "./loss-total.ts";
import { inputShape, type Model } from "./model.ts";
import type { ProgramKind } from "./trainer-base.ts";
import type { TrainerOptions } from "./trainer-options.ts";

/*
 * The graphs that a trainer consists of, as `compile` takes them, for batches of one size each.
 */

export type TrainerGraph = CompileSpec<Tensors, Tensors> & { readonly label: string };

const inputOf = (model: Model, { input: example }: TrainerOptions, batch: number): Tensor =>
  input(inputShape(model, example, batch), model.inputDType);

function stepGraph(model: Model, options: TrainerOptions, batch: number): TrainerGraph {
  const { loss: lossOf, clipNorm: limit, optimizer } = options;
  const x = inputOf(model, options, batch);
  const { output, updates } = model.apply(x, { training: true });
  const { dtype, shape } = lossOf.targetType(output);
  const target = input(shape, dtype);
  const rate = input([]);
  const loss = lossOf.apply(output as F32, target);
  const all = gradient(loss, model.parameters);
  const gradients = limit === undefined ? all : clipNorm(all, limit);
  const update: Update = { kind: "optimize", optimizer: { ...optimizer.optimizer, learningRate: rate }, gradients };
  return {
    inputs: { x, target, rate },
    outputs: { loss, norm: gradients.norm, ...countOf(lossOf, output, target) },
    updates: [update, ...updates],
    label: `training step, batch ${batch}`,
  };
}

function predictGraph(model: Model, options: TrainerOptions, batch: number): TrainerGraph {
  const x = inputOf(model, options, batch);
  const { output } = model.apply(x);
  return { inputs: { x }, outputs: { output }, label: `prediction, batch ${batch}` };
}

function evaluateGraph(model: Model, options: TrainerOptions, batch: number): TrainerGraph {
  const x = inputOf(model, options, batch);
  const { output } = model.apply(x);
  const { dtype, shape } = options.loss.targetType(output);
  const target = input(shape, dtype);
  const loss = options.loss.apply(output as F32, target);
  return {
    inputs: { x, target },
    outputs: { loss, ...countOf(options.loss, output, target) },
    label: `evaluation, batch ${batch}`,
  };
}

export const trainerGraphs = { step: stepGraph, predict: predictGraph, evaluate: evaluateGraph } as const satisfies Record<
  ProgramKind,
  (model: Model, options: TrainerOptions, batch: number) => TrainerGraph
>;
