export type { ReduceAttributes } from "./define.ts";
export type { ReduceOptions } from "./public.ts";
export { spread, spreadOp } from "./spread.ts";
export { sumTo, sumToOp } from "./sum-to.ts";
export { mean, meanOp, normL1, normL1Op, normL2, normL2Op, sum, sumOfSquares, sumOfSquaresOp, sumOp } from "./sums.ts";
