import type { Activation, Call, Lowering, Op, Operand, Variant } from "../../graph/op.ts";
import { apply, type Node } from "../../graph/tensor.ts";
import { sizeOf } from "../../graph/types.ts";
import { preferred, rebound } from "../../graph/variant.ts";
import { activationError } from "../matmul/error.ts";
import type { Window } from "../window.ts";
import { directPreference, isDirect, lowerDirect } from "./direct.ts";
import { type GatherKernel, lowerGather, pooledGather } from "./gather.ts";
import { type ConvAttributes, forwardGeometry } from "./problem.ts";
import { gatherKernels } from "./variants.ts";

/** What the fused op needs to know of max pooling; the op itself comes with the node, so that it need not be imported. */
interface PoolAttributes {
  readonly window: Window;
  readonly ceilMode: boolean;
  readonly activation?: Activation;
}

export interface ConvPoolAttributes {
  readonly convolution: { readonly op: Op<ConvAttributes>; readonly attributes: ConvAttributes };
  readonly pool: { readonly op: Op<PoolAttributes>; readonly attributes: PoolAttributes };
}

/** Windows of 2 × 2 side by side, without padding; of an odd plane the last row and column are left out. */
const isPair = ({ window: { size, stride, dilation, padding }, ceilMode }: PoolAttributes): boolean => {
  const all = (numbers: readonly number[], n: number) => numbers.every((m) => m === n);
  return !ceilMode && all([...size, ...stride], 2) && all(dilation, 1) && all(padding.flat(), 0);
};

/** What becomes of a convolution that only a max pooling reads, where one kernel can do both. */
export function absorbPool(node: Node<ConvAttributes>, consumer: Node): ReturnType<NonNullable<Op<ConvAttributes>["absorb"]>> {
  const attributes = consumer.attributes as PoolAttributes;
  const { groups, activation } = node.attributes;
  if (consumer.op.epilogue?.kind !== "maxPool" || activation || !isPair(attributes) || (node.inputs[1].shape[3] / groups) % 4 !== 0)
    return undefined;
  const pool = { op: consumer.op as unknown as Op<PoolAttributes>, attributes };
  return { op: conv2dMaxPoolOp, inputs: node.inputs, attributes: { convolution: { op: node.op, attributes: node.attributes }, pool } };
}

/** The two calls that one call stands for. */
function parts({ inputs, outputs, attributes: { convolution, pool } }: Call<ConvPoolAttributes>) {
  const between = convolution.op.shape(inputs, convolution.attributes);
  const convolve: Call<ConvAttributes> = { inputs, outputs: between, attributes: convolution.attributes };
  const take: Call<PoolAttributes> = { inputs: between, outputs, attributes: pool.attributes };
  return { convolve, take, size: sizeOf(between[0].shape) };
}

/** One kernel after the other, with the convolution's result between them. */
const separate: Variant<ConvPoolAttributes> = {
  name: "separate",
  allowed: () => true,
  preference: () => 0,
  plan(call, device) {
    const { convolve, take } = parts(call);
    const plan = <A>(op: Op<A>, inner: Call<A>): Lowering =>
      preferred(
        op.kernels.filter((variant) => variant.allowed(inner, device)),
        inner,
        device,
      ).plan(inner, device);
    const [first, second] = [plan(call.attributes.convolution.op, convolve), plan(call.attributes.pool.op, take)];
    const own = first.temporaries ?? [];
    const between: Operand = { temporary: 0 };
    return {
      dispatches: [
        ...rebound(first, (operand) =>
          "output" in operand ? between : "temporary" in operand ? { temporary: 1 + operand.temporary } : operand,
        ),
        ...rebound(second, (operand) =>
          "input" in operand ? between : "temporary" in operand ? { temporary: 1 + own.length + operand.temporary } : operand,
        ),
      ],
      temporaries: [...convolve.outputs, ...own, ...(second.temporaries ?? [])],
    };
  },
};

const geometry = ({ inputs: [x, filter], attributes: { convolution } }: Call<ConvPoolAttributes>) =>
  forwardGeometry(x.shape, filter.shape, convolution.attributes);
const gather = (call: Call<ConvPoolAttributes>) => pooledGather(geometry(call));

/** The call as one of a convolution, whose activation comes after the pooling. */
function convolutionOf(call: Call<ConvPoolAttributes>): Call<ConvAttributes> {
  const { convolution, pool } = call.attributes;
  const { activation } = pool.attributes;
  return { ...call, attributes: { ...convolution.attributes, ...(activation ? { activation } : {}) } };
}

/** shaders/conv_direct for two lines at a time. */
const pooledDirect: Variant<ConvPoolAttributes> = {
  name: "pooled direct",
  allowed: (call) => isDirect(gather(call)),
  preference: (call, device) => (device.software ? directPreference(gather(call), device) : -2),
  plan: (call) => lowerDirect(convolutionOf(call), gather(call)),
};

/** A kernel of shaders/conv_gather whose tiles are made of windows, with pooling as its epilogue. */
function pooledVariant(shape: GatherKernel): Variant<ConvPoolAttributes> {
  return {
    name: `pooled ${shape.name}`,
    allowed: (call, device) => shape.rows % (4 * (shape.share ?? 1)) === 0 && shape.allowed(gather(call), device),
    preference: (call, device) => (device.software ? shape.preference(gather(call), device) : -2),
    plan: (call) => lowerGather(convolutionOf(call), geometry(call), gather(call), shape, false),
  };
}

/** The pooled values' bounds, and for each word of winners whether a rounding could have made another tap the winner. */
function pooledError(call: Call<ConvPoolAttributes>, inputs: readonly Float64Array[], [y, winners]: readonly Float64Array[]) {
  const { convolve, take, size } = parts(call);
  const z = new Float64Array(size);
  call.attributes.convolution.op.reference(convolve, inputs, [z]);
  const [bound] = call.attributes.convolution.op.error(convolve, inputs, [z]);
  const { activation } = call.attributes.pool.attributes;
  const [, h, w, c] = convolve.outputs[0].shape;
  const [, oh, ow] = take.outputs[0].shape;
  const errors = new Float64Array(y.length);
  const ambiguous = new Float64Array(winners.length);
  for (let i = 0; i < y.length; i++) {
    const [channel, pixel] = [i % c, Math.floor(i / c)];
    const [ox, line] = [pixel % ow, Math.floor(pixel / ow)];
    const [oy, image] = [line % oh, Math.floor(line / oh)];
    const taps = [0, 1, 2, 3].map((t) => ((image * h + 2 * oy + (t >> 1)) * w + 2 * ox + (t & 1)) * c + channel);
    const boundAt = (at: number): number => (typeof bound === "number" ? bound : bound[at]);
    const best = taps.reduce((a, b) => (z[b] > z[a] || Number.isNaN(z[b]) ? b : a));
    const rivals = taps.filter((at) => z[at] + boundAt(at) >= z[best] - boundAt(best));
    const error = Math.max(...rivals.map(boundAt));
    errors[i] = activation ? activationError(activation, z[best], y[i], error) : error;
    if (rivals.length > 1) ambiguous[i >> 2] = Number.POSITIVE_INFINITY;
  }
  return [errors, ambiguous];
}

/**
 * Convolution, bias, 2 × 2 max pooling and activation as one node: what the planner makes of a {@link conv2dOp} that only a max pooling
 * reads. Inputs as for conv2d; outputs as of max pooling, the same bits as from the separate kernels of equal tiles.
 */
export const conv2dMaxPoolOp: Op<ConvPoolAttributes> = {
  name: "conv2dMaxPool2d",
  shape: (inputs, { convolution, pool }) => pool.op.shape(convolution.op.shape(inputs, convolution.attributes), pool.attributes),
  reference(call, inputs, outputs) {
    const { convolve, take, size } = parts(call);
    const z = new Float64Array(size);
    call.attributes.convolution.op.reference(convolve, inputs, [z]);
    call.attributes.pool.op.reference(take, [z], outputs);
  },
  gradient({ inputs, outputs, gradients, needs, attributes: { convolution, pool } }) {
    const z = apply(convolution.op, inputs, convolution.attributes);
    const [dz] = pool.op.gradient({ inputs: z, outputs, attributes: pool.attributes, gradients, needs: [true] });
    if (!dz) return inputs.map(() => undefined);
    return convolution.op.gradient({ inputs, outputs: z, attributes: convolution.attributes, gradients: [dz], needs });
  },
  kernels: [pooledDirect, ...gatherKernels.map(pooledVariant), separate],
  cost(call) {
    const { convolve, take } = parts(call);
    const flops = call.attributes.convolution.op.cost(convolve).flops + call.attributes.pool.op.cost(take).flops;
    return { flops, bytes: 4 * [...call.inputs, ...call.outputs].reduce((sum, type) => sum + sizeOf(type.shape), 0) };
  },
  error: pooledError,
};
