import { check, checkOptions, describe } from "../errors.ts";
import { fills, initializer, normals, orthogonals, ranges, withins } from "../graph/draw.ts";
import { beyondF32, isFiniteF32 } from "../graph/f32.ts";
import type { Initializer } from "../graph/tensor.ts";
import { formatShape, type Shape, sizeOf } from "../graph/types.ts";

/** All zeros: biases. */
export const zeros = (): Initializer => fill(0);

/** All ones: scales. */
export const ones = (): Initializer => fill(1);

/** All `value`. */
export const fill = (value: number): Initializer => {
  check(isFiniteF32(value), "argument", () => `fill: the value must be a finite number, not ${describe(value)}${beyondF32(value)}`);
  return initializer(fills, () => [value]);
};

/** Uniform in [min, max). */
export function uniform(options: { min?: number; max?: number } = {}): Initializer {
  checkOptions("uniform", options, ["min", "max"]);
  const { min = -1, max = 1 } = options;
  check(isFiniteF32(min) && isFiniteF32(max) && min <= max, "argument", () => `uniform: min ${min} and max ${max} are no range`);
  return initializer(ranges, () => [min, max]);
}

/** Normal with this mean and standard deviation. */
export function normal(options: { mean?: number; std?: number } = {}): Initializer {
  checkOptions("normal", options, ["mean", "std"]);
  const { mean = 0, std = 1 } = options;
  check(isFiniteF32(mean), "argument", () => `normal: the mean is ${mean}`);
  check(isFiniteF32(std) && std >= 0, "argument", () => `normal: std must be at least 0, not ${std}`);
  return initializer(normals, () => [mean, std]);
}

/** `gain` multiplies the values: 1 for linear, sigmoid and (by Glorot and Bengio) tanh layers; PyTorch advises 5/3 for tanh. */
export interface GainOptions {
  gain?: number;
}

/**
 * Uniform in ±gain·√(6 / (fan in + fan out)): keeps the variance of activations and gradients through layers. Shapes [in, out] or
 * [KH, KW, C_in, C_out]. Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks", 2010.
 */
export function glorot(options: GainOptions = {}): Initializer {
  const gain = gainOf("glorot", options, 1);
  return initializer(withins, (shape) => {
    const { fanIn, fanOut } = fans("glorot", shape);
    return [gain * Math.sqrt(6 / (fanIn + fanOut))];
  });
}

/** Normal with variance gain²·2 / (fan in + fan out); see {@link glorot}. */
export function glorotNormal(options: GainOptions = {}): Initializer {
  const gain = gainOf("glorotNormal", options, 1);
  return initializer(normals, (shape) => {
    const { fanIn, fanOut } = fans("glorotNormal", shape);
    return [0, gain * Math.sqrt(2 / (fanIn + fanOut))];
  });
}

/**
 * Uniform in ±gain·√(3 / fan in), with gain √2 by default: keeps the variance through layers of rectified units. Shapes as in
 * {@link glorot}. He, Zhang, Ren and Sun, "Delving deep into rectifiers", 2015.
 */
export function he(options: GainOptions = {}): Initializer {
  const gain = gainOf("he", options, Math.SQRT2);
  return initializer(withins, (shape) => [gain * Math.sqrt(3 / fans("he", shape).fanIn)]);
}

/** Normal with variance gain² / fan in, with gain √2 by default; see {@link he}. */
export function heNormal(options: GainOptions = {}): Initializer {
  const gain = gainOf("heNormal", options, Math.SQRT2);
  return initializer(normals, (shape) => [0, gain / Math.sqrt(fans("heNormal", shape).fanIn)]);
}

/**
 * PyTorch's default for linear, convolutional and recurrent layers: uniform in ±1/√fan. `fan` is the fan in of the shape by
 * default; biases have none and need it; all weights and biases of PyTorch's RNN, LSTM and GRU take `fan: H`.
 */
export function torchUniform(options: { fan?: number } = {}): Initializer {
  checkOptions("torchUniform", options, ["fan"]);
  const { fan } = options;
  check(fan === undefined || (Number.isFinite(fan) && fan > 0), "argument", () => `torchUniform: fan must be more than 0, not ${fan}`);
  return initializer(withins, (shape) => [1 / Math.sqrt(fan ?? fans("torchUniform", shape).fanIn)]);
}

/**
 * A random (semi-)orthogonal matrix times `gain`: all axes but the last are taken as rows, the last as columns, and the shorter
 * of the two families is orthonormal. For recurrent weights: all singular values are `gain`. Q of the QR factorisation (with a
 * positive diagonal of R) of a normal matrix, in f64: uniform over all such matrices. Saxe, McClelland and Ganguli, "Exact
 * solutions to the nonlinear dynamics of learning in deep linear neural networks", 2014. Takes O(rows · cols · min) time.
 */
export function orthogonal(options: GainOptions = {}): Initializer {
  const gain = gainOf("orthogonal", options, 1);
  return initializer(orthogonals, (shape) => {
    check(shape.length >= 2, "shape", () => `orthogonal: needs at least 2 dimensions, not ${formatShape(shape)}`);
    return [gain];
  });
}

function gainOf(name: string, options: GainOptions, otherwise: number): number {
  checkOptions(name, options, ["gain"]);
  const { gain } = options;
  check(gain === undefined || isFiniteF32(gain), "argument", () => `${name}: gain must be a number, not ${gain}`);
  return gain ?? otherwise;
}

/** How many inputs each output sees and how many outputs each input reaches, for [in, out] and filters [KH, KW, C_in, C_out]. */
function fans(name: string, shape: Shape): { fanIn: number; fanOut: number } {
  check(
    shape.length >= 2 && sizeOf(shape) > 0,
    "shape",
    () => `${name}: ${formatShape(shape)} has no fan in; expected [in, out] or [KH, KW, C_in, C_out] (use zeros() for a bias)`,
  );
  const inputs = shape[shape.length - 2];
  const outputs = shape[shape.length - 1];
  const receptive = sizeOf(shape) / (inputs * outputs);
  return { fanIn: receptive * inputs, fanOut: receptive * outputs };
}
