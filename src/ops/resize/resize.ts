import { resizeParams, resizeShader } from "../../../shaders/resize.wgsl.ts";
import { resizeGradientParams, resizeGradientShader } from "../../../shaders/resize_gradient.wgsl.ts";
import { check, checkOptions } from "../../errors.ts";
import { kernel, read, write } from "../../graph/kernel.ts";
import type { Call, Dispatch, Op, Operand, Variant } from "../../graph/op.ts";
import { applyOne, type F32 } from "../../graph/tensor.ts";
import { byteLength, formatType, sizeOf } from "../../graph/types.ts";
import { foldGrid } from "../grid.ts";
import { checkTensor, TINY, U } from "../pointwise/define.ts";
import { sumFactor } from "../reduce/define.ts";
import { type Coordinates, type Line, lineOf, type ResizeAttributes, type ResizeMode, type Rounding, tapsOf } from "./line.ts";

function linesOf({ inputs: [x], attributes }: Call<ResizeAttributes>): readonly [vertical: Line, horizontal: Line] {
  const line = (axis: 0 | 1) => lineOf("resize2d", x.shape[1 + axis], attributes.size[axis], attributes);
  return [line(0), line(1)];
}

const numbersOf = (name: string, line: Line) =>
  Object.fromEntries(Object.entries(line).map(([field, value]) => [`${name}_${field}`, value]));

const variant = (vector: boolean): Variant<ResizeAttributes> => ({
  name: vector ? "vec4" : "scalar",
  allowed: ({ inputs: [x] }) => !vector || x.shape[3] % 4 === 0,
  preference: () => (vector ? 1 : 0),
  plan(call) {
    const [vertical, horizontal] = linesOf(call);
    const unit = vector ? 4 : 1;
    const size = sizeOf(call.outputs[0].shape) / unit;
    if (size === 0) return { dispatches: [] };
    const { mode } = call.attributes;
    return {
      dispatches: [
        {
          kernel: kernel({
            name: `resize ${mode}${vector ? ", vec4" : ""}`,
            wgsl: resizeShader({ mode, vector }),
            bindings: { image: read("f32"), result: write("f32") },
            params: resizeParams,
          }),
          bindings: { image: { input: 0 }, result: { output: 0 } },
          params: { size, inner: call.inputs[0].shape[3] / unit, ...numbersOf("y", vertical), ...numbersOf("x", horizontal) },
          workgroups: foldGrid(Math.ceil(size / 64)),
        },
      ],
    };
  },
});

/** Input x [N, H, W, C], output [N, OH, OW, C]. */
export const resize2dOp: Op<ResizeAttributes> = {
  name: "resize2d",
  shape(inputs, attributes) {
    const [x] = inputs;
    check(inputs.length === 1, "argument", () => `resize2d: takes 1 tensor (x), not ${inputs.length}`);
    check(x.dtype === "f32", "dtype", () => `resize2d: x is ${formatType(x)}; it must be f32`);
    check(x.shape.length === 4, "shape", () => `resize2d: x is ${formatType(x)}; expected [N, H, W, C]`);
    const { size } = attributes;
    check(
      Array.isArray(size) && size.length === 2 && size.every((n) => Number.isInteger(n) && n > 0),
      "argument",
      () => `resize2d: the new size is ${JSON.stringify(size)}; expected [height, width], whole numbers above 0`,
    );
    check(x.shape[1] > 0 && x.shape[2] > 0, "shape", () => `resize2d: x is ${formatType(x)}: there are no pixels to resize`);
    linesOf({ inputs, outputs: [], attributes });
    return [{ dtype: "f32", shape: [x.shape[0], ...size, x.shape[3]] }];
  },
  reference(call, [x], [y]) {
    y.fill(0);
    eachTap(call, (from, to, weight) => {
      y[to] += weight * x[from];
    });
  },
  gradient: ({ inputs: [x], gradients: [g], attributes, needs }) => [
    needs[0] ? applyOne(resize2dGradientOp, [g as F32], { ...attributes, size: [x.shape[1], x.shape[2]] as const }) : undefined,
  ],
  kernels: [variant(true), variant(false)],
  cost: ({ inputs: [x], outputs: [y], attributes: { mode } }) => ({
    flops: (mode === "nearest" ? 0 : 8) * sizeOf(y.shape),
    bytes: byteLength(x) + byteLength(y),
  }),
  error(call, [x], [y]) {
    if (call.attributes.mode === "nearest") return [0];
    const bound = new Float64Array(y.length);
    // A fraction is rounded in relation to 1, so a small weight is off by more than its own rounding.
    eachTap(call, (from, to, weight) => {
      bound[to] += (weight + 0.25) * Math.abs(x[from]);
    });
    return [bound.map((sum) => TINY + 6 * U * sum)];
  },
};

/** Calls `visit` with each element that a result is a sum of, the result, and the weight. */
function eachTap(call: Call<ResizeAttributes>, visit: (from: number, to: number, weight: number) => void): void {
  const [vertical, horizontal] = linesOf(call);
  const [n, height, width, c] = call.inputs[0].shape;
  const { mode } = call.attributes;
  for (let image = 0; image < n; image++)
    for (let row = 0; row < vertical.results; row++)
      for (let column = 0; column < horizontal.results; column++)
        for (const [y, wy] of tapsOf(row, vertical, mode))
          for (const [x, wx] of tapsOf(column, horizontal, mode))
            for (let k = 0; k < c; k++)
              visit(
                ((image * height + y) * width + x) * c + k,
                ((image * vertical.results + row) * horizontal.results + column) * c + k,
                wy * wx,
              );
}

export interface ResizeOptions {
  /** The new size, [height, width] or one number for both. Give this or `scale`. */
  readonly size?: number | readonly [number, number];
  /** The new size as a factor, [vertical, horizontal] or one number for both: size = ⌊factor · old size⌋. */
  readonly scale?: number | readonly [number, number];
  /** Default "nearest". */
  readonly mode?: ResizeMode;
  /**
   * Where output o of an axis that goes from n to m elements lies on the input: "half_pixel" (the default) (o + ½) · n / m − ½,
   * "align_corners" o · (n − 1) / (m − 1), "asymmetric" o · n / m; always by the sizes, never by a `scale` that does not divide.
   */
  readonly coordinates?: Coordinates;
  /** Which element is the nearest to a place between two. Default "round_prefer_floor"; "floor" with "asymmetric" is PyTorch's nearest. */
  readonly rounding?: Rounding;
}

const pairOf = (value: number | readonly [number, number]): readonly [number, number] =>
  typeof value === "number" ? [value, value] : value;

/**
 * Images in another size: x [N, H, W, C] → [N, height, width, C]. Coordinate modes and rounding are those of ONNX's Resize; places
 * outside the image take its border. Nothing is smoothed before shrinking.
 * @throws UnrollError `shape`, `argument`; `limit` where an axis times its new size reaches 2^29.
 */
export function resize2d(
  x: F32<readonly [number, number, number, number]>,
  options: ResizeOptions,
): F32<readonly [number, number, number, number]> {
  checkTensor("resize2d", "x", x);
  checkOptions("resize2d", options, ["size", "scale", "mode", "coordinates", "rounding"]);
  const { size, scale, mode = "nearest", coordinates = "half_pixel", rounding = "round_prefer_floor" } = options;
  check((size === undefined) !== (scale === undefined), "argument", "resize2d: give size or scale, one of them");
  oneOf("mode", mode, ["nearest", "bilinear"]);
  oneOf("coordinates", coordinates, ["half_pixel", "align_corners", "asymmetric"]);
  oneOf("rounding", rounding, ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"]);
  check(x.shape.length === 4, "shape", () => `resize2d: x is ${formatType(x)}; expected [N, H, W, C]`);
  const factors = scale === undefined ? undefined : pairOf(scale);
  check(
    factors === undefined || (Array.isArray(factors) && factors.length === 2 && factors.every((f) => Number.isFinite(f) && f > 0)),
    "argument",
    () => `resize2d: scale is ${JSON.stringify(scale)}; expected a number above 0 or [vertical, horizontal]`,
  );
  const target = factors ? ([Math.floor(factors[0] * x.shape[1]), Math.floor(factors[1] * x.shape[2])] as const) : pairOf(size as number);
  return applyOne(resize2dOp, [x], { size: target, mode, coordinates, rounding });
}

function oneOf(name: string, value: unknown, allowed: readonly string[]): void {
  check(
    allowed.includes(value as string),
    "argument",
    () => `resize2d: ${name} must be one of ${allowed.map((a) => `"${a}"`).join(", ")}, not ${JSON.stringify(value)}`,
  );
}

/** `size` is that of the image, [H, W]. */
type Attributes = ResizeAttributes;

function gradientLines({ inputs: [gradient], attributes }: Call<Attributes>): readonly [vertical: Line, horizontal: Line] {
  const line = (axis: 0 | 1) => lineOf("resize2dGradient", attributes.size[axis], gradient.shape[1 + axis], attributes);
  return [line(0), line(1)];
}

function dispatchOf(
  line: Line,
  outer: number,
  inner: number,
  mode: Attributes["mode"],
  vector: boolean,
  from: Operand,
  to: Operand,
): Dispatch {
  const unit = vector ? 4 : 1;
  const size = (outer * line.size * inner) / unit;
  return {
    kernel: kernel({
      name: `resize gradient ${mode}${vector ? ", vec4" : ""}`,
      wgsl: resizeGradientShader({ mode, vector }),
      bindings: { gradient: read("f32"), dx: write("f32") },
      params: resizeGradientParams,
    }),
    bindings: { gradient: from, dx: to },
    params: { size, inner: inner / unit, ...Object.fromEntries(Object.entries(line).map(([field, value]) => [`line_${field}`, value])) },
    workgroups: foldGrid(Math.ceil(size / 64)),
  };
}

const gradientVariant = (vector: boolean): Variant<Attributes> => ({
  name: vector ? "vec4" : "scalar",
  allowed: ({ inputs: [gradient] }) => !vector || gradient.shape[3] % 4 === 0,
  preference: () => (vector ? 1 : 0),
  plan(call) {
    const [vertical, horizontal] = gradientLines(call);
    const [n, rows, , c] = call.inputs[0].shape;
    if (sizeOf(call.outputs[0].shape) === 0) return { dispatches: [] };
    const { mode } = call.attributes;
    const between = { temporary: 0 };
    // Whichever is the smaller in between.
    const columnsFirst = horizontal.size * rows <= horizontal.results * vertical.size;
    const inner = (width: number) => width * c;
    const dispatches = columnsFirst
      ? [
          dispatchOf(horizontal, n * rows, c, mode, vector, { input: 0 }, between),
          dispatchOf(vertical, n, inner(horizontal.size), mode, vector, between, { output: 0 }),
        ]
      : [
          dispatchOf(vertical, n, inner(horizontal.results), mode, vector, { input: 0 }, between),
          dispatchOf(horizontal, n * vertical.size, c, mode, vector, between, { output: 0 }),
        ];
    const middle = columnsFirst ? [n, rows, horizontal.size, c] : [n, vertical.size, horizontal.results, c];
    return { dispatches, temporaries: [{ dtype: "f32", shape: middle }] };
  },
});

/** dLoss/dx of resize2d: the gradient [N, OH, OW, C] of the result gathered into the image [N, H, W, C]. */
export const resize2dGradientOp: Op<Attributes> = {
  name: "resize2dGradient",
  shape(inputs, attributes) {
    const [gradient] = inputs;
    check(
      inputs.length === 1 && gradient.dtype === "f32" && gradient.shape.length === 4,
      "shape",
      () => `resize2dGradient: the gradient is ${gradient && formatType(gradient)}; expected f32 [N, OH, OW, C]`,
    );
    const shape = [gradient.shape[0], ...attributes.size, gradient.shape[3]];
    gradientLines({ inputs, outputs: [], attributes });
    return [{ dtype: "f32", shape }];
  },
  reference(call, [gradient], [dx]) {
    dx.fill(0);
    eachGradientTap(call, (from, to, weight) => {
      // What does not reach an element weighs 0, and lets no NaN through.
      if (weight !== 0) dx[to] += weight * gradient[from];
    });
  },
  gradient: ({ inputs: [gradient], gradients: [g], attributes, needs }) => [
    needs[0] ? applyOne(resize2dOp, [g as F32], { ...attributes, size: [gradient.shape[1], gradient.shape[2]] as const }) : undefined,
  ],
  kernels: [gradientVariant(true), gradientVariant(false)],
  cost: ({ inputs: [gradient], outputs: [dx], attributes: { mode } }) => ({
    flops: (mode === "nearest" ? 1 : 4) * sizeOf(gradient.shape),
    bytes: byteLength(gradient) + byteLength(dx),
  }),
  error(call, [gradient], [dx]) {
    const bound = new Float64Array(dx.length);
    // Weights are rounded fractions; nearest adds without them.
    const weights = call.attributes.mode === "nearest" ? 0 : 8;
    eachGradientTap(call, (from, to, weight) => {
      bound[to] += Math.abs(weight * gradient[from]) + (weights > 0 ? 0.25 * Math.abs(gradient[from]) : 0);
    });
    const [vertical, horizontal] = gradientLines(call);
    const terms = (line: Line) => Math.max(1, (2 * line.results) / line.size + 2);
    const factor = weights + sumFactor(terms(vertical)) + sumFactor(terms(horizontal));
    return [bound.map((sum) => TINY + U * factor * sum)];
  },
};

/** Calls `visit` with each element of the gradient, each element of the image that it came from, and the weight. */
function eachGradientTap(call: Call<Attributes>, visit: (from: number, to: number, weight: number) => void): void {
  const [vertical, horizontal] = gradientLines(call);
  const [n, rows, columns, c] = call.inputs[0].shape;
  const { mode } = call.attributes;
  for (let image = 0; image < n; image++)
    for (let row = 0; row < rows; row++)
      for (let column = 0; column < columns; column++)
        for (const [y, wy] of tapsOf(row, vertical, mode))
          for (const [x, wx] of tapsOf(column, horizontal, mode))
            for (let k = 0; k < c; k++)
              visit(
                ((image * rows + row) * columns + column) * c + k,
                ((image * vertical.size + y) * horizontal.size + x) * c + k,
                wy * wx,
              );
}
