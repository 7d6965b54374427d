import { onDemand } from "../../graph/on-demand.ts";
import type { Activation, Call, Op, Variant } from "../../graph/op.ts";
import type { F32, Node } from "../../graph/tensor.ts";
import { sizeOf } from "../../graph/types.ts";
import { TINY } from "../pointwise/define.ts";
import { eachTap, type Geometry, type PoolAttributes, poolGeometry, winnerForm, winnersType } from "./geometry.ts";
import { planMaxPool } from "./max-plan.ts";
import { maxUnpoolBy } from "./unpool.ts";

export interface MaxPoolAttributes extends PoolAttributes {
  /** Applied to the maximum. Must have a gradient from its output. */
  readonly activation?: Activation;
}

const plan = /* @__PURE__ */ onDemand(planMaxPool);

const geometryOf = ({ inputs, attributes }: Call<MaxPoolAttributes>): Geometry => poolGeometry("maxPool2d", inputs[0], attributes);

const variant = (vector: boolean): Variant<MaxPoolAttributes> => ({
  name: vector ? "vec4" : "scalar",
  allowed: ({ inputs: [x], attributes }) => (vector ? x.shape[3] % 4 === 0 : winnerForm(x.shape[3], attributes.window) === "words"),
  plan: (call, device) => plan(geometryOf(call), call.attributes.activation, vector, device),
});

/** The maxima of each window, and the position of the first of them; NaN is larger than every number, and of several the last wins. */
export function firstMaxima(geometry: Geometry, x: Float64Array): { y: Float64Array; positions: Int32Array } {
  const { n, c, plane, counts } = geometry;
  const pixels = counts[0] * counts[1];
  const y = new Float64Array(n * pixels * c).fill(Number.NEGATIVE_INFINITY);
  const positions = new Int32Array(y.length).fill(-1);
  for (let image = 0; image < n; image++)
    eachTap(geometry, (o, i, position) => {
      for (let channel = 0; channel < c; channel++) {
        const to = (image * pixels + o) * c + channel;
        const value = x[(image * plane[0] * plane[1] + i) * c + channel];
        if (positions[to] >= 0 && !(value > y[to] || Number.isNaN(value))) continue;
        y[to] = value;
        positions[to] = position;
      }
    });
  return { y, positions };
}

/** Max pooling: the maxima and, as output 1, the winners in a form that only the gradient and `maxPoolIndices` read. */
export const maxPoolOp: Op<MaxPoolAttributes> = {
  name: "maxPool2d",
  shape([x], attributes) {
    const geometry = poolGeometry("maxPool2d", x, attributes);
    return [{ dtype: "f32", shape: [geometry.n, ...geometry.counts, geometry.c] }, winnersType(geometry)];
  },
  reference(call, [x], [y, winners]) {
    const geometry = geometryOf(call);
    const maxima = firstMaxima(geometry, x);
    const f = call.attributes.activation;
    y.set(f ? maxima.y.map((z) => f.reference(z)) : maxima.y);
    packWinners(winnerForm(geometry.c, geometry.window), maxima.positions, winners);
  },
  gradient({ inputs: [x], outputs: [y, winners], gradients: [gradient], attributes: { window, activation } }) {
    if (!gradient) return [undefined];
    const before = activation?.gradientFromOutput ? activation.gradientFromOutput(gradient, y) : gradient;
    return [maxUnpoolBy(before as F32, winners, window, [x.shape[1], x.shape[2]])];
  },
  kernels: [variant(true), variant(false)],
  cost: ({ inputs: [x], outputs, attributes: { window } }) => ({
    flops: sizeOf(outputs[0].shape) * window.size[0] * window.size[1],
    bytes: 4 * [x, ...outputs].reduce((sum, type) => sum + sizeOf(type.shape), 0),
  }),
  error(call, [x], [y]) {
    const f = call.attributes.activation;
    if (!f) return [0, 0];
    const { y: maxima } = firstMaxima(geometryOf(call), x);
    return [maxima.map((z, i) => TINY + f.error(z, y[i])), 0];
  },
  absorb: absorbActivation,
  epilogue: { kind: "maxPool" },
};

/** Positions in the form in which they are kept. */
export function packWinners(form: "bytes" | "words", positions: Int32Array, winners: Float64Array): void {
  if (form === "words") {
    winners.set(positions);
    return;
  }
  winners.fill(0);
  positions.forEach((position, i) => {
    winners[i >> 2] += position * 2 ** (8 * (i & 3));
  });
}

/** An activation of the maxima is applied in the same kernel. */
function absorbActivation(node: Node<MaxPoolAttributes>, consumer: Node) {
  const epilogue = consumer.op.epilogue;
  if (node.attributes.activation || epilogue?.kind !== "activation" || !epilogue.activation.gradientFromOutput) return undefined;
  return { op: maxPoolOp, inputs: node.inputs, attributes: { ...node.attributes, activation: epilogue.activation } };
}
