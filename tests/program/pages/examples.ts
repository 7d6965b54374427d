import { adam, crossEntropy, dense, sequential } from "../../../src/index.ts";
import { exportAndTrain } from "../../examples/export-trainer.ts";
import { recover } from "../../examples/recover.ts";
import { trainCnn } from "../../examples/train-cnn.ts";
import { trainModel } from "../../examples/train-model.ts";
import { trainRnn } from "../../examples/train-rnn.ts";
import { rnnBatch } from "./models.ts";

export function rnnExample() {
  const sizes = { T: 16, B: 8, I: 3, H: 32, O: 2 };
  let seed = 1;
  return trainRnn(sizes.T, sizes.B, sizes.I, sizes.H, sizes.O, () => rnnBatch(sizes, seed++));
}

export function modelExample() {
  const [vocabulary, T, B] = [7, 12, 4];
  // Each sequence counts in steps of its own, so that the next token follows from the two before it.
  const at = (t: number, b: number) => (3 * b + t * (1 + (b % 3))) % vocabulary;
  const tokens = Uint32Array.from({ length: T * B }, (_, i) => at(Math.floor(i / B), i % B));
  const next = Uint32Array.from({ length: T * B }, (_, i) => at(Math.floor(i / B) + 1, i % B));
  return trainModel(vocabulary, T, B, tokens, next);
}

/** Pictures of 28×28 in noise with a bright bar in one of ten rows: which row it is, is the label. */
function bars(B: number) {
  let state = 1;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  let labels = new Int32Array();
  const next = (): readonly [Float32Array, Int32Array] => {
    const images = Float32Array.from({ length: B * 784 }, () => 0.3 * random());
    labels = Int32Array.from({ length: B }, () => Math.floor(10 * random()));
    labels.forEach((label, n) => {
      const left = Math.floor(8 * random());
      for (let row = 0; row < 2; row++) {
        const start = (n * 28 + 4 + 2 * label + row) * 28 + left;
        images.fill(1, start, start + 20);
      }
    });
    return [images, labels];
  };
  /** How many of the last batch have their largest score at the label. */
  const right = (scores: readonly number[]) =>
    labels.slice(0, scores.length / 10).filter((label, n) => {
      const row = scores.slice(10 * n, 10 * n + 10);
      return row.indexOf(Math.max(...row)) === label;
    }).length;
  return { next, right };
}

/** The last batch is predicted. */
export async function cnnExample() {
  const B = 20;
  const { next, right } = bars(B);
  const scores = await trainCnn(B, next);
  return { right: right(scores), count: B, scores: scores.length };
}

/** The first picture of the last batch is predicted. */
export async function exportExample() {
  const { next, right } = bars(20);
  const { scores, bytes } = await exportAndTrain(20, next);
  return { right: right(scores), scores: scores.length, bytes };
}

/** Twice, the second time in a page that finds a finished checkpoint. Nothing else keeps checkpoints under this name. */
export async function recoverExample() {
  const network = () => sequential(dense({ units: 3 }));
  const options = { input: [4], batch: 2, loss: crossEntropy(), optimizer: adam(), seed: 1 };
  const batchOf = (step: number) => [Float32Array.from({ length: 8 }, (_, i) => (i + step) % 5), Int32Array.of(step % 3, 1)] as const;
  const first = await recover(network(), options, batchOf);
  const { steps: again } = await recover(network(), options, batchOf);
  return { ...first, again };
}
