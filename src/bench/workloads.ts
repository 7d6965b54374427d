import { type F32, type Initializer, input, type Tensor, variable } from "../graph/tensor.ts";
import { reluActivation } from "../ops/activation.ts";
import { conv2d } from "../ops/conv/conv2d.ts";
import { softmaxCrossEntropy } from "../ops/loss/classification.ts";
import { meanSquaredError } from "../ops/loss/squared-error.ts";
import { matmul } from "../ops/matmul/matmul.ts";
import { add, mul } from "../ops/pointwise/arithmetic.ts";
import { averagePool2d, maxPool2d } from "../ops/pool/public.ts";
import { sum } from "../ops/reduce/sums.ts";
import { rnn } from "../ops/rnn/rnn.ts";
import { reshape } from "../ops/shape/reshape.ts";
import { clipNorm } from "../ops/update/clip.ts";
import { sgd } from "../ops/update/sgd.ts";
import { gradient } from "../program/gradient.ts";

/** The training step of an RNN that the project measures itself by. */
export const STEP = { T: 128, B: 16, I: 64, H: 128, O: 64 };

/** Uniform, of variance 1 / terms of a sum: states neither vanish nor saturate. The bench knows nothing of layers and their initialisers. */
export const scaled: Initializer = (shape, random) => {
  const size = shape.reduce((product, n) => product * n, 1);
  const bound = Math.sqrt((3 * shape[shape.length - 1]) / size);
  return Float32Array.from({ length: size }, () => (2 * random.uniform() - 1) * bound);
};

export function trainingStep({ T, B, I, H, O } = STEP) {
  const x = input([T, B, I]);
  const target = input([T, B, O]);
  const name = `speed/T${T}`; // steps of other lengths train weights of their own
  const U = variable(`${name}/U`, [I, H], scaled);
  const W = variable(`${name}/W`, [H, H], scaled);
  const b = variable(`${name}/b`, [H]);
  const V = variable(`${name}/V`, [H, O], scaled);
  const c = variable(`${name}/c`, [O]);
  const { sequence } = rnn(x, { U, W, b });
  const loss = meanSquaredError(add(matmul(sequence, V), c) as F32, target);
  const updates = sgd({ learningRate: 0.1 })(clipNorm(gradient(loss, [U, W, b, V, c]), 1));
  return { inputs: { x, target }, outputs: { loss }, updates, label: "RNN step" };
}

/** A training step of a character RNN: tokens of 64 as one-hot vectors, 128 units, 64 steps, 32 sequences, cross-entropy of the next. */
export function characterStep({ T, B, V, H } = { T: 64, B: 32, V: 64, H: 128 }) {
  const tokens = input([T, B], "i32");
  const next = input([T, B], "i32");
  const U = variable("speed/chars/U", [V, H], scaled);
  const W = variable("speed/chars/W", [H, H], scaled);
  const b = variable("speed/chars/b", [H]);
  const O = variable("speed/chars/O", [H, V], scaled);
  const c = variable("speed/chars/c", [V]);
  const { sequence } = rnn(tokens, { U, W, b });
  const loss = softmaxCrossEntropy(matmul(sequence, O, { bias: c }), next);
  const updates = sgd({ learningRate: 0.05 })(clipNorm(gradient(loss, [U, W, b, O, c]), 1));
  return { inputs: { tokens, next }, outputs: { loss }, updates, label: "character RNN step" };
}

/** Of a filter [KH, KW, C, C'] or matrix: uniform, of variance 2 / terms. */
const he: Initializer = (shape, random) => {
  const size = shape.reduce((product, n) => product * n, 1);
  const bound = Math.sqrt((6 * shape[shape.length - 1]) / size);
  return Float32Array.from({ length: size }, () => (2 * random.uniform() - 1) * bound);
};

/** A network in the manner of LeNet-5: conv 5×5×8, pool, conv 5×5×16, pool, dense 10, on 64 images of 28×28. */
function leNet() {
  const x = input([64, 28, 28, 1]);
  const layer = (from: F32<readonly [number, number, number, number]>, name: string, filters: number) => {
    const W = variable(`speed/${name}/W`, [5, 5, from.shape[3], filters], he);
    const b = variable(`speed/${name}/b`, [filters]);
    return { y: maxPool2d(conv2d(from, W, { bias: b, activation: reluActivation }), { size: 2 }), variables: [W, b] };
  };
  const first = layer(x, "conv1", 8);
  const second = layer(first.y, "conv2", 16);
  const [W, b] = [variable("speed/dense/W", [256, 10], he), variable("speed/dense/b", [10])];
  const scores = matmul(reshape(second.y, [64, 256]), W, { bias: b });
  return { x, scores, variables: [...first.variables, ...second.variables, W, b] };
}

export function leNetForward() {
  const { x, scores } = leNet();
  return { inputs: { x }, outputs: { scores }, label: "LeNet forward" };
}

export function leNetStep() {
  const { x, scores, variables } = leNet();
  const labels = input([64], "i32");
  const loss = softmaxCrossEntropy(scores, labels);
  const updates = sgd({ learningRate: 0.05 })(gradient(loss, variables));
  return { inputs: { x, labels }, outputs: { loss }, updates, label: "LeNet step" };
}

const values: Initializer = (shape) => noise(shape.reduce((product, n) => product * n, 1));

/** A convolution with "same" padding and both of its gradients. */
export function convolutions(batch: number, side: number, size: number, channels: number, filters: number) {
  const name = `speed/${[batch, side, size, channels, filters].join("/")}`;
  const x = variable(`${name}/x`, [batch, side, side, channels], values);
  const W = variable(`${name}/W`, [size, size, channels, filters], he);
  const y = conv2d(x, W, { padding: "same" });
  const dy = input(y.shape);
  const [dx, dW] = gradient(sum(mul(y, dy)), [x, W]).tensors;
  return { inputs: { dy }, outputs: { y, dx, dW } };
}

/** 2×2 max and average pooling of 8×56×56×64 and their gradients. */
export function poolings() {
  const x = variable("speed/pool/x", [8, 56, 56, 64], values);
  const [max, average] = [maxPool2d(x, { size: 2 }), averagePool2d(x, { size: 2 })];
  const dy = input(max.shape);
  const of = (y: F32) => gradient(sum(mul(y, dy)), [x]).tensors[0];
  return { inputs: { dy }, outputs: { max, average, ofMax: of(max), ofAverage: of(average) } };
}

/** Values in [-1, 1) without a pattern that a kernel could profit from. */
function noise(size: number, seed = 0): Float32Array {
  let state = 1 + seed;
  return Float32Array.from({ length: size }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

/** A batch of noise; integers are labels of ten classes. */
export const batchOf = (inputs: Readonly<Record<string, Tensor>>, seed = 0) =>
  Object.fromEntries(
    Object.entries(inputs).map(([name, { dtype, size }]) => [
      name,
      dtype === "i32" ? Int32Array.from({ length: size }, (_, i) => (i + seed) % 10) : noise(size, seed),
    ]),
  ) as never;
