import { inverseRootLibrary } from "../../../shaders/lib/math.wgsl.ts";
import { check, checkOptions } from "../../errors.ts";
import type { Call, GradientContext, Lowering, Op } from "../../graph/op.ts";
import { apply, applyOne, type F32, type Tensor } from "../../graph/tensor.ts";
import { byteLength, formatType, type Shape, sizeOf, stridesOf } from "../../graph/types.ts";
import { affine } from "../pointwise/affine.ts";
import { add, mul, sub } from "../pointwise/arithmetic.ts";
import { canVectorize } from "../pointwise/broadcast.ts";
import { checkTensor, lowerPointwise } from "../pointwise/define.ts";
import { checkChannels } from "./batch-norm-check.ts";
import { batchNormGradientOp, batchNormSumsOp, byChannelOf, columnsOf } from "./batch-norm-gradient.ts";
import type { NormAttributes, NormOptions } from "./batch-norm-inference.ts";
import { checkEpsilon, checkF32, EPSILON, momentsOf, normalizedError, withOperands } from "./common.ts";
import { planStatistics } from "./parts.ts";

/** Inputs x, scale, bias; outputs y, and mean and variance of each channel. */
export const batchNormOp: Op<NormAttributes> = {
  name: "batchNormTrain",
  shape(inputs, { epsilon }) {
    checkF32("batchNormTrain", ["x", "scale", "bias"], inputs);
    checkEpsilon("batchNormTrain", epsilon);
    const [x, scale, bias] = inputs;
    checkChannels("batchNormTrain", x, { scale, bias });
    check(columnsOf(x.shape).reduce > 0, "shape", () => `batchNormTrain: x is ${formatType(x)}: no rows to take statistics over`);
    return [x, scale, scale].map(({ dtype, shape }) => ({ dtype, shape }));
  },
  reference(call, [x, scale, bias], [y, mean, variance]) {
    eachChannel(call, x, (c, moments, place, reduce) => {
      mean[c] = moments.mean;
      variance[c] = moments.variance;
      const deviation = Math.sqrt(moments.variance + call.attributes.epsilon);
      for (let r = 0; r < reduce; r++) y[place(r)] = ((x[place(r)] - mean[c]) / deviation) * scale[c] + bias[c];
    });
  },
  gradient: gradientOf,
  kernels: [
    {
      name: "columns",
      allowed: () => true,
      plan: (call, device) => {
        const { shape } = call.inputs[0];
        if (sizeOf(shape) === 0) return { dispatches: [] };
        const statistics = planStatistics(
          "batchNorm",
          {
            view: columnsOf(shape),
            spread: "variance",
            epsilon: 0,
            x: { input: 0 },
            mean: { output: 1 },
            result: { output: 2 },
            temporary: 0,
          },
          device,
        );
        const byChannel = byChannelOf(shape);
        const strides = [stridesOf(shape), byChannel, byChannel, byChannel, byChannel];
        const vector = canVectorize(shape, strides);
        const normalize: Lowering = lowerPointwise(
          {
            name: `batchNorm ${vector ? "vec4" : "scalar"}`,
            dtype: "f32",
            shape,
            strides,
            expression: "(a - d) * inverse_root(e + params.epsilon) * b + c",
            library: inverseRootLibrary(),
            params: { epsilon: call.attributes.epsilon },
          },
          vector,
          undefined,
          device,
        );
        const operands = [{ input: 0 }, { input: 1 }, { input: 2 }, { output: 1 }, { output: 2 }];
        return {
          ...statistics,
          dispatches: [...statistics.dispatches, ...normalize.dispatches.map((dispatch) => withOperands(dispatch, operands))],
        };
      },
    },
  ],
  cost: ({ inputs, outputs }) => ({
    flops: 9 * sizeOf(inputs[0].shape),
    // x twice: its statistics must be known before the first result.
    bytes: byteLength(inputs[0]) + [...inputs, ...outputs].reduce((n, type) => n + byteLength(type), 0),
  }),
  error(call, [x, scale, bias], [y, mean, variance]) {
    const bounds = [y, mean, variance].map((output) => new Float64Array(output.length));
    eachChannel(call, x, (c, moments, place, reduce) => {
      bounds[1][c] = 1e-37 + moments.meanError;
      bounds[2][c] = 1e-37 + moments.varianceError;
      for (let r = 0; r < reduce; r++) {
        const i = place(r);
        bounds[0][i] = normalizedError(x[i], scale[c], bias[c], y[i], moments, call.attributes.epsilon);
      }
    });
    return bounds;
  },
};

function eachChannel(
  call: Call<NormAttributes>,
  x: Float64Array,
  visit: (c: number, moments: ReturnType<typeof momentsOf>, place: (r: number) => number, reduce: number) => void,
): void {
  const { reduce, inner } = columnsOf(call.inputs[0].shape);
  for (let c = 0; c < inner; c++) {
    const place = (r: number) => r * inner + c;
    visit(
      c,
      momentsOf(reduce, (r) => x[place(r)]),
      place,
      reduce,
    );
  }
}

function gradientOf({ inputs, outputs, attributes, gradients, needs }: GradientContext<NormAttributes>): (Tensor | undefined)[] {
  const [x, scale] = inputs as readonly F32[];
  const [, mean, variance] = outputs as readonly F32[];
  const [g, gMean, gVariance] = gradients as readonly (F32 | undefined)[];
  const { epsilon } = attributes;
  const rows = columnsOf(x.shape).reduce;
  const parts: F32[] = [];
  const [products, sums] = g ? (apply(batchNormSumsOp, [x, mean, variance, g], { epsilon }) as F32[]) : [];
  if (g && needs[0]) parts.push(applyOne(batchNormGradientOp, [x, scale, mean, variance, g, products, sums], { epsilon, rows }));
  // Where a loss depends on the statistics themselves: dMean/dx = 1/R, dVariance/dx = 2 (x − mean) / R.
  if (gVariance && needs[0]) parts.push(mul(sub(x, mean), affine(gVariance, 2 / rows, 0)));
  const dx = parts.length > 0 ? parts.reduce((a, b) => add(a, b) as F32) : undefined;
  const shift = gMean && needs[0] ? affine(gMean, 1 / rows, 0) : undefined;
  return [shift ? add(dx ?? mul(x, 0), shift) : dx, products, sums];
}

/** What {@link batchNormTrain} gives. */
export interface BatchNormResult<S extends Shape> {
  readonly y: F32<S>;
  /** Of each channel, [C]. */
  readonly mean: F32<readonly [number]>;
  /** Of each channel, [C]: the mean square distance from the mean (divided by the number of rows, not by one less). */
  readonly variance: F32<readonly [number]>;
}

/**
 * Batch normalisation as in training: y = (x − mean) / √(variance + ε) · scale + bias with mean and variance of each channel (the last
 * axis) over all other axes. x [..., C], scale and bias [C]. Ioffe and Szegedy, "Batch normalization", 2015.
 * Mean and variance are computed about the mean, so that data far from 0 lose no accuracy.
 * @throws UnrollError `shape` when scale or bias are not [C], or x has no rows.
 */
export function batchNormTrain<S extends Shape>(
  x: F32<S>,
  scale: F32<readonly [number]>,
  bias: F32<readonly [number]>,
  options: NormOptions = {},
): BatchNormResult<S> {
  for (const [name, value] of Object.entries({ x, scale, bias })) checkTensor("batchNormTrain", name, value);
  checkOptions("batchNormTrain", options, ["epsilon"]);
  const [y, mean, variance] = apply(batchNormOp, [x, scale, bias], { epsilon: options.epsilon ?? EPSILON });
  return { y, mean, variance } as unknown as BatchNormResult<S>;
}
