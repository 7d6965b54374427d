export { resize2dGradientOp } from "./resize.ts";
