import type { Activation } from "../../graph/op.ts";
import type { Shape } from "../../graph/types.ts";
import { type Pair, type Window, windowCounts } from "../window.ts";

export interface ConvAttributes {
  readonly window: Window;
  readonly groups: number;
  readonly activation?: Activation;
}

export interface InputGradientAttributes extends ConvAttributes {
  /** Height and width of the input: with a stride, several sizes give the same output. */
  readonly size: Pair;
}

/** The sizes of a convolution, whichever of its three tensors is computed. */
export interface Geometry {
  readonly batch: number;
  /** Of x [N, H, W, C_in]. */
  readonly input: Pair;
  readonly inChannels: number;
  /** Of y [N, OH, OW, C_out]. */
  readonly output: Pair;
  readonly outChannels: number;
  readonly window: Window;
  readonly groups: number;
}

/** Channels of one group. */
export const groupIn = (g: Geometry): number => g.inChannels / g.groups;
export const groupOut = (g: Geometry): number => g.outChannels / g.groups;

/** [KH, KW, C_in/groups, C_out]. */
export const filterShape = (g: Geometry): Shape => [...g.window.size, groupIn(g), g.outChannels];

export function forwardGeometry(x: Shape, filter: Shape, { window, groups }: ConvAttributes): Geometry {
  const input: Pair = [x[1], x[2]];
  const output = windowCounts("conv2d", input, window);
  return { batch: x[0], input, inChannels: x[3], output, outChannels: filter[3], window, groups };
}

export function inputGradientGeometry(gradient: Shape, filter: Shape, { window, groups, size }: InputGradientAttributes): Geometry {
  return {
    batch: gradient[0],
    input: size,
    inChannels: filter[2] * groups,
    output: [gradient[1], gradient[2]],
    outChannels: gradient[3],
    window,
    groups,
  };
}

export function filterGradientGeometry(x: Shape, gradient: Shape, { window, groups }: ConvAttributes): Geometry {
  return {
    batch: x[0],
    input: [x[1], x[2]],
    inChannels: x[3],
    output: [gradient[1], gradient[2]],
    outChannels: gradient[3],
    window,
    groups,
  };
}

/** Multiply-adds, those with padding included. */
export const multiplyAdds = (g: Geometry): number =>
  g.batch * g.output[0] * g.output[1] * g.window.size[0] * g.window.size[1] * groupIn(g) * g.outChannels;

/** Whether it is the product of a matrix [N·H·W, C_in] with the filter. */
export const isProduct = ({ window: { size, stride, padding }, groups }: Geometry): boolean =>
  groups === 1 && [...size, ...stride].every((n) => n === 1) && padding.flat().every((n) => n === 0);

/** The three tensors of a convolution. Two are read, the third is added to. */
export interface Operands {
  readonly x: Float64Array;
  readonly filter: Float64Array;
  readonly y: Float64Array;
}
