import {
  adam,
  clamp,
  constant,
  conv2d,
  div,
  type F32,
  flatten,
  glorot,
  gradient,
  heNormal,
  input,
  matmul,
  max,
  maximum,
  maxPool2d,
  min,
  reluActivation,
  softmax,
  softmaxCrossEntropy,
  sub,
  variable,
} from "../../../src/index.ts";

/** Pixels in each row and column of what the network sees. */
export const SIDE = 28;
export const CLASSES = 10;
export const FILTERS = [8, 16] as const;
const WIDTH = 5;
/** What is left of the picture after two convolutions and two poolings: (28 − 4) / 2 = 12, (12 − 4) / 2 = 4. */
const LEFT = 4;

/**
 * The network, after LeCun's of 1989: twice convolution, ReLU and max pooling, then a dense layer. Its weights are variables: programs
 * of any batch share them.
 */
export function digitNetwork() {
  const filters1 = variable("filters 1", [WIDTH, WIDTH, 1, FILTERS[0]], heNormal());
  const bias1 = variable("bias 1", [FILTERS[0]]);
  const filters2 = variable("filters 2", [WIDTH, WIDTH, FILTERS[0], FILTERS[1]], heNormal());
  const bias2 = variable("bias 2", [FILTERS[1]]);
  const W = variable("W", [LEFT * LEFT * FILTERS[1], CLASSES], glorot());
  const b = variable("b", [CLASSES]);
  const parameters = [filters1, bias1, filters2, bias2, W, b] as const;

  function layers(x: F32<readonly [number, number, number, number]>) {
    const detected1 = conv2d(x, filters1, { bias: bias1, activation: reluActivation });
    const pooled1 = maxPool2d(detected1, { size: 2 });
    const detected2 = conv2d(pooled1, filters2, { bias: bias2, activation: reluActivation });
    const pooled2 = maxPool2d(detected2, { size: 2 });
    const scores = matmul(flatten(pooled2), W, { bias: b });
    return { detected1, pooled1, detected2, pooled2, scores };
  }

  /** One step of training on `batch` digits. */
  function training(batch: number) {
    const images = input([batch, SIDE, SIDE, 1]);
    const labels = input([batch], "u32");
    const rate = input([]);
    const { scores } = layers(images);
    const loss = softmaxCrossEntropy(scores, labels);
    return {
      inputs: { images, labels, rate },
      outputs: { loss, scores },
      updates: adam({ learningRate: rate })(gradient(loss, parameters)),
      label: `training B=${batch}`,
    };
  }

  /** The scores of `batch` digits. */
  function scoring(batch: number) {
    const images = input([batch, SIDE, SIDE, 1]);
    return { inputs: { images }, outputs: { scores: layers(images).scores }, label: `scoring B=${batch}` };
  }

  /** Everything that the network makes of one picture. A photograph is turned into ink on paper first. */
  function looking(photograph: boolean) {
    const image = input([1, SIDE, SIDE, 1]);
    const seen = photograph ? inkOf(image) : image;
    const { scores, ...maps } = layers(seen);
    return {
      inputs: { image },
      outputs: { seen, ...maps, probabilities: softmax(scores) },
      label: photograph ? "looking at a photograph" : "looking",
    };
  }

  return { filters1, training, scoring, looking, size: parameters.reduce((sum, { size }) => sum + size, 0) };
}

/** The part of the range from the brightest to the darkest pixel that is still paper, and the part from which on all is ink. */
const PAPER = 0.4;
const INK = 0.75;
/** Where brightness differs by less than this in the whole picture, there is no ink on it. */
const LEAST_RANGE = 0.25;

/** Dark lines on a bright ground, however it is lit: 0 for paper, 1 for ink. Takes darkness from 0 to 1. */
function inkOf(darkness: F32<readonly [number, number, number, number]>): F32<readonly [number, number, number, number]> {
  const low = min(darkness);
  const range = maximum(sub(max(darkness), low), constant(LEAST_RANGE, []));
  const share = div(sub(darkness, low), range);
  return clamp(div(sub(share, constant(PAPER, [])), constant(INK - PAPER, [])), { min: 0, max: 1 }) as F32<
    readonly [number, number, number, number]
  >;
}
