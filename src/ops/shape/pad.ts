export { type PadAttributes, type PadOptions, pad, padOp } from "./slice.ts";
