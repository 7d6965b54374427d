export { type GatherGradientAttributes, gatherGradient, gatherGradientOp } from "./gather.ts";
