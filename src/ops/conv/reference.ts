import { type Geometry, groupIn, groupOut, type Operands } from "./problem.ts";

export type { Operands };

/** Calls `visit` with the pixel of x (flat, in N·H·W), the tap and the pixel of y for each pair that meets. */
function forEachTap(g: Geometry, visit: (xPixel: number, tap: number, yPixel: number) => void): void {
  const [h, w] = g.input;
  const [oh, ow] = g.output;
  const { size, stride, dilation, padding } = g.window;
  for (let n = 0; n < g.batch; n++)
    for (let oy = 0; oy < oh; oy++)
      for (let ox = 0; ox < ow; ox++)
        for (let ky = 0; ky < size[0]; ky++) {
          const iy = oy * stride[0] - padding[0][0] + ky * dilation[0];
          if (iy < 0 || iy >= h) continue;
          for (let kx = 0; kx < size[1]; kx++) {
            const ix = ox * stride[1] - padding[1][0] + kx * dilation[1];
            if (ix < 0 || ix >= w) continue;
            visit((n * h + iy) * w + ix, ky * size[1] + kx, (n * oh + oy) * ow + ox);
          }
        }
}

/**
 * y[n, oy, ox, co] = Σ x[n, oy·s − p + ky·d, ox·s − p + kx·d, ci]·filter[ky, kx, ci, co] over ky, kx and the ci of co's group, outside
 * of x 0; or, with the same triples, the sums that give the gradient of x or of the filter. Adds to the tensor named by `into`.
 */
export function convolve(g: Geometry, into: keyof Operands, { x, filter, y }: Operands): void {
  const [ci, co] = [groupIn(g), groupOut(g)];
  forEachTap(g, (xPixel, tap, yPixel) => {
    for (let group = 0; group < g.groups; group++)
      for (let i = 0; i < ci; i++) {
        const atX = xPixel * g.inChannels + group * ci + i;
        const atFilter = (tap * ci + i) * g.outChannels + group * co;
        const atY = yPixel * g.outChannels + group * co;
        if (into === "y") for (let o = 0; o < co; o++) y[atY + o] += x[atX] * filter[atFilter + o];
        else if (into === "x") for (let o = 0; o < co; o++) x[atX] += y[atY + o] * filter[atFilter + o];
        else for (let o = 0; o < co; o++) filter[atFilter + o] += x[atX] * y[atY + o];
      }
  });
}

/** Adds bias[c] to each pixel. */
export function addBias(sums: Float64Array, bias: Float64Array | undefined): void {
  if (bias) for (let i = 0; i < sums.length; i++) sums[i] += bias[i % bias.length];
}
