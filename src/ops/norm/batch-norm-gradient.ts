import { inverseRootLibrary } from "../../../shaders/lib/math.wgsl.ts";
import type { Call, Op } from "../../graph/op.ts";
import { byteLength, type Shape, sizeOf, stridesOf } from "../../graph/types.ts";
import { pointwise, TINY, U } from "../pointwise/define.ts";
import { sumFactor } from "../reduce/define.ts";
import { checkChannels } from "./batch-norm-check.ts";
import { checkEpsilon, checkF32, checkShape, noSecondDerivative, ROOT_UNITS } from "./common.ts";
import { planSums, type View } from "./parts.ts";

interface Attributes {
  readonly epsilon: number;
}

interface GradientAttributes extends Attributes {
  /** R, the rows that statistics were taken over. */
  readonly rows: number;
}

/** Strides of a vector of C values along the axes of x [..., C]. */
export const byChannelOf = (shape: Shape): number[] => shape.map((_, axis) => (axis === shape.length - 1 ? 1 : 0));

/** x [..., C] as [1, R, C]. */
export const columnsOf = (shape: Shape): View => {
  const inner = shape[shape.length - 1];
  return { outer: 1, reduce: sizeOf(shape.slice(0, -1)), inner };
};

/**
 * Inputs x, mean, variance, gradient. Outputs Σ gradient · x̂ and Σ gradient over all axes but the last: the gradients of scale and
 * bias.
 */
export const batchNormSumsOp: Op<Attributes> = {
  name: "batchNormSums",
  shape(inputs, { epsilon }) {
    checkF32("batchNormSums", ["x", "mean", "variance", "gradient"], inputs);
    checkEpsilon("batchNormSums", epsilon);
    const [x, mean, variance, gradient] = inputs;
    checkChannels("batchNormSums", x, { mean, variance });
    checkShape("batchNormSums", "gradient", gradient, x.shape, x);
    return [mean, mean].map(({ dtype, shape }) => ({ dtype, shape }));
  },
  reference(call, [x, mean, variance, gradient], [products, sums]) {
    products.fill(0);
    sums.fill(0);
    eachElement(call, (i, c) => {
      products[c] += (gradient[i] * (x[i] - mean[c])) / Math.sqrt(variance[c] + call.attributes.epsilon);
      sums[c] += gradient[i];
    });
  },
  gradient: () => noSecondDerivative("batchNormSums"),
  kernels: [
    {
      name: "columns",
      allowed: () => true,
      plan(call, device) {
        const view = columnsOf(call.inputs[0].shape);
        if (view.inner === 0) return { dispatches: [] };
        return planSums(
          "batchNormSums",
          {
            view,
            statistics: "inner",
            spread: "variance",
            epsilon: call.attributes.epsilon,
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
  cost: ({ inputs, outputs }) => ({
    flops: 5 * sizeOf(inputs[0].shape),
    bytes: [...inputs, ...outputs].reduce((n, t) => n + byteLength(t), 0),
  }),
  error(call, [x, mean, variance, gradient]) {
    const bounds = call.outputs.map(({ shape }) => new Float64Array(sizeOf(shape)));
    eachElement(call, (i, c) => {
      bounds[0][c] += Math.abs((gradient[i] * (x[i] - mean[c])) / Math.sqrt(variance[c] + call.attributes.epsilon));
      bounds[1][c] += Math.abs(gradient[i]);
    });
    const factor = sumFactor(columnsOf(call.inputs[0].shape).reduce);
    return [
      bounds[0].map((product) => TINY + U * (ROOT_UNITS + 3 + factor) * product),
      bounds[1].map((sum) => TINY + U * (1 + factor) * sum),
    ];
  },
};

/** Calls `visit` with each element and its channel. */
function eachElement(call: Call<Attributes>, visit: (i: number, c: number) => void): void {
  const { reduce, inner } = columnsOf(call.inputs[0].shape);
  for (let r = 0; r < reduce; r++) for (let c = 0; c < inner; c++) visit(r * inner + c, c);
}

/**
 * dLoss/dx of batch normalisation with the statistics of the batch. Inputs x, scale, mean, variance, gradient, and the two sums S1 = Σ
 * gradient · x̂ and S2 = Σ gradient over the R rows: scale / √(variance + ε) · (gradient − (S2 + x̂ · S1) / R).
 */
export const batchNormGradientOp: Op<GradientAttributes> = /* @__PURE__ */ pointwise<GradientAttributes>({
  name: "batchNormGradient",
  inputs: ["x", "scale", "mean", "variance", "gradient", "products", "sums"],
  wgsl: "batch_gradient(a - c, b, inverse_root(d + params.epsilon), e, f * params.share, g * params.share)",
  library: /* @__PURE__ */ inverseRootLibrary().concat(`
fn batch_gradient(distance: f32, scale: f32, factor: f32, gradient: f32, product: f32, sum: f32) -> f32 {
  return scale * factor * (gradient - sum - distance * factor * product);
}
`),
  params: ({ epsilon, rows }) => ({ epsilon, share: 1 / rows }),
  check: ({ epsilon }) => checkEpsilon("batchNormGradient", epsilon),
  shape: ([x, scale, mean, variance, gradient, products, sums]) => {
    checkShape("batchNormGradient", "gradient", gradient, x.shape, x);
    return checkChannels("batchNormGradient", x, { scale, mean, variance, products, sums }).shape;
  },
  strides: ({ inputs: [x] }) => {
    const byElement = stridesOf(x.shape);
    const byChannel = byChannelOf(x.shape);
    return [byElement, byChannel, byChannel, byChannel, byElement, byChannel, byChannel];
  },
  value: ([x, scale, mean, variance, gradient, products, sums], { epsilon, rows }) => {
    const deviation = Math.sqrt(variance + epsilon);
    return (scale / deviation) * (gradient - (sums + ((x - mean) / deviation) * products) / rows);
  },
  error: ([x, scale, mean, variance, gradient, products, sums], y, { epsilon, rows }) => {
    const deviation = Math.sqrt(variance + epsilon);
    const product = Math.abs(((x - mean) / deviation) * (products / rows));
    const terms = 2 * Math.abs(gradient) + 4 * Math.abs(sums / rows) + (ROOT_UNITS + 6) * product;
    return U * (Math.abs(scale / deviation) * terms + (ROOT_UNITS + 2) * Math.abs(y));
  },
  gradient: () => noSecondDerivative("batchNormGradient"),
  flops: 9,
});
