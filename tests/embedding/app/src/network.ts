import {
  conv2dLayer,
  crossEntropy,
  dense,
  flattenLayer,
  type Model,
  maxPoolLayer,
  reluActivation,
  sequential,
  sgd,
  type TrainerOptions,
} from "unroll-gpu";

/** A network in the manner of LeNet-5. */
export const network = (): Model =>
  sequential(
    conv2dLayer({ filters: 8, size: 5, activation: reluActivation }),
    maxPoolLayer({ size: 2 }),
    conv2dLayer({ filters: 16, size: 5, activation: reluActivation }),
    maxPoolLayer({ size: 2 }),
    flattenLayer(),
    dense({ units: 10 }),
  );

export const training = (batch: number, name = "lenet"): TrainerOptions => ({
  input: [28, 28, 1],
  batch,
  loss: crossEntropy(),
  optimizer: sgd({ learningRate: 0.1 }),
  seed: 1,
  name,
});
