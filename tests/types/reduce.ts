/* What TypeScript knows of the rank of a reduction's result. Checked by `npm run typecheck`; never run. */
import { type F32, input, type ReduceOptions, sum } from "../../src/index.ts";

const x = input([2, 3, 4]);
const axes: number[] = [1];
const options: ReduceOptions = {};

export const scalar: F32<readonly []> = sum(x);
export const stillScalar: F32<readonly []> = sum(x, {});
export const matrix: F32<readonly [number, number]> = sum(x, { axes: [1] });
export const vector: F32<readonly [number]> = sum(x, { axes: [0, -1] });
export const kept: F32<readonly [number, number, number]> = sum(x, { axes: [1], keepDimensions: true });
export const unknown: F32 = sum(x, { axes });
export const unknownToo: F32 = sum(x, options);

// @ts-expect-error one axis of three leaves two
export const wrongRank: F32<readonly [number]> = sum(x, { axes: [1] });
// @ts-expect-error how many axes there are is not known
export const notKnown: F32<readonly []> = sum(x, { axes });
// @ts-expect-error whether there are axes is not known
export const notKnownEither: F32<readonly []> = sum(x, options);
