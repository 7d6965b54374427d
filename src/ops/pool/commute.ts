import type { Activation } from "../../graph/op.ts";
import { apply, type F32, type Source, type Tensor } from "../../graph/tensor.ts";
import type { PoolAttributes } from "./geometry.ts";
import { maxPoolOp } from "./max.ts";

/**
 * What `x` was before an activation that never decreases, if that made it: an op of its own, or what a product or a convolution does
 * last.
 */
function beforeActivation(x: Tensor): { readonly z: F32; readonly activation: Activation } | undefined {
  if (x.source.kind !== "node") return undefined;
  const { op, inputs, attributes, outputs } = x.source.node;
  const fits = (activation: Activation | undefined) => activation?.increasing === true && activation.gradientFromOutput !== undefined;
  if (op.epilogue?.kind === "activation")
    return fits(op.epilogue.activation) ? { z: inputs[0] as F32, activation: op.epilogue.activation } : undefined;
  const { activation, ...rest } = (attributes ?? {}) as { activation?: Activation };
  // An op that absorbs an activation is the same op without it.
  if (!op.absorb || outputs.length !== 1 || !activation || !fits(activation)) return undefined;
  return { z: apply(op, inputs, rest as never)[0] as F32, activation };
}

/**
 * Max pooling of `shaped(x)`. f(maximum of z) is the maximum of f(z), for an f that never decreases, and so are the gradients: where the two name different winners,
 * f is flat. So an activation right before max pooling is applied to the maxima: fewer elements, and the gradient needs nothing of the
 * size of x, which is what allows one kernel for convolution, activation and pooling.
 */
export function maxPoolAfter(x: F32, attributes: PoolAttributes, shaped: (x: F32) => F32 = (it) => it): F32 {
  const before = beforeActivation(x);
  const asGiven = (): readonly Tensor[] => apply(maxPoolOp, [shaped(x)], attributes);
  if (!before) return asGiven()[0] as F32;
  const { node } = asGiven()[0].source as Extract<Source, { kind: "node" }>;
  const { z, activation } = before;
  return apply(maxPoolOp, [shaped(z)], { ...attributes, activation }, { of: x, node })[0] as F32;
}
