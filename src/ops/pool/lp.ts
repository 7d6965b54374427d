import { lpRule, lpSpread } from "../../../shaders/lib/pool-rules.wgsl.ts";
import { poolShader } from "../../../shaders/pool.wgsl.ts";
import { poolSpreadShader } from "../../../shaders/pool_spread.wgsl.ts";
import { check, UnrollError } from "../../errors.ts";
import { read, write } from "../../graph/kernel.ts";
import { onDemand } from "../../graph/on-demand.ts";
import type { Call, Op, Variant } from "../../graph/op.ts";
import { applyOne } from "../../graph/tensor.ts";
import { formatType, sameShape, sizeOf } from "../../graph/types.ts";
import { TINY, U } from "../pointwise/define.ts";
import { checkImages, eachTap, type Geometry, type PoolAttributes, poolGeometry } from "./geometry.ts";
import { cellsOf, lowerPool, spanOf, tilesOf, unrolledTaps } from "./lower.ts";
import { sumError } from "./sum-error.ts";

const shader = /* @__PURE__ */ onDemand(poolShader);

export interface LpPoolAttributes extends PoolAttributes {
  /** The exponent, a whole number. */
  readonly p: number;
}

const geometryOf = ({ inputs, attributes }: Call<LpPoolAttributes>): Geometry => poolGeometry("lpPool2d", inputs[0], attributes);

/** Σ |x|^p of each window of [N, H, W, C]. */
function powerSums(geometry: Geometry, p: number, x: Float64Array): Float64Array {
  const { n, c, plane, counts } = geometry;
  const sums = new Float64Array(n * counts[0] * counts[1] * c);
  for (let image = 0; image < n; image++)
    eachTap(geometry, (o, i) => {
      for (let channel = 0; channel < c; channel++)
        sums[(image * counts[0] * counts[1] + o) * c + channel] += Math.abs(x[(image * plane[0] * plane[1] + i) * c + channel]) ** p;
    });
  return sums;
}

const variant = (vector: boolean): Variant<LpPoolAttributes> => ({
  name: vector ? "vec4" : "scalar",
  allowed: ({ inputs: [x] }) => !vector || x.shape[3] % 4 === 0,
  plan: (call, device) => {
    const geometry = geometryOf(call);
    const span = unrolledTaps(geometry) ? spanOf(device, geometry, geometry.counts[1]) : 1;
    return lowerPool(geometry, {
      name: `lp pool ${vector ? "vec4" : "scalar"}`,
      wgsl: shader({
        rule: lpRule(vector, call.attributes.p),
        vector,
        unrolled: unrolledTaps(geometry),
        tiles: tilesOf(geometry) !== undefined,
        span,
      }),
      bindings: { x: read("f32"), y: write("f32") },
      operands: { x: { input: 0 }, y: { output: 0 } },
      grid: geometry.counts,
      span,
      vector,
    });
  },
});

const MOST = 64;

/** The p-norm of each window. */
export const lpPoolOp: Op<LpPoolAttributes> = {
  name: "lpPool2d",
  shape([x], attributes) {
    const { n, c, counts } = poolGeometry("lpPool2d", x, attributes);
    const { p } = attributes;
    check(
      Number.isInteger(p) && p >= 1 && p <= MOST,
      "argument",
      () => `lpPool2d: p must be a whole number from 1 to ${MOST}, not ${String(p)}`,
    );
    return [{ dtype: "f32", shape: [n, ...counts, c] }];
  },
  reference(call, [x], [y]) {
    const { p } = call.attributes;
    y.set(powerSums(geometryOf(call), p, x).map((sum) => sum ** (1 / p)));
  },
  gradient: ({ inputs: [x], outputs: [y], gradients: [gradient], attributes }) => [
    applyOne(lpPoolGradientOp, [x, y, gradient as typeof y], attributes),
  ],
  kernels: [variant(true), variant(false)],
  cost: ({ inputs: [x], outputs: [y], attributes: { window, p } }) => ({
    flops: sizeOf(y.shape) * (window.size[0] * window.size[1] * (1 + Math.ceil(Math.log2(p + 1))) + 4),
    bytes: 4 * (sizeOf(x.shape) + sizeOf(y.shape)),
  }),
  error({ attributes: { window, p } }, _, [y]) {
    const terms = window.size[0] * window.size[1];
    // A power loses p − 1 roundings, of which the root leaves 1/p; the root itself a few (its own step of Newton takes a power, too).
    const factor = (sumError(terms, 1) + U * (p - 1)) / p + U * (p === 1 ? 0 : p === 2 ? 3 : 6);
    // Powers below the range of f32 are flushed to 0.
    const floor = p === 1 ? TINY : (terms * TINY) ** (1 / p);
    return [y.map((value) => factor * value + (value < 4 * floor ? value : 0) + TINY)];
  },
};

const spreadGeometry = ({ inputs: [x, y], attributes: { window } }: Call<LpPoolAttributes>): Geometry => ({
  n: x.shape[0],
  c: x.shape[3],
  plane: [x.shape[1], x.shape[2]],
  counts: [y.shape[1], y.shape[2]],
  window,
});

/** That of NaN is 0, as for abs; where p > 1 the norm is NaN, too. */
const signOf = (x: number): number => (x > 0 ? 1 : x < 0 ? -1 : 0);

/** Calls `visit` with the element of x, that of y, and what the one's window gives to the other. */
function eachShare(
  call: Call<LpPoolAttributes>,
  [x, y, gradient]: readonly Float64Array[],
  visit: (i: number, share: number) => void,
): void {
  const { n, c, plane, counts, window } = spreadGeometry(call);
  const { p } = call.attributes;
  for (let image = 0; image < n; image++)
    eachTap({ n, c, plane, counts, window }, (at, from) => {
      for (let channel = 0; channel < c; channel++) {
        const o = (image * counts[0] * counts[1] + at) * c + channel;
        const i = (image * plane[0] * plane[1] + from) * c + channel;
        visit(i, y[o] === 0 ? 0 : gradient[o] * signOf(x[i]) * (Math.abs(x[i]) / y[o]) ** (p - 1));
      }
    });
}

const spreadVariant = (cells: boolean, vector: boolean): Variant<LpPoolAttributes> => ({
  name: `${cells ? "cells" : "gather"} ${vector ? "vec4" : "scalar"}`,
  allowed: (call) => (!vector || call.inputs[0].shape[3] % 4 === 0) && (!cells || cellsOf(spreadGeometry(call)) !== undefined),
  plan: (call, device) => {
    const geometry = spreadGeometry(call);
    const grid = (cells ? cellsOf(geometry) : undefined) ?? geometry.plane;
    const span = cells && tilesOf(geometry) ? spanOf(device, geometry, grid[1]) : 1;
    return lowerPool(geometry, {
      name: `lp pool gradient ${cells ? "cells" : "gather"} ${vector ? "vec4" : "scalar"}`,
      wgsl: poolSpreadShader({
        rule: lpSpread(vector, call.attributes.p),
        vector,
        cells,
        span,
        tiles: cells ? tilesOf(geometry) : undefined,
        dilated: geometry.window.dilation.some((d) => d > 1),
      }),
      bindings: { x: read("f32"), y: read("f32"), values: read("f32"), dx: write("f32") },
      operands: { x: { input: 0 }, y: { input: 1 }, values: { input: 2 }, dx: { output: 0 } },
      grid,
      span,
      vector,
    });
  },
});

/** dLoss/dx of Lp pooling from x, y and dLoss/dy: Σ over windows g·sign x·(|x| / y)^(p − 1); 0 where y is 0. */
export const lpPoolGradientOp: Op<LpPoolAttributes> = {
  name: "lpPool2dGradient",
  shape([x, y, gradient], attributes) {
    const { n, c, counts } = poolGeometry("lpPool2dGradient", x, attributes);
    for (const [name, type] of [
      ["y", y],
      ["gradient", gradient],
    ] as const) {
      checkImages("lpPool2dGradient", name, type);
      const expected = [n, ...counts, c];
      check(
        sameShape(type.shape, expected),
        "shape",
        () => `lpPool2dGradient: ${name} is ${formatType(type)}; expected f32[${expected.join(", ")}]`,
      );
    }
    return [{ dtype: "f32", shape: x.shape }];
  },
  reference(call, inputs, [dx]) {
    dx.fill(0);
    eachShare(call, inputs, (i, share) => {
      dx[i] += share;
    });
  },
  gradient() {
    throw new UnrollError("gradient", "gradient: lpPool2d has no second derivative here; write it with abs, pow and averagePool2d instead");
  },
  kernels: [spreadVariant(true, true), spreadVariant(true, false), spreadVariant(false, true), spreadVariant(false, false)],
  cost: ({ inputs: [x, y], attributes: { window, p } }) => ({
    flops: sizeOf(y.shape) * window.size[0] * window.size[1] * (4 + Math.ceil(Math.log2(p + 1))),
    bytes: 4 * 2 * (sizeOf(x.shape) + sizeOf(y.shape)),
  }),
  error(call, inputs) {
    const { p } = call.attributes;
    const magnitude = new Float64Array(inputs[0].length);
    const terms = new Float64Array(inputs[0].length);
    eachShare(call, inputs, (i, share) => {
      magnitude[i] += Math.abs(share);
      terms[i]++;
    });
    // The division (2.5 units in the last place) to the power p − 1, and the products.
    return [magnitude.map((sum, i) => sumError(terms[i], sum) + U * (6 * (p - 1) + 2) * sum + (p > 1 ? 1e-30 : 0))];
  },
};
