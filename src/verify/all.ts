import type { OpSamples } from "./sample.ts";
import { convSamples } from "./samples/conv.ts";
import { gatherSamples } from "./samples/gather.ts";
import { lossSamples } from "./samples/loss.ts";
import { matmulSamples } from "./samples/matmul.ts";
import { normSamples } from "./samples/norm.ts";
import { pointwiseSamples } from "./samples/pointwise.ts";
import { poolSamples } from "./samples/pool.ts";
import { randomSamples } from "./samples/random.ts";
import { rankSamples } from "./samples/rank.ts";
import { reduceSamples } from "./samples/reduce.ts";
import { resizeSamples } from "./samples/resize.ts";
import { rnnSamples } from "./samples/rnn.ts";
import { shapeSamples } from "./samples/shape.ts";
import { softmaxSamples } from "./samples/softmax.ts";

/** The samples of every op: the list that the proof goes through. A new op adds its line here. */
export const allSamples: readonly OpSamples[] = [
  ...matmulSamples,
  ...convSamples,
  ...pointwiseSamples,
  ...reduceSamples,
  ...softmaxSamples,
  ...normSamples,
  ...shapeSamples,
  ...gatherSamples,
  ...rankSamples,
  ...randomSamples,
  ...rnnSamples,
  ...lossSamples,
  ...poolSamples,
  ...resizeSamples,
];
