import { layerNormGradientParams, layerNormGradientShader } from "../../../shaders/layer_norm_gradient.wgsl.ts";
import { check } from "../../errors.ts";
import { kernel, read, write } from "../../graph/kernel.ts";
import type { Call, DeviceTraits, GradientContext, Lowering, Op } from "../../graph/op.ts";
import { apply, applyOne, type F32, type Tensor } from "../../graph/tensor.ts";
import { byteLength, formatShape, formatType, sizeOf, type TensorType } from "../../graph/types.ts";
import { foldGrid } from "../grid.ts";
import { affine } from "../pointwise/affine.ts";
import { add, mul, sub } from "../pointwise/arithmetic.ts";
import { canVectorize } from "../pointwise/broadcast.ts";
import { lowerPointwise, TINY, U } from "../pointwise/define.ts";
import { sumFactor } from "../reduce/define.ts";
import { checkF32, checkShape, noSecondDerivative, withOperands } from "./common.ts";
import type { LayerNormAttributes } from "./layer-norm.ts";
import { planSums } from "./parts.ts";
import { type RowKind, rowStrides, rowsOf, rowVariants, sharing } from "./rows.ts";

type Attributes = Pick<LayerNormAttributes, "axis">;

const viewOf = (call: Call<Attributes>) => rowsOf(call.inputs[0], call.attributes.axis);
const bytesOf = ({ inputs, outputs }: Call<Attributes>): number => [...inputs, ...outputs].reduce((sum, type) => sum + byteLength(type), 0);

function checkRows(op: string, x: TensorType, axis: number, vectors: Readonly<Record<string, TensorType>>): void {
  const { rows } = rowsOf(x, axis);
  for (const [name, type] of Object.entries(vectors))
    check(
      sizeOf(type.shape) === rows,
      "shape",
      () => `${op}: x is ${formatType(x)}, so ${name} must have ${formatShape([rows])} values; it is ${formatType(type)}`,
    );
}

/** Inputs x, mean, deviation, gradient. Outputs Σ gradient · x̂ and Σ gradient over rows: the gradients of scale and bias. */
export const layerNormSumsOp: Op<Attributes> = {
  name: "layerNormSums",
  shape(inputs, { axis }) {
    checkF32("layerNormSums", ["x", "mean", "deviation", "gradient"], inputs);
    const [x, mean, deviation, gradient] = inputs;
    checkRows("layerNormSums", x, axis, { mean, deviation });
    checkShape("layerNormSums", "gradient", gradient, x.shape, x);
    const shape = x.shape.slice(axis < 0 ? axis + x.shape.length : axis);
    return [shape, shape].map((s) => ({ dtype: "f32", shape: s }));
  },
  reference(call, [x, mean, deviation, gradient], [products, sums]) {
    const { rows, n } = viewOf(call);
    products.fill(0);
    sums.fill(0);
    for (let row = 0; row < rows; row++)
      for (let r = 0; r < n; r++) {
        const i = row * n + r;
        products[r] += gradient[i] * (x[i] - mean[row]) * deviation[row];
        sums[r] += gradient[i];
      }
  },
  gradient: () => noSecondDerivative("layerNormSums"),
  kernels: [
    {
      name: "columns",
      allowed: () => true,
      plan(call, device) {
        const { rows, n } = viewOf(call);
        if (n === 0) return { dispatches: [] };
        return planSums(
          "layerNormSums",
          {
            view: { outer: 1, reduce: rows, inner: n },
            statistics: "reduce",
            spread: "deviation",
            epsilon: 0,
            operands: { x: { input: 0 }, mean: { input: 1 }, spread: { input: 2 }, gradient: { input: 3 } },
            products: { output: 0 },
            sums: { output: 1 },
            temporary: 0,
          },
          device,
        );
      },
    },
  ],
  cost: (call) => ({ flops: 5 * sizeOf(call.inputs[0].shape), bytes: bytesOf(call) }),
  error(call, [x, mean, deviation, gradient]) {
    const { rows, n } = viewOf(call);
    const products = new Float64Array(n);
    const sums = new Float64Array(n);
    for (let row = 0; row < rows; row++)
      for (let r = 0; r < n; r++) {
        const i = row * n + r;
        products[r] += Math.abs(gradient[i] * (x[i] - mean[row]) * deviation[row]);
        sums[r] += Math.abs(gradient[i]);
      }
    const factor = sumFactor(rows);
    return [products.map((sum) => TINY + U * (3 + factor) * sum), sums.map((sum) => TINY + U * (1 + factor) * sum)];
  },
};

function plan(kind: RowKind, call: Call<Attributes>, device: DeviceTraits): Lowering {
  const { rows, n } = viewOf(call);
  if (kind !== "split") {
    const vector = n % 4 === 0;
    const shared = sharing(kind, n);
    return {
      dispatches: [
        {
          kernel: kernel({
            name: `layerNormGradient ${kind}`,
            wgsl: layerNormGradientShader({ vector, shared }),
            bindings: {
              x: read("f32"),
              scale: read("f32"),
              mean: read("f32"),
              deviation: read("f32"),
              gradient: read("f32"),
              dx: write("f32"),
            },
            params: layerNormGradientParams,
          }),
          bindings: {
            x: { input: 0 },
            scale: { input: 1 },
            mean: { input: 2 },
            deviation: { input: 3 },
            gradient: { input: 4 },
            dx: { output: 0 },
          },
          params: { rows, n: vector ? n / 4 : n, count: n },
          workgroups: foldGrid(shared > 0 ? rows : Math.ceil(rows / 64)),
        },
      ],
    };
  }
  const sums = planSums(
    "layerNormGradient",
    {
      view: { outer: rows, reduce: n, inner: 1 },
      statistics: "outer",
      spread: "deviation",
      epsilon: 0,
      operands: { x: { input: 0 }, mean: { input: 2 }, spread: { input: 3 }, gradient: { input: 4 }, scale: { input: 1 } },
      products: { temporary: 0 },
      sums: { temporary: 1 },
      temporary: 2,
    },
    device,
  );
  const { whole, row, place } = rowStrides(n);
  const strides = [whole, place, row, row, whole, row, row];
  const spread = lowerPointwise(
    {
      name: "layerNormGradient spread",
      dtype: "f32",
      shape: [rows, n],
      strides,
      expression: "d * (e * b - g * params.share - (a - c) * d * (f * params.share))",
      library: "",
      params: { share: 1 / n },
    },
    canVectorize([rows, n], strides),
    undefined,
    device,
  );
  const operands = [{ input: 0 }, { input: 1 }, { input: 2 }, { input: 3 }, { input: 4 }, { temporary: 0 }, { temporary: 1 }];
  const pair: TensorType = { dtype: "f32", shape: [rows] };
  return {
    dispatches: [...sums.dispatches, ...spread.dispatches.map((dispatch) => withOperands(dispatch, operands))],
    temporaries: [pair, pair, ...(sums.temporaries ?? [])],
  };
}

/** dLoss/dx. Inputs x, scale, mean, deviation, gradient: see shaders/layer_norm_gradient. */
export const layerNormGradientOp: Op<Attributes> = {
  name: "layerNormGradient",
  shape(inputs, { axis }) {
    checkF32("layerNormGradient", ["x", "scale", "mean", "deviation", "gradient"], inputs);
    const [x, scale, mean, deviation, gradient] = inputs;
    checkRows("layerNormGradient", x, axis, { mean, deviation });
    checkShape("layerNormGradient", "scale", scale, x.shape.slice(axis < 0 ? axis + x.shape.length : axis), x);
    checkShape("layerNormGradient", "gradient", gradient, x.shape, x);
    return [{ dtype: "f32", shape: x.shape }];
  },
  reference(call, [x, scale, mean, deviation, gradient], [dx]) {
    const { rows, n } = viewOf(call);
    for (let row = 0; row < rows; row++) {
      const hat = (r: number) => (x[row * n + r] - mean[row]) * deviation[row];
      const a = (r: number) => gradient[row * n + r] * scale[r];
      let plain = 0;
      let product = 0;
      for (let r = 0; r < n; r++) {
        plain += a(r) / n;
        product += (a(r) * hat(r)) / n;
      }
      for (let r = 0; r < n; r++) dx[row * n + r] = deviation[row] * (a(r) - plain - hat(r) * product);
    }
  },
  gradient: () => noSecondDerivative("layerNormGradient"),
  kernels: /* @__PURE__ */ rowVariants(viewOf, plan),
  cost: (call) => ({ flops: 12 * sizeOf(call.inputs[0].shape), bytes: bytesOf(call) }),
  error(call, [x, scale, mean, deviation, gradient], [dx]) {
    const { rows, n } = viewOf(call);
    const bound = new Float64Array(dx.length);
    const factor = sumFactor(n);
    for (let row = 0; row < rows; row++) {
      const hat = (r: number) => Math.abs((x[row * n + r] - mean[row]) * deviation[row]);
      const a = (r: number) => Math.abs(gradient[row * n + r] * scale[r]);
      let plain = 0;
      let product = 0;
      for (let r = 0; r < n; r++) {
        plain += a(r) / n;
        product += (a(r) * hat(r)) / n;
      }
      for (let r = 0; r < n; r++) {
        const i = row * n + r;
        const terms = 3 * a(r) + (5 + factor) * plain + hat(r) * (10 + factor) * product;
        bound[i] = TINY + U * (Math.abs(deviation[row]) * terms + 2 * Math.abs(dx[i]));
      }
    }
    return [bound];
  },
};

/** The gradient of layerNorm to x, scale and bias. */
export function layerNormGradient(context: GradientContext<LayerNormAttributes>): (Tensor | undefined)[] {
  const [x, scale] = context.inputs as readonly F32[];
  const [, mean, deviation] = context.outputs as readonly F32[];
  const [g, gMean, gDeviation] = context.gradients as readonly (F32 | undefined)[];
  const { axis } = context.attributes;
  const { needs } = context;
  const { n } = rowsOf(x, axis);
  let dx: F32 | undefined;
  if (g && needs[0]) dx = applyOne(layerNormGradientOp, [x, scale, mean, deviation, g], { axis });
  // Where a loss depends on the statistics themselves: dMean/dx = 1/n, dDeviation/dx = −deviation³ (x − mean) / n.
  if (gDeviation && needs[0]) {
    const cube = mul(mul(deviation, deviation), deviation);
    const part = mul(sub(x, mean), affine(mul(gDeviation, cube), -1 / n, 0));
    dx = dx ? (add(dx, part) as F32) : part;
  }
  if (gMean && needs[0]) dx = add(dx ?? mul(x, 0), affine(gMean, 1 / n, 0)) as F32;
  const [products, sums] = g && (needs[1] || needs[2]) ? apply(layerNormSumsOp, [x, mean, deviation, g], { axis }) : [];
  return [dx, products, sums];
}
