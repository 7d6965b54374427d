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
