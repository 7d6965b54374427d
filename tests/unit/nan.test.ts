import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { constant, type F32, input, type Tensor } from "../../src/graph/tensor.ts";
import { softmaxCrossEntropy } from "../../src/ops/loss/classification.ts";
import { meanSquaredError } from "../../src/ops/loss/squared-error.ts";
import { layerNorm } from "../../src/ops/norm/layer-norm.ts";
import { leakyRelu, relu, sigmoid, tanh } from "../../src/ops/pointwise/activations.ts";
import { div, mul } from "../../src/ops/pointwise/arithmetic.ts";
import { abs, exp, expm1, log, pow, sqrt, square } from "../../src/ops/pointwise/math.ts";
import { clamp, maximum, minimum, select, step } from "../../src/ops/pointwise/select.ts";
import { lpPool2d, maxPool2d, maxPool2dWithIndices } from "../../src/ops/pool/public.ts";
import { max, min } from "../../src/ops/reduce/extremes.ts";
import { logSum, logSumExp } from "../../src/ops/reduce/logs.ts";
import { prod } from "../../src/ops/reduce/products.ts";
import { normL1, normL2, sum } from "../../src/ops/reduce/sums.ts";
import { reshape } from "../../src/ops/shape/reshape.ts";
import { logSoftmax, softmax } from "../../src/ops/softmax/softmax.ts";
import { evaluate } from "../../src/program/evaluate.ts";
import { gradient } from "../../src/program/gradient.ts";

interface Case {
  readonly op: string;
  readonly inputs: readonly (readonly (number | string)[])[];
  readonly attributes: Readonly<Record<string, number & readonly [number, number]>>;
  readonly weights: readonly number[] | null;
  readonly y: readonly (number | string)[];
  readonly gradients: readonly (readonly (number | string)[])[];
  readonly indices?: readonly number[];
}

const { cases } = JSON.parse(readFileSync(new URL("./fixtures/special-values.json", import.meta.url), "utf8")) as { cases: Case[] };

const image = ({ height, width }: Case["attributes"]) => [1, height, width, 1] as const;
const poolOf = ({ size, stride, padding }: Case["attributes"]) => ({ size, stride, padding });

/** The op of a case, as a graph. */
const OPS: Readonly<Record<string, (x: readonly F32[], attributes: Case["attributes"]) => F32>> = {
  relu: ([x]) => relu(x),
  leakyRelu: ([x], { slope }) => leakyRelu(x, slope),
  clamp: ([x], bounds) => clamp(x, bounds),
  abs: ([x]) => abs(x),
  sqrt: ([x]) => sqrt(x),
  log: ([x]) => log(x),
  exp: ([x]) => exp(x),
  expm1: ([x]) => expm1(x),
  tanh: ([x]) => tanh(x),
  sigmoid: ([x]) => sigmoid(x),
  square: ([x]) => square(x),
  pow: ([x], { exponent }) => pow(x, exponent),
  maximum: ([a, b]) => maximum(a, b),
  minimum: ([a, b]) => minimum(a, b),
  div: ([a, b]) => div(a, b),
  mul: ([a, b]) => mul(a, b),
  max: ([x]) => max(x),
  min: ([x]) => min(x),
  normL1: ([x]) => normL1(x),
  normL2: ([x]) => normL2(x),
  prod: ([x]) => prod(x),
  logSumExp: ([x]) => logSumExp(x),
  logSum: ([x]) => logSum(x),
  softmax: ([x]) => softmax(x),
  logSoftmax: ([x]) => logSoftmax(x),
  layerNorm: ([x]) => layerNorm(reshape(x, [1, 3])),
  lpPool: ([x], { p }) => lpPool2d(reshape(x, [1, 1, x.shape[0], 1]), { size: [1, 2], p }),
  crossEntropy: ([x], { label, smoothing = 0 }) =>
    softmaxCrossEntropy(reshape(x, [1, 3]), constant(label, [1], "i32") as Tensor<"i32">, { labelSmoothing: smoothing }),
  maxPool: ([x], attributes) => maxPool2d(reshape(x, image(attributes)), poolOf(attributes)),
};

/** Equal, NaN to NaN, to some digits of f64; −0 is 0. */
function expectSame(actual: ArrayLike<number>, expected: readonly (number | string)[]): void {
  const wrong = expected.flatMap((value, i) => {
    const right = Number(value);
    const same = Object.is(actual[i] + 0, right + 0) || Math.abs(actual[i] - right) <= 1e-6 * Math.abs(right);
    return same ? [] : [`${i}: ${actual[i]} instead of ${right}`];
  });
  expect(wrong).toEqual([]);
  expect(actual.length).toBe(expected.length);
}

function valuesOf(inputs: Case["inputs"], build: (x: readonly F32[]) => F32, weights?: readonly number[] | null) {
  const x = inputs.map((values) => input([values.length]) as F32);
  const y = build(x);
  const loss = weights ? sum(mul(reshape(y, [weights.length]), constant([...weights], [weights.length]))) : sum(y);
  const feeds = new Map<Tensor, number[]>(x.map((tensor, i) => [tensor, inputs[i].map(Number)]));
  return evaluate([y, ...gradient(loss, x).tensors], feeds);
}

describe("values and gradients at NaN, infinities and singular points are those of PyTorch", () => {
  test.each(cases.map((it) => [`${it.op} ${JSON.stringify(it.attributes)} of ${JSON.stringify(it.inputs)}`, it] as const))(
    "%s",
    (_, it) => {
      const [y, ...gradients] = valuesOf(it.inputs, (x) => OPS[it.op](x, it.attributes), it.weights);
      expectSame(y, it.y);
      gradients.forEach((gradient, i) => {
        expectSame(gradient, it.gradients[i]);
      });
      if (!it.indices) return;
      const x = input([it.inputs[0].length]);
      const { indices } = maxPool2dWithIndices(reshape(x, image(it.attributes)), poolOf(it.attributes));
      expect([...evaluate([indices], new Map([[x, it.inputs[0].map(Number)]]))[0]]).toEqual(it.indices);
    },
  );
});

describe("where PyTorch 1.13 does otherwise", () => {
  const [NAN, INF] = [Number.NaN, Number.POSITIVE_INFINITY];

  test("0 · log 0 is 0 in cross-entropy with probabilities, and its gradient is finite", () => {
    const loss = (x: readonly F32[]) => softmaxCrossEntropy(reshape(x[0], [1, 3]), constant([1, 0, 0], [1, 3]) as F32);
    const [y, dx] = valuesOf([[0, -INF, 1]], loss);
    expectSame(y, [1.3132616875182228]);
    expectSame(dx, [-0.7310585786300049, 0, 0.7310585786300049]);
  });

  test("a row of −∞ gives log Σ exp a gradient of 0", () => {
    expectSame(valuesOf([[-INF, -INF]], ([x]) => logSumExp(x))[1], [0, 0]);
  });

  test("rows with the weight 0 count as nothing, whatever they hold", () => {
    const mask = constant([1, 0], [2]) as F32;
    const [y, dx] = valuesOf([[0, 1, NAN, INF]], ([x]) =>
      softmaxCrossEntropy(reshape(x, [2, 2]), constant([0, 0], [2], "i32") as Tensor<"i32">, { mask }),
    );
    expectSame(y, [1.3132616875182228]);
    expectSame(dx, [-0.7310585786300049, 0.7310585786300049, 0, 0]);
    const [error, dy] = valuesOf([[1, NAN]], ([x]) => meanSquaredError(x, constant(0, [2]), { mask }));
    expectSame(error, [1]);
    expectSame(dy, [2, 0]);
  });

  test("comparisons with NaN are false, and a choice passes the chosen side alone", () => {
    const nan = input([2]);
    const one = constant(1, [2]) as F32;
    const feeds = new Map<Tensor, number[]>([[nan, [NAN, NAN]]]);
    const all = evaluate(
      [step(nan, one), step(one, nan), select(constant([0, 1], [2]), nan, one), select(nan, one, constant(2, [2]))],
      feeds,
    );
    expectSame(all[0], [0, 0]);
    expectSame(all[1], [0, 0]);
    expectSame(all[2], [1, NAN]);
    expectSame(all[3], [1, 1]);
  });
});
