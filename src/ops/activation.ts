import { sigmoidLibrary, tanhLibrary } from "../../shaders/lib/math.wgsl.ts";
import { isPositive } from "../../shaders/lib/nan.wgsl.ts";
import type { Activation } from "../graph/op.ts";
import { leakyReluGradient, reluGradient, sigmoidGradient, tanhGradient } from "./pointwise/activation-gradients.ts";
import { checkNumber, U } from "./pointwise/define.ts";

/** x. */
export const identityActivation: Activation = {
  name: "identity",
  wgsl: "x",
  reference: (x) => x,
  derivative: () => 1,
  error: () => 0,
  gradientFromOutput: (gradient) => gradient,
};

/** max(0, x), with derivative 0 at 0; NaN for NaN, with derivative 1 there, as in PyTorch. */
export const reluActivation: Activation = {
  name: "relu",
  wgsl: "bitcast<f32>(select(bitcast<u32>(x), 0u, bitcast<u32>(x) - 0x80000001u <= 0x7f7fffffu))", // by bits: see shaders/lib/nan.wgsl.ts
  reference: (x) => Math.max(x, 0),
  derivative: (x) => (x <= 0 ? 0 : 1),
  wgslDerivative: "select(0.0, 1.0, y > 0.0 || (bitcast<u32>(y) & 0x7fffffffu) > 0x7f800000u)",
  error: () => 0,
  gradientFromOutput: reluGradient,
  increasing: true,
};

/** x where x > 0, else slope · x. With a negative slope its gradient needs x, so it is not fused. */
export function leakyReluActivation(slope = 0.01): Activation {
  checkNumber("leakyRelu", "slope", slope);
  const f32 = Math.fround(slope);
  const literal = Number.isInteger(f32) && Math.abs(f32) < 1e6 ? f32.toFixed(1) : f32.toExponential(9);
  return {
    name: "leakyRelu",
    wgsl: `select(x * ${literal}, x, ${isPositive("x")})`,
    reference: (x) => (x > 0 ? x : slope * x),
    derivative: (x) => (x > 0 ? 1 : slope),
    wgslDerivative: slope >= 0 ? `select(${literal}, 1.0, ${isPositive("y")})` : undefined,
    error: (x, y) => (x > 0 ? 0 : 2 * U * Math.abs(y)),
    gradientFromOutput: slope >= 0 ? (gradient, y) => leakyReluGradient(gradient, y, slope) : undefined,
    increasing: slope >= 0,
  };
}

/** tanh x, accurate relative to its value everywhere. */
export const tanhActivation: Activation = {
  name: "tanh",
  wgslLibrary: tanhLibrary,
  wgsl: "accurate_tanh(x)",
  reference: Math.tanh,
  derivative: (_x, y) => 1 - y * y,
  wgslDerivative: "(1.0 - y) * (1.0 + y)",
  error: (_x, y) => 8 * U * Math.abs(y),
  gradientFromOutput: tanhGradient,
  increasing: true,
};

/** 1 / (1 + exp(−x)), accurate relative to its value everywhere. */
export const sigmoidActivation: Activation = {
  name: "sigmoid",
  wgslLibrary: sigmoidLibrary,
  wgsl: "accurate_sigmoid(x)",
  reference: (x) => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x))),
  derivative: (_x, y) => y * (1 - y),
  wgslDerivative: "y * (1.0 - y)",
  // exp(x) is accurate to a few units plus |x| of them, which count as far as y depends on it: by the factor 1 − y.
  error: (x, y) => U * Math.abs(y) * (8 + 4 * Math.min(Math.abs(x), 100) * (1 - y)),
  gradientFromOutput: sigmoidGradient,
  increasing: true,
};
