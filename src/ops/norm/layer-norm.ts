import { layerNormParams, layerNormShader } from "../../../shaders/layer_norm.wgsl.ts";
import { check, checkOptions } from "../../errors.ts";
import { kernel, read, write } from "../../graph/kernel.ts";
import type { Call, DeviceTraits, Lowering, Op } from "../../graph/op.ts";
import { apply, constant, type F32 } from "../../graph/tensor.ts";
import { byteLength, formatType, type Shape, sizeOf } from "../../graph/types.ts";
import { foldGrid } from "../grid.ts";
import { canVectorize } from "../pointwise/broadcast.ts";
import { checkTensor, lowerPointwise, TINY } from "../pointwise/define.ts";
import { normalizeAxis } from "../softmax/define.ts";
import { checkEpsilon, checkF32, checkShape, EPSILON, momentsOf, normalizedError, rootError, withOperands } from "./common.ts";
import { layerNormGradient } from "./layer-norm-gradient.ts";
import { planStatistics } from "./parts.ts";
import { type RowKind, rowStrides, rowsOf, rowVariants, sharing } from "./rows.ts";

export interface LayerNormAttributes {
  /** The first of the axes that are normalised; negative ones count from the end. */
  readonly axis: number;
  readonly epsilon: number;
}

function plan(kind: RowKind, call: Call<LayerNormAttributes>, device: DeviceTraits): Lowering {
  const { rows, n } = rowsOf(call.inputs[0], call.attributes.axis);
  const { epsilon } = call.attributes;
  if (kind !== "split") {
    const vector = n % 4 === 0;
    const shared = sharing(kind, n);
    return {
      dispatches: [
        {
          kernel: kernel({
            name: `layerNorm ${kind}`,
            wgsl: layerNormShader({ vector, shared }),
            bindings: {
              x: read("f32"),
              scale: read("f32"),
              bias: read("f32"),
              y: write("f32"),
              mean: write("f32"),
              deviation: write("f32"),
            },
            params: layerNormParams,
          }),
          bindings: {
            x: { input: 0 },
            scale: { input: 1 },
            bias: { input: 2 },
            y: { output: 0 },
            mean: { output: 1 },
            deviation: { output: 2 },
          },
          params: { rows, n: vector ? n / 4 : n, count: n, epsilon },
          workgroups: foldGrid(shared > 0 ? rows : Math.ceil(rows / 64)),
        },
      ],
    };
  }
  const view = { outer: rows, reduce: n, inner: 1 };
  const statistics = planStatistics(
    "layerNorm",
    { view, spread: "deviation", epsilon, x: { input: 0 }, mean: { output: 1 }, result: { output: 2 }, temporary: 0 },
    device,
  );
  const { whole, row, place } = rowStrides(n);
  const strides = [whole, place, place, row, row];
  const normalize = lowerPointwise(
    {
      name: "layerNorm normalize",
      dtype: "f32",
      shape: [rows, n],
      strides,
      expression: "(a - d) * e * b + c",
      library: "",
      params: {},
    },
    canVectorize([rows, n], strides),
    undefined,
    device,
  );
  const operands = [{ input: 0 }, { input: 1 }, { input: 2 }, { output: 1 }, { output: 2 }];
  return {
    ...statistics,
    dispatches: [...statistics.dispatches, ...normalize.dispatches.map((dispatch) => withOperands(dispatch, operands))],
  };
}

/** Inputs x, scale, bias; outputs y, and mean and 1 / √(variance + ε) of each row. */
export const layerNormOp: Op<LayerNormAttributes> = {
  name: "layerNorm",
  shape(inputs, { axis, epsilon }) {
    checkF32("layerNorm", ["x", "scale", "bias"], inputs);
    checkEpsilon("layerNorm", epsilon);
    const [x, scale, bias] = inputs;
    const from = normalizeAxis("layerNorm", x, axis);
    checkShape("layerNorm", "scale", scale, x.shape.slice(from), x);
    checkShape("layerNorm", "bias", bias, x.shape.slice(from), x);
    check(sizeOf(scale.shape) > 0, "shape", () => `layerNorm: x is ${formatType(x)}: nothing to normalise over`);
    const kept = x.shape.map((size, i) => (i < from ? size : 1));
    return [x.shape, kept, kept].map((shape) => ({ dtype: "f32", shape }));
  },
  reference(call, [x, scale, bias], [y, mean, deviation]) {
    eachRow(call, x, (row, moments, base, n) => {
      mean[row] = moments.mean;
      deviation[row] = 1 / Math.sqrt(moments.variance + call.attributes.epsilon);
      for (let r = 0; r < n; r++) y[base + r] = (x[base + r] - mean[row]) * deviation[row] * scale[r] + bias[r];
    });
  },
  gradient: layerNormGradient,
  kernels: /* @__PURE__ */ rowVariants((call) => rowsOf(call.inputs[0], call.attributes.axis), plan),
  cost: ({ inputs, outputs }) => ({
    flops: 8 * sizeOf(inputs[0].shape),
    bytes: [...inputs, ...outputs].reduce((sum, type) => sum + byteLength(type), 0),
  }),
  error(call, [x, scale, bias], [y, mean, deviation]) {
    const bounds = [y, mean, deviation].map((output) => new Float64Array(output.length));
    const { epsilon } = call.attributes;
    eachRow(call, x, (row, moments, base, n) => {
      bounds[1][row] = TINY + moments.meanError;
      bounds[2][row] = TINY + rootError(moments, epsilon) * deviation[row];
      for (let r = 0; r < n; r++) bounds[0][base + r] = normalizedError(x[base + r], scale[r], bias[r], y[base + r], moments, epsilon);
    });
    return bounds;
  },
};

function eachRow(
  { inputs, attributes }: Call<LayerNormAttributes>,
  x: Float64Array,
  visit: (row: number, moments: ReturnType<typeof momentsOf>, base: number, n: number) => void,
): void {
  const { rows, n } = rowsOf(inputs[0], attributes.axis);
  for (let row = 0; row < rows; row++)
    visit(
      row,
      momentsOf(n, (r) => x[row * n + r]),
      row * n,
      n,
    );
}

export interface LayerNormOptions {
  /** Shape of x from `axis` on. Default all ones. */
  readonly scale?: F32;
  /** Shape of x from `axis` on. Default all zeros. */
  readonly bias?: F32;
  /** The first of the axes that are normalised together; negative ones count from the end. Default −1, the last alone. */
  readonly axis?: number;
  /** Added to the variance. Default 1e-5. */
  readonly epsilon?: number;
}

/** What {@link layerNormStatistics} gives. */
export interface LayerNormResult<S extends Shape> {
  readonly y: F32<S>;
  /** Of each row: shape of x with 1 from `axis` on. */
  readonly mean: F32;
  /** 1 / √(variance + ε) of each row, shaped alike. */
  readonly inverseDeviation: F32;
}

/** {@link layerNorm} with the mean and 1 / √(variance + ε) of each row beside it, as ONNX has them. */
export function layerNormStatistics<S extends Shape>(x: F32<S>, options: LayerNormOptions = {}): LayerNormResult<S> {
  checkTensor("layerNorm", "x", x);
  checkOptions("layerNorm", options, ["scale", "bias", "axis", "epsilon"]);
  const { axis = -1, epsilon = EPSILON } = options;
  const shape = x.shape.slice(normalizeAxis("layerNorm", x, axis));
  const { scale = constant(1, shape), bias = constant(0, shape) } = options;
  checkTensor("layerNorm", "scale", scale);
  checkTensor("layerNorm", "bias", bias);
  const [y, mean, inverseDeviation] = apply(layerNormOp, [x, scale, bias], { axis, epsilon });
  return { y, mean, inverseDeviation } as unknown as LayerNormResult<S>;
}

/**
 * Layer normalisation: y = (x − mean) / √(variance + ε) · scale + bias, where mean and variance (divided by n, not by n − 1) are those
 * of all elements that share the indices before `axis`. Shape of x. Ba, Kiros and Hinton, "Layer normalization", 2016.
 * @throws UnrollError `shape` when scale or bias do not have the shape of x from `axis` on.
 */
export function layerNorm<S extends Shape>(x: F32<S>, options: LayerNormOptions = {}): F32<S> {
  return layerNormStatistics(x, options).y;
}
