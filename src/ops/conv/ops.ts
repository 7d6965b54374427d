import { UnrollError } from "../../errors.ts";
import type { Call, GradientContext, Op } from "../../graph/op.ts";
import { applyOne, type F32, type Node, type Tensor } from "../../graph/tensor.ts";
import { sizeOf } from "../../graph/types.ts";
import { sumTo } from "../reduce/sum-to.ts";
import { conv2dShape, filterGradientShape, inputGradientShape } from "./check.ts";
import { convError, sums } from "./error.ts";
import { absorbPool } from "./pooled.ts";
import {
  type ConvAttributes,
  filterGradientGeometry,
  forwardGeometry,
  type Geometry,
  type InputGradientAttributes,
  inputGradientGeometry,
  multiplyAdds,
  type Operands,
} from "./problem.ts";
import { convSpot } from "./spot.ts";
import { filterGradientKernels, forwardKernels, inputGradientKernels } from "./variants.ts";

export type F32x4 = F32<readonly [number, number, number, number]>;

const NONE = /* @__PURE__ */ new Float64Array(0);

interface Faces<A> {
  readonly geometry: (call: Call<A>) => Geometry;
  /** Which tensor of the three is computed, and which inputs 0 and 1 are. */
  readonly into: keyof Operands;
  readonly from: readonly [keyof Operands, keyof Operands];
}

/** Reference, cost and error: the same for all three, as each adds up the same products. */
function faces<A extends ConvAttributes>({ geometry, into, from }: Faces<A>): Pick<Op<A>, "reference" | "cost" | "error" | "spot"> {
  const operandsOf = (inputs: readonly Float64Array[]): Operands => ({
    x: NONE,
    filter: NONE,
    y: NONE,
    [from[0]]: inputs[0],
    [from[1]]: inputs[1],
  });
  return {
    reference(call, inputs, [out]) {
      const f = call.attributes.activation?.reference;
      const z = sums(geometry(call), into, operandsOf(inputs), out.length, inputs[2]);
      out.set(f ? z.map((x) => f(x)) : z);
    },
    cost: (call) => ({
      flops: 2 * multiplyAdds(geometry(call)),
      bytes: 4 * [...call.inputs, ...call.outputs].reduce((sum, type) => sum + sizeOf(type.shape), 0),
    }),
    error: (call, inputs, [out]) => [convError(geometry(call), into, operandsOf(inputs), inputs[2], call.attributes.activation, out)],
    spot: (call, inputs, index) => convSpot(geometry(call), into, operandsOf(inputs), inputs[2], call.attributes.activation, index),
  };
}

/** dLoss/d(sums + bias) from dLoss/dy. */
function beforeActivation({ attributes, gradients, outputs }: GradientContext<ConvAttributes>): F32x4 {
  const gradient = gradients[0] as F32x4;
  const f = attributes.activation;
  if (!f) return gradient;
  if (!f.gradientFromOutput)
    throw new UnrollError(
      "gradient",
      `conv2d: activation ${f.name} has no gradient that needs only its result; apply it as an op of its own`,
    );
  return f.gradientFromOutput(gradient, outputs[0]) as F32x4;
}

/** Takes over a bias along the channels, and then an activation whose gradient needs only its result. */
function absorb<A extends ConvAttributes>(node: Node<A>, consumer: Node) {
  const epilogue = consumer.op.epilogue;
  const [y] = node.outputs;
  if (epilogue === undefined || node.attributes.activation) return undefined;
  if (epilogue.kind === "activation") {
    if (!epilogue.activation.gradientFromOutput) return undefined;
    return { op: node.op, inputs: node.inputs, attributes: { ...node.attributes, activation: epilogue.activation } };
  }
  const bias = consumer.inputs.find((tensor) => tensor !== y);
  const fits =
    node.inputs.length === 2 &&
    consumer.inputs.length === 2 &&
    bias?.dtype === "f32" &&
    bias.shape.length === 1 &&
    bias.shape[0] === y.shape.at(-1);
  return fits ? { op: node.op, inputs: [...node.inputs, bias], attributes: node.attributes } : undefined;
}

const withoutActivation = ({ window, groups }: ConvAttributes): ConvAttributes => ({ window, groups });

/** conv2d without options, from attributes that fit. */
export function convolution(x: Tensor, filter: Tensor, bias: Tensor | undefined, attributes: ConvAttributes): F32x4 {
  return applyOne(conv2dOp, bias ? [x, filter, bias] : [x, filter], attributes);
}

/** The gradient of x of a convolution, and the transposed convolution. */
export function inputGradient(gradient: Tensor, filter: Tensor, bias: Tensor | undefined, attributes: InputGradientAttributes): F32x4 {
  return applyOne(conv2dInputGradientOp, bias ? [gradient, filter, bias] : [gradient, filter], attributes);
}

export function filterGradient(x: Tensor, gradient: Tensor, attributes: ConvAttributes): F32x4 {
  return applyOne(conv2dFilterGradientOp, [x, gradient], attributes);
}

const sizeOfInput = (x: Tensor): readonly [number, number] => [x.shape[1], x.shape[2]];

/** The op behind conv2d: x [N, H, W, C_in], filter [KH, KW, C_in/groups, C_out] and perhaps bias [C_out] → [N, OH, OW, C_out]. */
export const conv2dOp: Op<ConvAttributes> = {
  name: "conv2d",
  shape: conv2dShape,
  .../* @__PURE__ */ faces<ConvAttributes>({
    geometry: ({ inputs, attributes }) => forwardGeometry(inputs[0].shape, inputs[1].shape, attributes),
    into: "y",
    from: ["x", "filter"],
  }),
  gradient(context) {
    const { inputs, needs } = context;
    const [x, filter, bias] = inputs;
    const attributes = withoutActivation(context.attributes);
    const dz = beforeActivation(context);
    return [
      needs[0] ? inputGradient(dz, filter, undefined, { ...attributes, size: sizeOfInput(x) }) : undefined,
      needs[1] ? filterGradient(x, dz, attributes) : undefined,
      ...(bias ? [needs[2] ? sumTo(dz, bias.shape) : undefined] : []),
    ];
  },
  kernels: forwardKernels,
  absorb: (node, consumer) => absorb(node, consumer) ?? absorbPool(node, consumer),
};

/**
 * The gradient of x from that of y, which is the transposed convolution: gradient [N, OH, OW, C_out], filter [KH, KW, C_in/groups, C_out]
 * and perhaps bias [C_in] → [N, H, W, C_in].
 */
export const conv2dInputGradientOp: Op<InputGradientAttributes> = {
  name: "conv2dInputGradient",
  shape: inputGradientShape,
  .../* @__PURE__ */ faces<InputGradientAttributes>({
    geometry: ({ inputs, attributes }) => inputGradientGeometry(inputs[0].shape, inputs[1].shape, attributes),
    into: "x",
    from: ["y", "filter"],
  }),
  gradient(context) {
    const { inputs, needs } = context;
    const [gradient, filter, bias] = inputs;
    const attributes = withoutActivation(context.attributes);
    const dz = beforeActivation(context);
    return [
      needs[0] ? convolution(dz, filter, undefined, attributes) : undefined,
      needs[1] ? filterGradient(dz, gradient, attributes) : undefined,
      ...(bias ? [needs[2] ? sumTo(dz, bias.shape) : undefined] : []),
    ];
  },
  kernels: inputGradientKernels,
  absorb,
};

/** The gradient of the filter: x [N, H, W, C_in] and the gradient [N, OH, OW, C_out] of y → [KH, KW, C_in/groups, C_out]. */
export const conv2dFilterGradientOp: Op<ConvAttributes> = {
  name: "conv2dFilterGradient",
  shape: filterGradientShape,
  .../* @__PURE__ */ faces<ConvAttributes>({
    geometry: ({ inputs, attributes }) => filterGradientGeometry(inputs[0].shape, inputs[1].shape, attributes),
    into: "filter",
    from: ["x", "y"],
  }),
  gradient({ inputs: [x, gradient], attributes, gradients, needs }) {
    const ofFilter = gradients[0] as F32;
    return [
      needs[0] ? inputGradient(gradient, ofFilter, undefined, { ...attributes, size: sizeOfInput(x) }) : undefined,
      needs[1] ? convolution(x, ofFilter, undefined, attributes) : undefined,
    ];
  },
  kernels: filterGradientKernels,
};
