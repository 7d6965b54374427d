import { type F32, input, type RandomSource, type Tensor, variable } from "../../graph/tensor.ts";
import { convTranspose2d } from "../../ops/conv/conv-transpose.ts";
import { copy } from "../../ops/copy.ts";
import { gather } from "../../ops/gather/gather.ts";
import { oneHot } from "../../ops/gather/one-hot.ts";
import { softmaxCrossEntropy } from "../../ops/loss/classification.ts";
import { meanSquaredError } from "../../ops/loss/squared-error.ts";
import { batchNormTrain } from "../../ops/norm/batch-norm.ts";
import { batchNormInference } from "../../ops/norm/batch-norm-inference.ts";
import { layerNorm } from "../../ops/norm/layer-norm.ts";
import { runningAverage } from "../../ops/norm/running.ts";
import { add } from "../../ops/pointwise/arithmetic.ts";
import { square, tanh } from "../../ops/pointwise/index.ts";
import { lpPool2d, maxPool2dWithIndices } from "../../ops/pool/public.ts";
import { randomNormal, randomUniform } from "../../ops/random/draw.ts";
import { dropout } from "../../ops/random/dropout.ts";
import { argmax, argmin } from "../../ops/rank/argmax.ts";
import { topKAccuracy } from "../../ops/rank/top-k.ts";
import { logSum, logSumExp, max, mean, min, normL1, normL2, prod, sumOfSquares } from "../../ops/reduce/index.ts";
import { spread } from "../../ops/reduce/spread.ts";
import { sumOver } from "../../ops/reduce/sum-over.ts";
import { sumTo } from "../../ops/reduce/sum-to.ts";
import { sum } from "../../ops/reduce/sums.ts";
import { resize2d } from "../../ops/resize/resize.ts";
import { concat } from "../../ops/shape/concat.ts";
import { pad } from "../../ops/shape/pad.ts";
import { slice } from "../../ops/shape/slice.ts";
import { transpose } from "../../ops/shape/transpose.ts";
import { logSoftmax, softmax } from "../../ops/softmax/index.ts";
import { gradient } from "../../program/gradient.ts";
import type { OpCase } from "../node-subject.ts";
import { casesOf, withGradients } from "./cases.ts";
import { pointwiseCases } from "./pointwise-kernels.ts";

const COLUMNS = 256;

/** What is bound by memory, on matrices of 256 columns: pointwise, sums, softmax, norms, losses, ranks, and what moves data. */
export function otherCases(quick: boolean): OpCase[] {
  const rows = quick ? 2 ** 10 : 2 ** 13;
  const size = `${rows}×${COLUMNS}`;
  const [a, b] = [input([rows, COLUMNS]), input([rows, COLUMNS])];
  const pointwise: OpCase[] = [
    { name: `add ${size}`, tensor: add(a, b) },
    { name: `tanh ${size}`, tensor: tanh(a) },
  ];
  if (quick) return pointwise;
  return [
    ...pointwise,
    { name: `sum of columns ${size}`, tensor: sum(a, { axes: [0] }) },
    { name: `sum of rows ${size}`, tensor: sum(a, { axes: [1] }) },
    { name: `maxima of rows ${size}`, tensor: max(a, { axes: [1] }) },
    ...pointwiseCases(rows),
    ...sums(rows, size),
    ...rowwise(rows, size),
    ...moving(a, b, size),
    ...images(),
  ];
}

/** Reductions of whole rows. */
function sums(rows: number, size: string): OpCase[] {
  const x = input([rows, COLUMNS]);
  const y = variable("x", [rows, COLUMNS], () => []);
  const axes = { axes: [1] };
  const all = { mean, normL1, normL2, sumOfSquares, min, prod, logSumExp };
  const near = { 0: (random: RandomSource) => 1 + 0.01 * random.normal() }; // of which a product of 256 is no infinity
  return [
    ...Object.entries(all).map(([name, reduce]) => ({ name: `${name} of rows ${size}`, tensor: reduce(x, axes) as Tensor, values: near })),
    { name: `logSum of rows ${size}`, tensor: logSum(x, axes), values: near },
    { name: `logSoftmax ${size}`, tensor: logSoftmax(x) },
    // what gradients are made of
    { name: `spread of rows to ${size}`, tensor: spread(input([rows]), [rows, COLUMNS], [1]) },
    { name: `sumOver of rows ${size}`, tensor: sumOver(x, [1], [rows, 1]) },
    { name: `sumTo columns of ${size}`, tensor: sumTo(x, [COLUMNS]) },
    { name: `sumTo rows of ${size}`, tensor: sumTo(x, [rows, 1]) },
    { name: `scaledProduct ${size}`, tensor: gradient(sum(square(y)), [y]).tensors[0] },
    ...casesOf(`logSoftmax ${size}`, withGradients(logSoftmax(x), [x]), { logSoftmaxGradient: "gradient" }),
    { name: `argmin of rows ${size}`, tensor: argmin(x, { axis: 1 }) },
  ];
}

function rowwise(rows: number, size: string): OpCase[] {
  const x = variable("x", [rows, COLUMNS], () => []);
  const labels = input([rows], "i32");
  const [scale, bias] = [variable("scale", [COLUMNS], () => []), variable("bias", [COLUMNS], () => [])];
  const label = { 1: (_: unknown, i: number) => i % COLUMNS };
  const loss = softmaxCrossEntropy(x, labels);
  const square = meanSquaredError(x, input([rows, COLUMNS]));
  return [
    ...casesOf(`softmax ${size}`, withGradients(softmax(x), [x]), { softmax: "", softmaxGradient: "gradient" }),
    ...casesOf(
      `cross-entropy ${size}`,
      [loss, ...gradient(loss, [x]).tensors],
      { crossEntropy: "", crossEntropyGradient: "gradient" },
      label,
    ),
    ...casesOf(`squared error ${size}`, [square, ...gradient(square, [x]).tensors], { squaredError: "", squaredErrorGradient: "gradient" }),
    ...casesOf(`layer norm ${size}`, withGradients(layerNorm(x, { scale, bias }), [x, scale]), {
      layerNorm: "",
      layerNormGradient: "gradient",
      layerNormSums: "sums of the gradient",
    }),
    { name: `argmax of rows ${size}`, tensor: argmax(x, { axis: 1 }) },
    { name: `top-5 accuracy ${size}`, tensor: topKAccuracy(x, labels, 5), values: label },
  ];
}

function moving(a: F32, b: F32, size: string): OpCase[] {
  const table = variable("table", [512, COLUMNS], () => []);
  const chosen = (_: unknown, i: number) => (37 * i) % 512;
  const rows = gather(table, input([4096], "i32")) as F32;
  const half = [a.shape[0] / 2, COLUMNS];
  return [
    { name: `copy ${size}`, tensor: copy(a) },
    { name: `transpose ${size}`, tensor: transpose(a) },
    {
      name: `transpose the first two of 64×${a.shape[0] / 64}×${COLUMNS}`,
      tensor: transpose(input([64, a.shape[0] / 64, COLUMNS]), [1, 0, 2]),
    },
    { name: `concat of two ${size}`, tensor: concat([a, b], 1) },
    { name: `slice of half of ${size}`, tensor: slice(a, [7, 0], half) },
    {
      name: `pad ${size} by one`,
      tensor: pad(a, [1, 1], [1, 1]),
    },
    { name: `pad ${size} by a row`, tensor: pad(a, [1, 0], [1, 0]) },
    ...casesOf("gather 4096 rows of 512×256", withGradients(rows, [table]), { gather: "", gatherGradient: "gradient" }, { 1: chosen }),
    { name: "one-hot 4096 of 256", tensor: oneHot(input([4096], "i32"), COLUMNS) as Tensor, values: { 0: (_, i) => i % COLUMNS } },
    { name: `dropout ${size}`, tensor: dropout(a, { rate: 0.3, seed: 1, stream: 1 } as never), values: { 1: () => 3 } },
    {
      name: `random uniform ${size}`,
      tensor: randomUniform([a.shape[0], COLUMNS], { seed: 1, stream: 2 } as never),
      values: { 0: () => 3 },
    },
    { name: `random normal ${size}`, tensor: randomNormal([a.shape[0], COLUMNS], { seed: 1, stream: 1 } as never), values: { 0: () => 3 } },
  ];
}

function images(): OpCase[] {
  const x = variable("x", [8, 28, 28, 64], () => []);
  const [scale, bias] = [variable("scale", [64], () => []), variable("bias", [64], () => [])];
  return [
    ...casesOf(
      "batch norm 8×28×28×64",
      withGradients(batchNormTrain(x, scale, bias).y as F32, [x]),
      { batchNormTrain: "", batchNormSums: "sums of the gradient", batchNormGradient: "gradient" },
      { 3: (random) => 0.5 + random.uniform() }, // a variance
    ),
    ...casesOf("resize 8×28×28×64 to 56²", withGradients(resize2d(x, { size: [56, 56] } as never) as F32, [x]), {
      resize2d: "",
      resize2dGradient: "gradient",
    }),
    {
      name: "batch norm 8×28×28×64, inference",
      tensor: batchNormInference(x, scale, bias, scale, bias) as Tensor,
      values: { 4: (random) => 0.5 + random.uniform() },
    },
    { name: "runningAverage of 4096", tensor: runningAverage(input([4096]), input([4096]), 0.9) },
    { name: "max pooling 2×2 8×28×28×64 with indices", tensor: maxPool2dWithIndices(x, { size: 2 }).indices, values: { 0: () => 0 } },
    { name: "L2 pooling 2×2 8×28×28×64", tensor: lpPool2d(x, { size: 2 }) },
    { name: "transposed conv 3×3 64→32 28² N8 stride 2", tensor: convTranspose2d(x, input([3, 3, 32, 64]), { stride: 2 }) },
  ];
}
