import { check } from "../../errors.ts";
import { formatType, type TensorType } from "../../graph/types.ts";
import { drawWords } from "../../random.ts";

/** Which random numbers an op draws. The same seed and stream give the same numbers in the same run of a program. */
export interface StreamOptions {
  /** A u32. */
  seed: number;
  /** A u32, default 0: give calls in one program different ones, so that they do not draw the same numbers. */
  stream?: number;
}

export interface StreamAttributes {
  readonly seed: number;
  readonly stream: number;
}

/** Floating point and integer operations that one drawn element takes. */
export const DRAW_FLOPS = 80;

export function checkStream(op: string, { seed, stream }: StreamAttributes, counter: TensorType | undefined): void {
  const options = { seed, stream };
  for (const name of ["seed", "stream"] as const)
    check(
      Number.isInteger(options[name]) && options[name] >= 0 && options[name] < 2 ** 32,
      "argument",
      () => `${op}: ${name} must be a whole number from 0 to 2^32 - 1, not ${String(options[name])}`,
    );
  check(
    counter?.dtype === "u32" && counter.shape.length === 1 && counter.shape[0] === 1,
    "dtype",
    () => `${op}: the counter must be u32[1] (see runCounter), not ${counter ? formatType(counter) : "undefined"}`,
  );
}

/** Calls `visit` with each element's index and word. */
export function forEachWord(
  { seed, stream }: StreamAttributes,
  run: number,
  count: number,
  visit: (i: number, word: number) => void,
): void {
  for (let block = 0; block * 4 < count; block++) {
    const words = drawWords(seed, stream, run, block);
    for (let j = 0; j < 4 && block * 4 + j < count; j++) visit(block * 4 + j, words[j]);
  }
}
