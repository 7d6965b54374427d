import { resizeGradientParams, resizeGradientShader } from "../../../shaders/resize_gradient.wgsl.ts";
import { check } from "../../errors.ts";
import { kernel, read, write } from "../../graph/kernel.ts";
import type { Call, Dispatch, Op, Operand, Variant } from "../../graph/op.ts";
import { applyOne, type F32 } from "../../graph/tensor.ts";
import { byteLength, formatType, sizeOf } from "../../graph/types.ts";
import { foldGrid } from "../grid.ts";
import { TINY, U } from "../pointwise/define.ts";
import { sumFactor } from "../reduce/define.ts";
import { type Line, lineOf, type ResizeAttributes, tapsOf } from "./line.ts";
import { resize2dOp } from "./resize.ts";

/** `size` is that of the image, [H, W]. */
type Attributes = ResizeAttributes;

function linesOf({ inputs: [gradient], attributes }: Call<Attributes>): readonly [vertical: Line, horizontal: Line] {
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

const variant = (vector: boolean): Variant<Attributes> => ({
  name: vector ? "vec4" : "scalar",
  allowed: ({ inputs: [gradient] }) => !vector || gradient.shape[3] % 4 === 0,
  preference: () => (vector ? 1 : 0),
  plan(call) {
    const [vertical, horizontal] = linesOf(call);
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
    linesOf({ inputs, outputs: [], attributes });
    return [{ dtype: "f32", shape }];
  },
  reference(call, [gradient], [dx]) {
    dx.fill(0);
    eachTap(call, (from, to, weight) => {
      // What does not reach an element weighs 0, and lets no NaN through.
      if (weight !== 0) dx[to] += weight * gradient[from];
    });
  },
  gradient: ({ inputs: [gradient], gradients: [g], attributes, needs }) => [
    needs[0] ? applyOne(resize2dOp, [g as F32], { ...attributes, size: [gradient.shape[1], gradient.shape[2]] as const }) : undefined,
  ],
  kernels: [variant(true), variant(false)],
  cost: ({ inputs: [gradient], outputs: [dx], attributes: { mode } }) => ({
    flops: (mode === "nearest" ? 1 : 4) * sizeOf(gradient.shape),
    bytes: byteLength(gradient) + byteLength(dx),
  }),
  error(call, [gradient], [dx]) {
    const bound = new Float64Array(dx.length);
    // Weights are rounded fractions; nearest adds without them.
    const weights = call.attributes.mode === "nearest" ? 0 : 8;
    eachTap(call, (from, to, weight) => {
      bound[to] += Math.abs(weight * gradient[from]) + (weights > 0 ? 0.25 * Math.abs(gradient[from]) : 0);
    });
    const [vertical, horizontal] = linesOf(call);
    const terms = (line: Line) => Math.max(1, (2 * line.results) / line.size + 2);
    const factor = weights + sumFactor(terms(vertical)) + sumFactor(terms(horizontal));
    return [bound.map((sum) => TINY + U * factor * sum)];
  },
};

/** Calls `visit` with each element of the gradient, each element of the image that it came from, and the weight. */
function eachTap(call: Call<Attributes>, visit: (from: number, to: number, weight: number) => void): void {
  const [vertical, horizontal] = linesOf(call);
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
