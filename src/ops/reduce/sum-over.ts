export { type SumOverAttributes, sumOver, sumOverOp } from "./spread.ts";
