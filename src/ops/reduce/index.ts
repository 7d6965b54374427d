export type { ReduceAttributes } from "./define.ts";
export { max, maxOp, min, minOp } from "./extremes.ts";
export { logSum, logSumExp, logSumExpOp, logSumOp } from "./logs.ts";
export { prod, prodOp } from "./products.ts";
export type { ReduceOptions } from "./public.ts";
export { spread, spreadOp } from "./spread.ts";
export { sumTo, sumToOp } from "./sum-to.ts";
export { mean, meanOp, normL1, normL1Op, normL2, normL2Op, sum, sumOfSquares, sumOfSquaresOp, sumOp } from "./sums.ts";
