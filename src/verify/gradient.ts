import { UnrollError } from "../errors.ts";
import type { GradientContext, Op } from "../graph/op.ts";
import { apply, input, type RandomSource, Tensor } from "../graph/tensor.ts";
import { sizeOf } from "../graph/types.ts";
import { evaluate, evaluateNode, type Feeds } from "../program/evaluate.ts";
import { nodesOf } from "../program/order.ts";
import { randomSource } from "../random.ts";
import { type Prepared, prepareCall, roundTo } from "./prepare.ts";
import type { OpSamples, Sample } from "./sample.ts";

/**
 * The graph of the gradient of Σ weights·op(inputs), with weights drawn at random: for each input its gradient, where the op has one.
 * `weights` stand for dLoss/dOutput.
 */
export interface GradientGraph {
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  readonly weights: readonly (Tensor | undefined)[];
  readonly gradients: readonly (Tensor | undefined)[];
  readonly feeds: Feeds;
  readonly weightValues: readonly Float64Array[];
}

/** Undefined where no input is of type f32, or where the op says that it has no gradient. */
export function gradientGraph<A>(
  { op, onlyFirstOutput }: Pick<OpSamples<A>, "op" | "onlyFirstOutput">,
  sample: Sample<A>,
  values: readonly Float64Array[],
  seed: string,
): GradientGraph | undefined {
  const inputs = sample.inputs.map(({ shape, dtype = "f32" }) => input(shape, dtype));
  const needs = inputs.map((tensor) => tensor.dtype === "f32");
  if (!needs.some(Boolean)) return undefined;
  const outputs = apply(op, inputs, sample.attributes);
  const random = randomSource(0, `${seed} weights`);
  const weightValues = outputs.map((output) => roundTo(output.dtype, drawNormals(sizeOf(output.shape), random)));
  const weights = outputs.map((output, i) => (output.dtype === "f32" && !(onlyFirstOutput && i > 0) ? input(output.shape) : undefined));
  if (!weights.some(Boolean)) return undefined;
  const gradients = gradientOf(op, { inputs, outputs, attributes: sample.attributes, gradients: weights, needs });
  if (!gradients) return undefined;
  const feeds = new Map<Tensor, Float64Array>(inputs.map((tensor, i) => [tensor, values[i]]));
  weights.forEach((weight, i) => {
    if (weight) feeds.set(weight, weightValues[i]);
  });
  return { inputs, outputs, weights, gradients, feeds, weightValues };
}

function gradientOf<A>(op: Op<A>, context: GradientContext<A>): readonly (Tensor | undefined)[] | undefined {
  try {
    return op.gradient(context);
  } catch (error) {
    if (error instanceof UnrollError && error.code === "gradient") return undefined;
    throw error;
  }
}

function drawNormals(length: number, random: RandomSource): Float64Array {
  return Float64Array.from({ length }, () => random.normal());
}

/**
 * Every node that the gradient of a sample's call adds to the graph, as a call of its own with the values that reach it (by the
 * references, rounded to the dtype). With each node right, and the graph right by finite differences, the gradient is right.
 */
export function* gradientCalls<A>(
  samples: Pick<OpSamples<A>, "op" | "onlyFirstOutput">,
  sample: Sample<A>,
  values: readonly Float64Array[],
  seed: string,
): Generator<Prepared> {
  const graph = gradientGraph(samples, sample, values, seed);
  if (!graph) return;
  const known = new Map<Tensor, Float64Array>();
  const valuesFor = (tensor: Tensor): Float64Array => {
    const value = known.get(tensor) ?? roundTo(tensor.dtype, evaluate([tensor], graph.feeds)[0]);
    known.set(tensor, value);
    return value;
  };
  let id = 0;
  for (const node of nodesOf(graph.gradients.filter((tensor) => tensor instanceof Tensor))) {
    const inputs = node.inputs.map(valuesFor);
    evaluateNode(node, inputs).forEach((output, i) => {
      known.set(node.outputs[i], roundTo(node.outputs[i].dtype, output));
    });
    id++;
    if (node.outputs === graph.outputs || node.op.view) continue;
    const call = { inputs: node.inputs, outputs: node.outputs, attributes: node.attributes };
    yield { ...prepareCall(node.op, call, inputs, `${seed} node ${id}`), id };
  }
}

export interface Difference {
  /** Which element of which input. */
  readonly input: number;
  readonly index: number;
  readonly byGradient: number;
  readonly byDifference: number;
  /** |difference| relative to what the rounding and truncation of a central difference allow; at most 1 where it is right. */
  readonly ratio: number;
}

const PER_INPUT = 12;

/**
 * The op's gradient through the references against central finite differences of its reference, all in f64, at up to 12 elements of
 * each input: (f(x + h) − f(x − h)) / 2h with h = 1e-5·max(1, |x|). Returns the worst.
 */
export function finiteDifferences<A>(
  samples: Pick<OpSamples<A>, "op" | "onlyFirstOutput">,
  sample: Sample<A>,
  values: readonly Float64Array[],
  seed: string,
): Difference | undefined {
  const { op } = samples;
  const graph = gradientGraph(samples, sample, values, seed);
  if (!graph) return undefined;
  const call = { inputs: graph.inputs, outputs: graph.outputs, attributes: sample.attributes };
  /** The loss, and the sum of its magnitudes, which its rounding error goes with. */
  const loss = (inputs: readonly Float64Array[]): { value: number; magnitude: number } => {
    const outputs = graph.outputs.map((output) => new Float64Array(output.size));
    op.reference(call, inputs, outputs);
    let value = 0;
    let magnitude = 0;
    outputs.forEach((output, k) => {
      if (!graph.weights[k]) return;
      output.forEach((y, i) => {
        value += y * graph.weightValues[k][i];
        magnitude += Math.abs(y * graph.weightValues[k][i]);
      });
    });
    return { value, magnitude };
  };
  const random = randomSource(0, `${seed} differences`);
  let worst: Difference | undefined;
  graph.gradients.forEach((gradient, k) => {
    if (!gradient) return;
    const [byGradients] = evaluate([gradient], graph.feeds);
    const scale = Math.max(
      1,
      byGradients.reduce((max, g) => Math.max(max, Math.abs(g)), 0),
    );
    for (let n = 0; n < Math.min(PER_INPUT, values[k].length); n++) {
      const index = n === 0 ? 0 : n === 1 ? values[k].length - 1 : Math.floor(random.uniform() * values[k].length);
      const h = 1e-5 * Math.max(1, Math.abs(values[k][index]));
      const at = (x: number) => loss(values.map((array, i) => (i === k ? array.with(index, x) : array)));
      const above = at(values[k][index] + h);
      const below = at(values[k][index] - h);
      const byDifference = (above.value - below.value) / (2 * h);
      const allowed = 1e-7 * scale + (1e-15 * (above.magnitude + below.magnitude)) / h;
      const byGradient = byGradients[index];
      const ratio = byGradient === byDifference ? 0 : Math.abs(byGradient - byDifference) / allowed;
      if (!worst || !(ratio <= worst.ratio)) worst = { input: k, index, byGradient, byDifference, ratio };
    }
  });
  return worst;
}
