import type { Activation } from "../../graph/op.ts";
import { activationError, sumError } from "../matmul/error.ts";
import { termsOf } from "./error.ts";
import { type Geometry, groupIn, groupOut } from "./problem.ts";
import type { Operands } from "./reference.ts";

/** Splits a row-major index. */
function indices(index: number, sizes: readonly number[]): number[] {
  const out: number[] = [];
  for (let i = sizes.length - 1; i >= 0; i--) {
    out.unshift(index % sizes[i]);
    index = Math.floor(index / sizes[i]);
  }
  return out;
}

/** The places in x along one axis that meet tap k: of output o, o·s − p + k·d, or none. */
const meets = (g: Geometry, axis: 0 | 1, o: number, k: number): number | undefined => {
  const { stride, dilation, padding } = g.window;
  const i = o * stride[axis] - padding[axis][0] + k * dilation[axis];
  return i >= 0 && i < g.input[axis] ? i : undefined;
};

/** Calls `add` with the elements of the two given tensors for each term of element `index` of the third. */
function terms(g: Geometry, into: keyof Operands, { x, filter, y }: Operands, index: number, add: (a: number, b: number) => void): void {
  const [h, w] = g.input;
  const [oh, ow] = g.output;
  const [kh, kw] = g.window.size;
  const [ci, co] = [groupIn(g), groupOut(g)];
  const atX = (n: number, iy: number, ix: number, c: number) => x[((n * h + iy) * w + ix) * g.inChannels + c];
  const atY = (n: number, oy: number, ox: number, c: number) => y[((n * oh + oy) * ow + ox) * g.outChannels + c];
  const atF = (ky: number, kx: number, i: number, c: number) => filter[((ky * kw + kx) * ci + i) * g.outChannels + c];
  if (into === "filter") {
    const [ky, kx, i, c] = indices(index, [kh, kw, ci, g.outChannels]);
    const channel = Math.floor(c / co) * ci + i;
    for (let n = 0; n < g.batch; n++)
      for (let oy = 0; oy < oh; oy++) {
        const iy = meets(g, 0, oy, ky);
        if (iy === undefined) continue;
        for (let ox = 0; ox < ow; ox++) {
          const ix = meets(g, 1, ox, kx);
          if (ix !== undefined) add(atX(n, iy, ix, channel), atY(n, oy, ox, c));
        }
      }
    return;
  }
  const [n, py, px, c] = indices(index, into === "y" ? [g.batch, oh, ow, g.outChannels] : [g.batch, h, w, g.inChannels]);
  const { stride, dilation, padding } = g.window;
  for (let ky = 0; ky < kh; ky++)
    for (let kx = 0; kx < kw; kx++) {
      if (into === "y") {
        const [iy, ix] = [meets(g, 0, py, ky), meets(g, 1, px, kx)];
        if (iy === undefined || ix === undefined) continue;
        for (let i = 0; i < ci; i++) add(atX(n, iy, ix, Math.floor(c / co) * ci + i), atF(ky, kx, i, c));
      } else {
        const oy = (py + padding[0][0] - ky * dilation[0]) / stride[0];
        const ox = (px + padding[1][0] - kx * dilation[1]) / stride[1];
        if (!Number.isInteger(oy) || !Number.isInteger(ox) || oy < 0 || ox < 0 || oy >= oh || ox >= ow) continue;
        const first = Math.floor(c / ci) * co;
        for (let o = 0; o < co; o++) add(atY(n, oy, ox, first + o), atF(ky, kx, c % ci, first + o));
      }
    }
}

/** Element `index` of the tensor named by `into` with its bound: for calls too large to be computed whole. */
export function convSpot(
  g: Geometry,
  into: keyof Operands,
  operands: Operands,
  bias: Float64Array | undefined,
  f: Activation | undefined,
  index: number,
): { readonly value: number; readonly error: number } {
  let sum = 0;
  let magnitude = 0;
  terms(g, into, operands, index, (a, b) => {
    sum += a * b;
    magnitude += Math.abs(a * b);
  });
  const z = bias ? sum + bias[index % bias.length] : sum;
  const error = sumError(termsOf(g, into), magnitude) + (bias ? 2 ** -24 * Math.abs(z) : 0);
  return f ? { value: f.reference(z), error: activationError(f, z, f.reference(z), error) } : { value: z, error };
}
