import {
  conv2dLayer,
  dense,
  flattenLayer,
  type Layer,
  type Model,
  maxPoolLayer,
  reluActivation,
  sequential,
  type Tensor,
} from "../../src/index.ts";

/** Pixels in each row and column of what the network sees. */
export const SIDE = 28;
export const CLASSES = 10;
/** Filters of the first and the second layer, and their height and width. */
export const FILTERS = [8, 16] as const;
export const FILTER_SIZE = 5;
const HIDDEN = 64;

/** What can be looked at within the network, each [B, side, side, filters]. */
export type MapName = "detected1" | "pooled1" | "pooled2";

/**
 * A network that reads digits, after LeCun's of 1998: twice convolution, ReLU and max pooling, then two dense layers.
 * [B, 28, 28, 1] → scores [B, 10]. The convolutions are padded, because strokes end at the border as often as elsewhere.
 * @param see is told of each map whenever the model is applied.
 */
export function digitModel(see: (name: MapName, map: Tensor) => void = () => {}): Model {
  const convolution = (filters: number) => conv2dLayer({ filters, size: FILTER_SIZE, padding: "same", activation: reluActivation });
  const seen = (name: MapName, layer: Layer): Layer => ({
    ...layer,
    apply(x, context) {
      const map = layer.apply(x, context);
      see(name, map);
      return map;
    },
  });
  return sequential(
    seen("detected1", convolution(FILTERS[0])),
    seen("pooled1", maxPoolLayer({ size: 2 })),
    convolution(FILTERS[1]),
    seen("pooled2", maxPoolLayer({ size: 2 })),
    flattenLayer(),
    dense({ units: HIDDEN, activation: reluActivation }),
    dense({ units: CLASSES }),
  );
}

/** For Adam on batches of 64. */
export const LEARNING_RATE = 0.008;
/** After so many steps the learning rate has fallen to its least. */
export const STEPS = 750;
const WARM_UP = 60;
const LEAST = 0.02;

/**
 * The share of the learning rate that a step learns with: it rises at first, since Adam's first steps are as large as the rate whatever
 * the gradient, and then falls along half a cosine, so that the noise of single batches averages out.
 */
export function rateShare(step: number): number {
  const fallen = 0.5 - 0.5 * Math.cos(Math.PI * Math.min(1, step / STEPS));
  return Math.min(1, (step + 1) / WARM_UP) * (1 - (1 - LEAST) * fallen);
}
