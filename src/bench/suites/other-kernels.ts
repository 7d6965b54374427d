import { type F32, input, type Tensor, variable } from "../../graph/tensor.ts";
import { convTranspose2d } from "../../ops/conv/conv-transpose.ts";
import { gather } from "../../ops/gather/gather.ts";
import { oneHot } from "../../ops/gather/one-hot.ts";
import { softmaxCrossEntropy } from "../../ops/loss/classification.ts";
import { meanSquaredError } from "../../ops/loss/squared-error.ts";
import { batchNormTrain } from "../../ops/norm/batch-norm.ts";
import { layerNorm } from "../../ops/norm/layer-norm.ts";
import { add } from "../../ops/pointwise/arithmetic.ts";
import { tanh } from "../../ops/pointwise/index.ts";
import { lpPool2d } from "../../ops/pool/public.ts";
import { randomNormal } from "../../ops/random/draw.ts";
import { dropout } from "../../ops/random/dropout.ts";
import { argmax } from "../../ops/rank/argmax.ts";
import { topKAccuracy } from "../../ops/rank/top-k.ts";
import { max } from "../../ops/reduce/index.ts";
import { sum } from "../../ops/reduce/sums.ts";
import { resize2d } from "../../ops/resize/resize.ts";
import { concat } from "../../ops/shape/concat.ts";
import { pad } from "../../ops/shape/pad.ts";
import { slice } from "../../ops/shape/slice.ts";
import { transpose } from "../../ops/shape/transpose.ts";
import { softmax } from "../../ops/softmax/index.ts";
import { gradient } from "../../program/gradient.ts";
import type { OpCase } from "../node-subject.ts";
import { casesOf, withGradients } from "./cases.ts";

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
    ...rowwise(rows, size),
    ...moving(a, b, size),
    ...images(),
  ];
}

function rowwise(rows: number, size: string): OpCase[] {
  const x = variable("x", [rows, COLUMNS], () => []);
  const labels = input([rows], "i32");
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
    ...casesOf(`layer norm ${size}`, withGradients(layerNorm(x), [x]), { layerNorm: "", layerNormGradient: "gradient" }),
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
    { name: `transpose ${size}`, tensor: transpose(a) },
    { name: `concat of two ${size}`, tensor: concat([a, b], 1) },
    { name: `slice of half of ${size}`, tensor: slice(a, [7, 0], half) },
    {
      name: `pad ${size} by one`,
      tensor: pad(a, [1, 1], [1, 1]),
    },
    ...casesOf("gather 4096 rows of 512×256", withGradients(rows, [table]), { gather: "", gatherGradient: "gradient" }, { 1: chosen }),
    { name: "one-hot 4096 of 256", tensor: oneHot(input([4096], "i32"), COLUMNS) as Tensor, values: { 0: (_, i) => i % COLUMNS } },
    { name: `dropout ${size}`, tensor: dropout(a, { rate: 0.3, seed: 1, stream: 1 } as never), values: { 1: () => 3 } },
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
      { batchNormTrain: "", batchNormGradient: "gradient" },
      { 3: (random) => 0.5 + random.uniform() }, // a variance
    ),
    ...casesOf("resize 8×28×28×64 to 56²", withGradients(resize2d(x, { size: [56, 56] } as never) as F32, [x]), {
      resize2d: "",
      resize2dGradient: "gradient",
    }),
    { name: "L2 pooling 2×2 8×28×28×64", tensor: lpPool2d(x, { size: 2 }) },
    { name: "transposed conv 3×3 64→32 28² N8 stride 2", tensor: convTranspose2d(x, input([3, 3, 32, 64]), { stride: 2 }) },
  ];
}
