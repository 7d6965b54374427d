export { logSoftmax, logSoftmaxGradientOp, logSoftmaxOp, type SoftmaxOptions, softmax, softmaxGradientOp, softmaxOp } from "./softmax.ts";
