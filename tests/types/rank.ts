/* What TypeScript knows of indices and classes. Checked by `npm run typecheck`; never run. */
import { argmax, argmin, type F32, gather, input, oneHot, type Tensor, topKAccuracy } from "../../src/index.ts";

const x = input([2, 3, 4]);
const labels = input([2, 3], "i32");

export const chosen: Tensor<"i32", readonly [number, number]> = argmax(x);
export const along: Tensor<"i32", readonly [number, number]> = argmin(x, { axis: 1 });
export const kept: Tensor<"i32", readonly [number, number, number]> = argmax(x, { keepDimensions: true });
export const hot: F32<readonly [number, number, number]> = oneHot(labels, 5);
export const hotElsewhere: F32 = oneHot(labels, 5, { axis: 0 });
export const table = gather(x, argmax(x));
export const accuracy: F32<readonly []> = topKAccuracy(x, labels, 2);
export const each: F32 = topKAccuracy(x, labels, 2, { reduction: "none" });

// @ts-expect-error the rank is one less
export const wrongRank: Tensor<"i32", readonly [number, number, number]> = argmax(x);
// @ts-expect-error indices are integers
export const noIndex = oneHot(x, 5);
