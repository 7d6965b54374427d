export { leakyRelu, leakyReluOp, relu, reluOp, sigmoid, sigmoidOp, tanh, tanhOp } from "./activations.ts";
export { affine, affineOp, neg, negOp } from "./affine.ts";
export { add, addOp, div, divOp, mul, mulOp, sub, subOp } from "./arithmetic.ts";
export { abs, absOp, exp, expm1, expm1Op, expOp, log, logOp, pow, powOp, sqrt, sqrtOp, square, squareOp } from "./math.ts";
export { clamp, clampOp, maximum, maximumOp, minimum, minimumOp, select, selectOp, step, stepOp } from "./select.ts";
