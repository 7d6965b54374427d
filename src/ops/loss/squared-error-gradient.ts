import { type SquaredErrorGradientShaderOptions, squaredErrorGradientShader } from "../../../shaders/squared_error_gradient.wgsl.ts";
import { type Bindings, type Kernel, kernel, read, readWrite, write } from "../../graph/kernel.ts";
import type { Call, Lowering, Op, Variant } from "../../graph/op.ts";
import { applyOne, constant, type F32, type Tensor } from "../../graph/tensor.ts";
import { sizeOf } from "../../graph/types.ts";
import { foldGrid } from "../grid.ts";
import { neg } from "../pointwise/affine.ts";
import { mul } from "../pointwise/arithmetic.ts";
import { sum } from "../reduce/sums.ts";
import { type Reduction, reciprocal, TINY, U } from "./common.ts";
import { maskWidth, type SquaredErrorAttributes, squaredErrorFitsVec4 } from "./squared-error-call.ts";

type Attributes = SquaredErrorAttributes;

/** Inputs: y, target, mask (with `mask`), upstream gradient, divisor (of a masked mean). */
interface Places {
  readonly upstream: number;
  readonly divisor: number | undefined;
}

const places = ({ mask, reduction }: Attributes): Places => {
  const upstream = mask ? 3 : 2;
  return { upstream, divisor: mask && reduction === "mean" ? upstream + 1 : undefined };
};

/** What the gradient is multiplied with, besides the upstream gradient and a divisor from a buffer. */
const scaleOf = (reduction: Reduction, mask: boolean, size: number): number => (reduction === "mean" && !mask ? 1 / size : 1);

function gradientKernel(options: SquaredErrorGradientShaderOptions): Kernel {
  const bindings: Bindings = {
    ...(options.inPlace ? {} : { y: read("f32") }),
    goal: read("f32"),
    ...(options.mask ? { mask: read("f32") } : {}),
    upstream: read("f32"),
    ...(options.divisor ? { divisor: read("f32") } : {}),
    result: options.inPlace ? readWrite("f32") : write("f32"),
  };
  return kernel({
    name: "squared_error_gradient",
    wgsl: squaredErrorGradientShader(options),
    bindings,
    params: { size: "u32", width: "u32", scale: "f32" },
  });
}

function plan(call: Call<Attributes>, vec4: boolean, inPlace: boolean): Lowering {
  const { mask, reduction } = call.attributes;
  const { upstream, divisor } = places(call.attributes);
  const size = sizeOf(call.inputs[0].shape);
  const lanes = vec4 ? 4 : 1;
  return {
    dispatches: [
      {
        kernel: gradientKernel({ vec4, mask, each: reduction === "none", divisor: divisor !== undefined, inPlace }),
        bindings: {
          ...(inPlace ? {} : { y: { input: 0 } }),
          goal: { input: 1 },
          ...(mask ? { mask: { input: 2 } } : {}),
          upstream: { input: upstream },
          ...(divisor === undefined ? {} : { divisor: { input: divisor } }),
          result: { output: 0 },
        },
        params: {
          size: size / lanes,
          width: Math.max(1, maskWidth(call.inputs, mask) / lanes),
          scale: scaleOf(reduction, mask, size),
        },
        workgroups: foldGrid(Math.ceil(size / lanes / 64)),
      },
    ],
  };
}

const variant = (name: string, vec4: boolean): Variant<Attributes> => ({
  name,
  allowed: (call) => !vec4 || squaredErrorFitsVec4(call),
  preference: () => (vec4 ? 1 : 0),
  inPlace: ({ inputs }) => (inputs.indexOf(inputs[0], 1) < 0 ? [0] : []),
  plan: (call, _device, inPlace) => plan(call, vec4, inPlace === 0),
});

/** dLoss/dy of the squared error. */
export const squaredErrorGradientOp: Op<Attributes> = {
  name: "squaredErrorGradient",
  shape: (inputs) => [{ dtype: "f32", shape: inputs[0].shape }],
  reference({ inputs, attributes }, arrays, [result]) {
    const { mask, reduction } = attributes;
    const [y, target, weights] = arrays;
    const { upstream, divisor } = places(attributes);
    const width = maskWidth(inputs, mask);
    const scale = divisor === undefined ? scaleOf(reduction, mask, y.length) : reciprocal(arrays[divisor][0]);
    for (let i = 0; i < y.length; i++) {
      const g = arrays[upstream][reduction === "none" ? i : 0];
      const weight = mask ? weights[Math.floor(i / width)] : 1;
      result[i] = weight === 0 ? 0 : 2 * g * scale * weight * (y[i] - target[i]);
    }
  },
  gradient: ({ inputs, attributes, gradients: [v], needs }) => secondDerivatives(inputs, attributes, v as F32, needs),
  kernels: [/* @__PURE__ */ variant("vec4", true), /* @__PURE__ */ variant("scalar", false)],
  cost({ inputs }) {
    const size = sizeOf(inputs[0].shape);
    return { flops: 3 * size, bytes: 12 * size };
  },
  // Up to six roundings and one division.
  error: (_call, _inputs, [result]) => [result.map((value) => 10 * U * Math.abs(value) + TINY)],
};

/** The gradients of a squared error to its inputs: to y, to the target (the negative), none to the mask. */
export function squaredErrorGradient(
  inputs: readonly Tensor[],
  attributes: Attributes,
  upstream: Tensor | undefined,
  divisor: Tensor | undefined,
  needs: readonly boolean[],
): readonly (Tensor | undefined)[] {
  if (!upstream) return [];
  const g = applyOne(squaredErrorGradientOp, [...inputs, upstream, ...(divisor ? [divisor] : [])], attributes) as F32;
  return [needs[0] ? g : undefined, needs[1] ? neg(g) : undefined, undefined];
}

/** The op is linear in y, in −target and in the upstream gradient: each derivative is the op again, with v or 1 in their places. */
function secondDerivatives(
  inputs: readonly Tensor[],
  attributes: Attributes,
  v: F32,
  needs: readonly boolean[],
): readonly (Tensor | undefined)[] {
  const { upstream } = places(attributes);
  const again = (replaced: ReadonlyMap<number, Tensor>): F32 =>
    applyOne(
      squaredErrorGradientOp,
      inputs.map((tensor, i) => replaced.get(i) ?? tensor),
      attributes,
    );
  const zero = constant(0, inputs[0].shape);
  const toY =
    needs[0] || needs[1]
      ? again(
          new Map<number, Tensor>([
            [0, v],
            [1, zero],
          ]),
        )
      : undefined;
  const result: (Tensor | undefined)[] = inputs.map(() => undefined);
  if (toY && needs[0]) result[0] = toY;
  if (toY && needs[1]) result[1] = neg(toY);
  if (needs[upstream]) {
    const each = mul(v, again(new Map([[upstream, constant(1, inputs[upstream].shape)]])));
    result[upstream] = attributes.reduction === "none" ? each : sum(each);
  }
  return result;
}
