import { type CrossEntropyGradientShaderOptions, crossEntropyGradientShader } from "../../../shaders/cross_entropy_gradient.wgsl.ts";
import { type Bindings, type Kernel, kernel, read, readWrite, write } from "../../graph/kernel.ts";
import type { Call, Lowering, Op, Variant } from "../../graph/op.ts";
import { applyOne, type F32, type Tensor } from "../../graph/tensor.ts";
import { sizeOf } from "../../graph/types.ts";
import { foldGrid } from "../grid.ts";
import { affine } from "../pointwise/affine.ts";
import { div, mul, sub } from "../pointwise/arithmetic.ts";
import { logSumExp } from "../reduce/logs.ts";
import { reshape } from "../shape/reshape.ts";
import { noSecondDerivative, reciprocal, TINY, U } from "./common.ts";
import {
  type CrossEntropyAttributes,
  isCounted,
  labelRange,
  nameOf,
  placesOf,
  rowsOf,
  targetOf,
  targetParams,
} from "./cross-entropy-call.ts";

type CrossEntropyCall = Pick<Call<CrossEntropyAttributes>, "inputs" | "attributes">;

/** Inputs: those of the loss, statistics (for logits), upstream gradient, divisor (where the mean's divisor depends on data). */
function gradientPlaces(call: CrossEntropyCall): { statistics: number; upstream: number; divisor: number | undefined } {
  const { next } = placesOf(call.attributes);
  const upstream = call.attributes.logits ? next + 1 : next;
  return { statistics: next, upstream, divisor: isCounted(call) ? upstream + 1 : undefined };
}

const scaleOf = (call: CrossEntropyCall): number => (call.attributes.reduction === "mean" && !isCounted(call) ? 1 / rowsOf(call).rows : 1);

function gradientKernel(options: CrossEntropyGradientShaderOptions): Kernel {
  const bindings: Bindings = {
    ...(options.logits && !options.inPlace ? { scores: read("f32") } : {}),
    goal: read(options.target),
    ...(options.mask ? { mask: read("f32") } : {}),
    ...(options.classWeights ? { class_weights: read("f32") } : {}),
    ...(options.logits ? { statistics: read("f32") } : {}),
    upstream: read("f32"),
    ...(options.divisor ? { divisor: read("f32") } : {}),
    result: options.inPlace && options.logits ? readWrite("f32") : write("f32"),
  };
  return kernel({
    name: "cross_entropy_gradient",
    wgsl: crossEntropyGradientShader(options),
    bindings,
    params: { size: "u32", classes: "u32", inner: "u32", ignore: "i32", smoothing: "f32", scale: "f32" },
  });
}

function plan(call: Call<CrossEntropyAttributes>, vec4: boolean, inPlace: boolean): Lowering {
  const { attributes } = call;
  const { logits, mask, classWeights, reduction, labelSmoothing } = attributes;
  const { classes, inner } = rowsOf(call);
  const places = placesOf(attributes);
  const { statistics, upstream, divisor } = gradientPlaces(call);
  const size = sizeOf(call.inputs[0].shape) / (vec4 ? 4 : 1);
  return {
    dispatches: [
      {
        kernel: gradientKernel({
          target: call.inputs[1].dtype as "f32" | "i32" | "u32",
          logits,
          mask,
          classWeights,
          smoothing: labelSmoothing > 0,
          each: reduction === "none",
          divisor: divisor !== undefined,
          inPlace,
          vec4,
        }),
        bindings: {
          ...(logits && !inPlace ? { scores: { input: 0 } } : {}),
          goal: { input: 1 },
          ...(mask ? { mask: { input: places.mask } } : {}),
          ...(classWeights ? { class_weights: { input: places.classWeights } } : {}),
          ...(logits ? { statistics: { input: statistics } } : {}),
          upstream: { input: upstream },
          ...(divisor === undefined ? {} : { divisor: { input: divisor } }),
          result: { output: 0 },
        },
        params: { size, classes, inner, ...targetParams(attributes), scale: scaleOf(call) },
        workgroups: foldGrid(Math.ceil(size / 64)),
      },
    ],
  };
}

const variant = (name: string, vec4: boolean): Variant<CrossEntropyAttributes> => ({
  name,
  allowed(call) {
    const { classes, inner } = rowsOf(call);
    return !vec4 || (inner === 1 && classes % 4 === 0);
  },
  preference: () => (vec4 ? 1 : 0),
  inPlace: ({ inputs, attributes }) => (attributes.logits && inputs.indexOf(inputs[0], 1) < 0 ? [0] : []),
  plan: (call, _device, inPlace) => plan(call, vec4, inPlace === 0),
});

/** What one element of the gradient is made of: factor · (first − second). */
function parts(
  call: CrossEntropyCall,
  inputs: readonly Float64Array[],
  visit: (at: number, g: number, first: number, second: number, d: number) => void,
) {
  const { logits, reduction } = call.attributes;
  const { rows, classes } = rowsOf(call);
  const places = gradientPlaces(call);
  const target = targetOf(call, inputs);
  const scale = places.divisor === undefined ? scaleOf(call) : reciprocal(inputs[places.divisor][0]);
  for (let row = 0; row < rows; row++) {
    const g = inputs[places.upstream][reduction === "none" ? row : 0] * scale;
    const m = logits ? inputs[places.statistics][2 * row] : 0;
    const share = logits ? inputs[places.statistics][2 * row + 1] : 0;
    for (let c = 0; c < classes; c++) {
      const at = target.at(row, c);
      const d = logits ? inputs[0][at] - m : 0;
      visit(at, g, logits && share !== 0 ? share * Math.exp(d) : 0, target.weight(row) * target.share(row, c), d);
    }
  }
}

/** dLoss/dscores of the cross-entropy. */
export const crossEntropyGradientOp: Op<CrossEntropyAttributes> = {
  name: "crossEntropyGradient",
  shape: (inputs) => [{ dtype: "f32", shape: inputs[0].shape }],
  reference(call, inputs, [result]) {
    parts(call, inputs, (at, g, first, second) => {
      result[at] = g * (first - second);
    });
  },
  gradient: ({ attributes }) => noSecondDerivative(nameOf(attributes)),
  indices: labelRange,
  kernels: [/* @__PURE__ */ variant("vec4", true), /* @__PURE__ */ variant("scalar", false)],
  cost({ inputs }) {
    const size = sizeOf(inputs[0].shape);
    return { flops: 5 * size, bytes: 8 * size };
  },
  error(call, inputs, [result]) {
    const bound = new Float64Array(result.length);
    parts(call, inputs, (at, g, first, second, d) => {
      // exp: 3 + 2 |x| units in the last place; the rest are single roundings.
      const exponential = first === 0 ? 0 : (10 + 3 * Math.abs(d)) * Math.abs(first);
      bound[at] = U * Math.abs(g) * (exponential + 8 * Math.abs(second)) + TINY;
    });
    return [bound];
  },
};

/** The gradients of a cross-entropy to its inputs: to the scores and to probabilities, none to mask and class weights. */
export function crossEntropyGradient(
  { inputs, attributes }: { readonly inputs: readonly Tensor[]; readonly attributes: CrossEntropyAttributes },
  upstream: Tensor | undefined,
  statistics: Tensor | undefined,
  divisor: Tensor | undefined,
  needs: readonly boolean[],
): readonly (Tensor | undefined)[] {
  if (!upstream) return [];
  const all = [...inputs, ...(statistics ? [statistics] : []), upstream, ...(divisor ? [divisor] : [])];
  return [
    needs[0] ? applyOne(crossEntropyGradientOp, all, attributes) : undefined,
    needs[1] && inputs[1].dtype === "f32"
      ? probabilityGradient({ inputs, attributes }, upstream as F32, divisor as F32 | undefined)
      : undefined,
  ];
}

/** dLoss/dt_c = −g · scale · k w_c (1 − ε) log softmax(x)_c. Rare (distillation), so it is made of ops that most apps have anyway. */
function probabilityGradient(
  call: { readonly inputs: readonly Tensor[]; readonly attributes: CrossEntropyAttributes },
  upstream: F32,
  divisor?: F32,
): F32 {
  const { inputs, attributes } = call;
  const { axis, mask, classWeights, labelSmoothing, reduction } = attributes;
  const places = placesOf(attributes);
  const scores = inputs[0] as F32;
  const along = scores.shape.map((n, i) => (i === axis ? 1 : n));
  let factor = affine(reduction === "none" ? reshape(upstream, along) : upstream, (labelSmoothing - 1) * scaleOf(call), 0);
  if (divisor) factor = div(factor, divisor);
  if (mask) factor = mul(factor, reshape(inputs[places.mask] as F32, along));
  if (classWeights) {
    const weights = scores.shape.map((n, i) => (i === axis ? n : 1));
    factor = mul(factor, reshape(inputs[places.classWeights] as F32, weights));
  }
  // Twice: the first time takes away what is large in the scores, the second what rounding left of it.
  const normalised = (x: F32) => sub(x, logSumExp(x, { axes: [axis], keepDimensions: true }));
  return mul(normalised(normalised(scores)), factor);
}
