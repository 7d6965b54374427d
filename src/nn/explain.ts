import { input, type Tensor } from "../graph/tensor.ts";
import { formatType } from "../graph/types.ts";
import type { Loss } from "./losses.ts";
import { inputShape, Model } from "./model.ts";

/** What is compared with a target that does not fit, and what was probably forgotten. */
export function explainTarget(
  model: Model,
  { input: example, loss }: { input: readonly number[]; loss: Loss },
  batch: number,
  values: number,
) {
  const outputs: Tensor[] = [];
  // A copy, whose variables are not the model's; each layer also tells what it gave.
  const copy = new Model(
    model.layers.map((layer) => ({
      ...layer,
      apply(x, context) {
        const output = layer.apply(x, context);
        outputs.push(output);
        return output;
      },
    })),
  );
  copy.apply(input(inputShape(model, example, batch), model.inputDType));
  const last = outputs.length - 1;
  const named = (index: number): string => `layer ${index} (${model.layers[index].name})`;
  const output = outputs[last];
  const compared = `: ${loss.name} compares it with the model's output, ${formatType(output)}, of ${named(last)}`;
  // The first layer from which on examples have more axes than the target has values for.
  const rows = output.shape.slice(1, -1).reduce((product, n) => product * n, 1);
  if (values !== batch || rows === 1 || loss.targetType(output).shape.length === output.shape.length) return compared;
  if (model.sequence) return `${compared}. For one value for each sequence, give the last recurrent layer the option lastOnly: true`;
  const from = outputs.findIndex((_, i) => model.layers[i].name === "dense" && outputs.slice(i).every(({ shape }) => shape.length > 2));
  const before = from < 0 ? "" : ` before ${named(from)}${from > 0 ? `, whose input is ${formatType(outputs[from - 1])}` : ""}`;
  return `${compared}. For one value for each example, put flattenLayer()${before}`;
}
