import type { Operands } from "./problem.ts";
import { type Geometry, groupIn, groupOut } from "./problem.ts";

/** Which of the three tensors is computed. */
export type Into = keyof Operands;

/** Each channel of x on its own. One channel alone is an ordinary convolution. */
export const isDepthwise = (g: Geometry): boolean => g.groups > 1 && groupIn(g) === 1;

export const tapsOf = (g: Geometry): number => g.window.size[0] * g.window.size[1];

/** So many taps stand in registers; above FEW as scalars only, as the code would take long to compile. */
const MOST = 25;
export const FEW = 9;

/** Whether the lines of the target share lines of the source, in a way that a walk down a strip can use. */
export function inStrips(g: Geometry, into: Into): boolean {
  const { stride, dilation, size } = g.window;
  const shared = (axis: 0 | 1): boolean => stride[axis] === 1 || (into !== "x" && stride[axis] === 2 && dilation[axis] === 1);
  return tapsOf(g) <= MOST && size[1] <= FEW && shared(0) && shared(1) && (into !== "x" || groupOut(g) === 1);
}
