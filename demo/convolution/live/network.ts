import {
  adam,
  clamp,
  constant,
  div,
  type F32,
  gradient,
  input,
  max,
  maximum,
  min,
  softmax,
  softmaxCrossEntropy,
  sub,
  type Tensor,
} from "../../../src/index.ts";
import { digitModel, type MapName, SIDE } from "../../digits/index.ts";

type Images = F32<readonly [number, number, number, number]>;

/** The network's graphs: programs of any batch share its weights. `seed` decides on what they start from. */
export function digitNetwork(seed: number) {
  const maps: Partial<Record<MapName, Tensor>> = {};
  const model = digitModel((name, map) => {
    maps[name] = map;
  }).seed(seed, "digits");
  const layers = (x: Images, training = false) => model.apply(x, { training }).output as F32<readonly [number, number]>;
  layers(input([1, SIDE, SIDE, 1])); // makes the variables
  const [filters1] = model.variables;

  /** One step of training on `batch` digits. */
  function training(batch: number) {
    const images = input([batch, SIDE, SIDE, 1]);
    const labels = input([batch], "u32");
    const rate = input([]);
    const scores = layers(images, true);
    const loss = softmaxCrossEntropy(scores, labels);
    return {
      inputs: { images, labels, rate },
      outputs: { loss, scores },
      updates: adam({ learningRate: rate })(gradient(loss, model.variables)),
      label: `training B=${batch}`,
    };
  }

  /** The scores of `batch` digits. */
  function scoring(batch: number) {
    const images = input([batch, SIDE, SIDE, 1]);
    return { inputs: { images }, outputs: { scores: layers(images) }, label: `scoring B=${batch}` };
  }

  /** Everything that the network makes of one picture. A photograph is turned into ink on paper first. */
  function looking(photograph: boolean) {
    const image = input([1, SIDE, SIDE, 1]);
    const seen = photograph ? inkOf(image) : image;
    const probabilities = softmax(layers(seen));
    return {
      inputs: { image },
      outputs: { seen, ...(maps as Record<MapName, Images>), probabilities },
      label: photograph ? "looking at a photograph" : "looking",
    };
  }

  return { filters1, training, scoring, looking, size: model.variables.reduce((sum, { size }) => sum + size, 0) };
}

/** The part of the range from the brightest to the darkest pixel that is still paper, and the part from which on all is ink. */
const PAPER = 0.4;
const INK = 0.75;
/** Where brightness differs by less than this in the whole picture, there is no ink on it. */
const LEAST_RANGE = 0.25;

/** Dark lines on a bright ground, however it is lit: 0 for paper, 1 for ink. Takes darkness from 0 to 1. */
function inkOf(darkness: Images): Images {
  const low = min(darkness);
  const range = maximum(sub(max(darkness), low), constant(LEAST_RANGE, []));
  const share = div(sub(darkness, low), range);
  return clamp(div(sub(share, constant(PAPER, [])), constant(INK - PAPER, [])), { min: 0, max: 1 }) as Images;
}
