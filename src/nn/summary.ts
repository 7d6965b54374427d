import { check, checkOptions, describe } from "../errors.ts";
import { input, Tensor, type Variable } from "../graph/tensor.ts";
import { formatType, type Shape } from "../graph/types.ts";
import { nodesOf } from "../program/order.ts";
import type { Layer } from "./layer.ts";
import { inputShape, Model } from "./model.ts";

export interface SummaryOptions {
  /** Sizes of one example, without the batch, as for `createTrainer`. */
  readonly input: Shape;
  /** Default 1. */
  readonly batch?: number;
}

export interface LayerSummary {
  /** Name in the variables' paths: "0.conv2d". */
  readonly name: string;
  /** Of the layer's output, with the batch. */
  readonly output: Shape;
  /** Elements of the variables that training changes by their gradients. */
  readonly parameters: number;
  /** Elements of its other variables: running statistics. */
  readonly statistics: number;
  /** Of a forward pass over the batch; additions and multiplications count one each. */
  readonly flops: number;
}

export interface ModelSummary {
  readonly layers: readonly LayerSummary[];
  readonly parameters: number;
  readonly statistics: number;
  readonly flops: number;
}

/**
 * The layers of a model with shapes, numbers of parameters and FLOPs of a forward pass. Nothing is compiled, and the model stays as it
 * was. `formatSummary` makes a table of it.
 * @throws UnrollError as the layers do, when they do not fit the input or each other.
 */
export function summary(model: Model, options: SummaryOptions): ModelSummary {
  check(model instanceof Model, "argument", () => `summary: the model must be one that sequential(…) makes, not ${describe(model)}`);
  checkOptions("summary", options, ["input", "batch"]);
  const { input: example, batch = 1 } = options;
  check(
    Array.isArray(example) && example.length > 0,
    "argument",
    () => `summary: input must be the shape of one example, not ${describe(example)}`,
  );
  check(Number.isSafeInteger(batch) && batch > 0, "argument", () => `summary: batch must be a whole number above 0, not ${String(batch)}`);
  const outputs: Tensor[] = [];
  // A copy, whose variables are not the model's; each layer also tells what it gave.
  const copy = new Model(model.layers.map((layer) => watched(layer, outputs)));
  copy.apply(input(inputShape(model, example, batch), model.inputDType));
  const layers = model.layers.map(({ name: own }, index): LayerSummary => {
    const name = `${index}.${own}`;
    const elements = (variables: readonly Variable[]) =>
      variables.filter((v) => v.name.startsWith(`model/${name}/`)).reduce((n, { size }) => n + size, 0);
    const parameters = elements(copy.parameters);
    return {
      name,
      output: outputs[index].shape,
      parameters,
      statistics: elements(copy.variables) - parameters,
      flops: nodesOf([outputs[index]]).reduce((flops, node) => flops + node.op.cost(node).flops, 0),
    };
  });
  const total = (key: "parameters" | "statistics" | "flops") => layers.reduce((sum, layer) => sum + layer[key], 0);
  return { layers, parameters: total("parameters"), statistics: total("statistics"), flops: total("flops") };
}

const watched = (layer: Layer, outputs: Tensor[]): Layer => ({
  ...layer,
  apply(x, context) {
    // On an input of its own: what a layer moves out of the one before, such as pooling an activation, would count there again.
    const output = layer.apply(input(x.shape, x.dtype), context);
    check(output instanceof Tensor, "argument", () => `summary: layer "${layer.name}" gave ${describe(output)}, not a tensor`);
    outputs.push(output);
    return output;
  },
});

/** A summary as a table for a terminal. */
export function formatSummary(given: ModelSummary): string {
  const whole = Array.isArray(given?.layers) && typeof given.parameters === "number" && typeof given.flops === "number";
  check(
    whole && [...given.layers].every((layer) => Array.isArray(layer?.output)),
    "argument",
    () => `formatSummary: give what summary(model, …) returns, not ${describe(given)}`,
  );
  const row = (name: string, output: string, parameters: number, flops: number) => [
    name,
    output,
    parameters.toLocaleString("en"),
    (flops / 1e6).toFixed(3),
  ];
  const table = [
    ["layer", "output", "parameters", "MFLOP"],
    ...given.layers.map((layer) =>
      row(layer.name, formatType({ dtype: "f32", shape: layer.output }), Number(layer.parameters), Number(layer.flops)),
    ),
    row("total", "", given.parameters, given.flops),
    ...(given.statistics > 0 ? [["statistics", "", given.statistics.toLocaleString("en"), ""]] : []),
  ];
  const widths = table[0].map((_, column) => Math.max(...table.map((cells) => cells[column].length)));
  return table
    .map((cells) =>
      cells
        .map((cell, column) => (column < 2 ? cell.padEnd(widths[column]) : cell.padStart(widths[column])))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
