import type { Activation } from "../../graph/op.ts";
import { activationError, sumError } from "../matmul/error.ts";
import { type Geometry, groupIn, groupOut } from "./problem.ts";
import { addBias, convolve, type Operands } from "./reference.ts";

/** Half the distance from 1 to the next f32. */
const U = 2 ** -24;

/** The most terms that an element of each tensor is a sum of. */
export function termsOf(g: Geometry, into: keyof Operands): number {
  const taps = g.window.size[0] * g.window.size[1];
  if (into === "filter") return g.batch * g.output[0] * g.output[1];
  return into === "y" ? taps * groupIn(g) : Math.ceil(taps / (g.window.stride[0] * g.window.stride[1])) * groupOut(g);
}

/** The sums as they are before the activation: with `bias` added. */
export function sums(g: Geometry, into: keyof Operands, operands: Operands, size: number, bias: Float64Array | undefined): Float64Array {
  const out = new Float64Array(size);
  convolve(g, into, { ...operands, [into]: out });
  addBias(out, bias);
  return out;
}

/** For each element: the bound of a sum of that many terms (as for matmul), one rounding for the bias, and what f makes of both. */
export function convError(
  g: Geometry,
  into: keyof Operands,
  operands: Operands,
  bias: Float64Array | undefined,
  f: Activation | undefined,
  output: Float64Array,
): Float64Array {
  const empty = new Float64Array(0);
  const absolute = (x: Float64Array) => (x === operands[into] ? empty : x.map(Math.abs));
  const magnitudes = { x: absolute(operands.x), filter: absolute(operands.filter), y: absolute(operands.y) };
  const bound = sums(g, into, magnitudes, output.length, undefined);
  const z = f ? sums(g, into, operands, output.length, bias) : output;
  const terms = termsOf(g, into);
  for (let i = 0; i < bound.length; i++) {
    const error = sumError(terms, bound[i]) + (bias ? U * Math.abs(z[i]) : 0);
    bound[i] = f ? activationError(f, z[i], output[i], error) : error;
  }
  return bound;
}
