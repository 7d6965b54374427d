import type { Divisor } from "../../../shaders/lib/pool.wgsl.ts";
import { averageRule, averageSpread } from "../../../shaders/lib/pool-rules.wgsl.ts";
import { poolShader } from "../../../shaders/pool.wgsl.ts";
import { poolSpreadShader } from "../../../shaders/pool_spread.wgsl.ts";
import { check } from "../../errors.ts";
import { fitsF32 } from "../../graph/f32.ts";
import { read, write } from "../../graph/kernel.ts";
import { onDemand } from "../../graph/on-demand.ts";
import type { Call, Op, Variant } from "../../graph/op.ts";
import { applyOne, type F32 } from "../../graph/tensor.ts";
import { formatType, sameShape, sizeOf } from "../../graph/types.ts";
import { U } from "../pointwise/define.ts";
import type { Pair } from "../window.ts";
import { allInside, checkImages, eachTap, type Geometry, type PoolAttributes, poolGeometry, tapsInside } from "./geometry.ts";
import { cellsOf, lowerPool, spanOf, tilesOf, unrolledTaps } from "./lower.ts";
import { sumError } from "./sum-error.ts";

const shader = /* @__PURE__ */ onDemand(poolShader);

export interface AveragePoolAttributes extends PoolAttributes {
  /** Taps in the padding count, as zeros. What ceilMode adds beyond the padding never counts. */
  readonly countIncludePad: boolean;
  /** Sums are divided by this. */
  readonly divisor?: number;
}

const geometryOf = ({ inputs, attributes }: Call<AveragePoolAttributes>) => poolGeometry("averagePool2d", inputs[0], attributes);

/** What the sum of window (oy, ox) is divided by. */
function divisorOf({ plane, window }: Geometry, { countIncludePad, divisor }: AveragePoolAttributes, oy: number, ox: number): number {
  if (divisor !== undefined) return divisor;
  const along = (axis: 0 | 1, o: number): number => {
    const [first, end] = tapsInside(window, axis, o, plane[axis]);
    if (!countIncludePad) return end - first;
    return tapsInside(window, axis, o, plane[axis] + window.padding[axis][1])[1];
  };
  return along(0, oy) * along(1, ox);
}

/** How the kernels divide, and by what where all windows have the same divisor. */
function division(geometry: Geometry, attributes: AveragePoolAttributes): { divisor: Divisor; scale: number } {
  const { window, counts, plane } = geometry;
  const full = window.size[0] * window.size[1];
  if (attributes.divisor !== undefined) return { divisor: "constant", scale: 1 / attributes.divisor };
  const padded = { ...geometry, plane: [0, 1].map((axis) => plane[axis] + window.padding[axis][1]) as unknown as Pair };
  const within = ([0, 1] as const).every((axis) => tapsInside(window, axis, counts[axis] - 1, padded.plane[axis])[1] === window.size[axis]);
  if (allInside(geometry) || (attributes.countIncludePad && within)) return { divisor: "constant", scale: 1 / full };
  return { divisor: attributes.countIncludePad ? "padded" : "input", scale: 1 };
}

/** Σ over the taps of each window, of [N, H, W, C]. */
function windowSums(geometry: Geometry, x: Float64Array): Float64Array {
  const { n, c, plane, counts } = geometry;
  const sums = new Float64Array(n * counts[0] * counts[1] * c);
  for (let image = 0; image < n; image++)
    eachTap(geometry, (o, i) => {
      for (let channel = 0; channel < c; channel++)
        sums[(image * counts[0] * counts[1] + o) * c + channel] += x[(image * plane[0] * plane[1] + i) * c + channel];
    });
  return sums;
}

/** Divides each of [N, OH, OW, C] by its window's divisor. */
function divided(geometry: Geometry, attributes: AveragePoolAttributes, values: Float64Array): Float64Array {
  const { c, counts } = geometry;
  return values.map((value, i) => {
    const pixel = Math.floor(i / c);
    return value / divisorOf(geometry, attributes, Math.floor(pixel / counts[1]) % counts[0], pixel % counts[1]);
  });
}

const variant = (vector: boolean): Variant<AveragePoolAttributes> => ({
  name: vector ? "vec4" : "scalar",
  allowed: ({ inputs: [x] }) => !vector || x.shape[3] % 4 === 0,
  plan: (call, device) => {
    const geometry = geometryOf(call);
    const span = unrolledTaps(geometry) ? spanOf(device, geometry, geometry.counts[1]) : 1;
    const { divisor, scale } = division(geometry, call.attributes);
    return lowerPool(geometry, {
      name: `average pool ${vector ? "vec4" : "scalar"}`,
      wgsl: shader({
        rule: averageRule(vector, divisor),
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
      scale,
    });
  },
});

export function checkAverage({ countIncludePad, divisor }: AveragePoolAttributes): void {
  check(
    typeof countIncludePad === "boolean",
    "argument",
    () => `averagePool2d: countIncludePad must be true or false, not ${String(countIncludePad)}`,
  );
  check(
    divisor === undefined || (fitsF32(divisor) && divisor !== 0),
    "argument",
    () => `averagePool2d: divisor must be a finite number that is not 0, not ${String(divisor)}`,
  );
}

/** The average of each window. */
export const averagePoolOp: Op<AveragePoolAttributes> = {
  name: "averagePool2d",
  shape([x], attributes) {
    const { n, c, counts } = poolGeometry("averagePool2d", x, attributes);
    checkAverage(attributes);
    return [{ dtype: "f32", shape: [n, ...counts, c] }];
  },
  reference(call, [x], [y]) {
    const geometry = geometryOf(call);
    y.set(divided(geometry, call.attributes, windowSums(geometry, x)));
  },
  gradient: ({ inputs: [x], gradients: [gradient], attributes }) => [
    applyOne(averagePoolGradientOp, [gradient as F32], { ...attributes, plane: [x.shape[1], x.shape[2]] }),
  ],
  kernels: [variant(true), variant(false)],
  cost: ({ inputs: [x], outputs: [y], attributes: { window } }) => ({
    flops: sizeOf(y.shape) * (window.size[0] * window.size[1] + 1),
    bytes: 4 * (sizeOf(x.shape) + sizeOf(y.shape)),
  }),
  error(call, [x], [y]) {
    const geometry = geometryOf(call);
    const [kh, kw] = geometry.window.size;
    const magnitudes = divided(geometry, call.attributes, windowSums(geometry, x.map(Math.abs)));
    return [magnitudes.map((m, i) => sumError(kh * kw, Math.abs(m)) + 3 * U * Math.abs(y[i]))];
  },
};

export interface AveragePoolGradientAttributes extends AveragePoolAttributes {
  /** The plane that was pooled, [H, W]. */
  readonly plane: Pair;
}

const spreadGeometry = ({ inputs: [gradient], attributes }: Call<AveragePoolGradientAttributes>): Geometry => {
  const [n, oh, ow, c] = gradient.shape;
  return { n, c, plane: attributes.plane, counts: [oh, ow], window: attributes.window };
};

const spreadVariant = (cells: boolean, vector: boolean): Variant<AveragePoolGradientAttributes> => ({
  name: `${cells ? "cells" : "gather"} ${vector ? "vec4" : "scalar"}`,
  allowed: (call) => (!vector || call.inputs[0].shape[3] % 4 === 0) && (!cells || cellsOf(spreadGeometry(call)) !== undefined),
  plan: (call, device) => {
    const geometry = spreadGeometry(call);
    const { divisor, scale } = division(geometry, call.attributes);
    const grid = (cells ? cellsOf(geometry) : undefined) ?? geometry.plane;
    const span = cells && tilesOf(geometry) ? spanOf(device, geometry, grid[1]) : 1;
    return lowerPool(geometry, {
      name: `average pool gradient ${cells ? "cells" : "gather"} ${vector ? "vec4" : "scalar"}`,
      wgsl: poolSpreadShader({
        rule: averageSpread(vector, divisor),
        vector,
        cells,
        span,
        tiles: cells ? tilesOf(geometry) : undefined,
        dilated: geometry.window.dilation.some((d) => d > 1),
      }),
      bindings: { values: read("f32"), dx: write("f32") },
      operands: { values: { input: 0 }, dx: { output: 0 } },
      grid,
      span,
      vector,
      scale,
    });
  },
});

/** Each pixel's sum of what the windows over it have to give. */
function spread(geometry: Geometry, values: Float64Array): { sums: Float64Array; terms: Int32Array } {
  const { n, c, plane, counts } = geometry;
  const sums = new Float64Array(n * plane[0] * plane[1] * c);
  const terms = new Int32Array(sums.length);
  for (let image = 0; image < n; image++)
    eachTap(geometry, (o, i) => {
      for (let channel = 0; channel < c; channel++) {
        const to = (image * plane[0] * plane[1] + i) * c + channel;
        sums[to] += values[(image * counts[0] * counts[1] + o) * c + channel];
        terms[to]++;
      }
    });
  return { sums, terms };
}

/** dLoss/dx of average pooling from dLoss/dy. */
export const averagePoolGradientOp: Op<AveragePoolGradientAttributes> = {
  name: "averagePool2dGradient",
  shape([gradient], attributes) {
    checkImages("averagePool2dGradient", "gradient", gradient);
    checkAverage(attributes);
    const [n, oh, ow, c] = gradient.shape;
    const { counts } = poolGeometry("averagePool2dGradient", { dtype: "f32", shape: [n, ...attributes.plane, c] }, attributes);
    check(
      sameShape(counts, [oh, ow]),
      "shape",
      () =>
        `averagePool2dGradient: gradient is ${formatType(gradient)}; a plane of ${attributes.plane.join("×")} has ${counts.join("×")} windows`,
    );
    return [{ dtype: "f32", shape: [n, ...attributes.plane, c] }];
  },
  reference(call, [gradient], [dx]) {
    const geometry = spreadGeometry(call);
    dx.set(spread(geometry, divided(geometry, call.attributes, gradient)).sums);
  },
  gradient: ({ gradients: [gradient], attributes: { plane: _, ...attributes } }) => [
    applyOne(averagePoolOp, [gradient as F32], attributes),
  ],
  kernels: [spreadVariant(true, true), spreadVariant(true, false), spreadVariant(false, true), spreadVariant(false, false)],
  cost: ({ inputs: [gradient], outputs: [dx], attributes: { window } }) => ({
    flops: sizeOf(gradient.shape) * (window.size[0] * window.size[1] + 1),
    bytes: 4 * (sizeOf(gradient.shape) + sizeOf(dx.shape)),
  }),
  error(call, [gradient]) {
    const geometry = spreadGeometry(call);
    const { sums, terms } = spread(geometry, divided(geometry, call.attributes, gradient).map(Math.abs));
    return [sums.map((sum, i) => sumError(terms[i], sum) + 3 * U * sum)];
  },
};
