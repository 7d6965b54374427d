import { check } from "../../errors.ts";
import { onDemand } from "../../graph/on-demand.ts";
import type { Call, GradientContext, Op } from "../../graph/op.ts";
import { applyOne, constant, type F32, type Tensor } from "../../graph/tensor.ts";
import { formatType, sizeOf, type TensorType } from "../../graph/types.ts";
import { concat } from "../shape/concat.ts";
import { pad } from "../shape/pad.ts";
import { reshape } from "../shape/reshape.ts";
import { slice } from "../shape/slice.ts";
import { sumError } from "./error.ts";
import { matmul } from "./matmul.ts";
import type { Problem } from "./problem.ts";
import type { StateSizes } from "./state-outer-product-plan.ts";
import { lowerStateOuterProduct } from "./state-outer-product-plan.ts";
import { matmulKernels } from "./variants.ts";

type Attributes = Record<never, never>;

const lower = /* @__PURE__ */ onDemand(lowerStateOuterProduct);

function shape([sequence, delta, h0]: readonly TensorType[]): readonly TensorType[] {
  for (const [name, type, rank] of [
    ["sequence", sequence, 3],
    ["delta", delta, 3],
    ["h0", h0, 2],
  ] as const) {
    if (name === "h0" && !type) continue;
    check(type && Array.isArray(type.shape), "argument", () => `stateOuterProduct: ${name} must be a tensor, not ${String(type)}`);
    check(type.dtype === "f32", "dtype", () => `stateOuterProduct: ${name} is ${formatType(type)}, it must be f32`);
    check(type.shape.length === rank, "shape", () => `stateOuterProduct: ${name} is ${formatType(type)}, expected rank ${rank}`);
  }
  const [t, b, h] = sequence.shape;
  check(t > 0, "shape", () => `stateOuterProduct: sequence is ${formatType(sequence)}, it needs at least one step`);
  check(
    delta.shape[0] === t && delta.shape[1] === b,
    "shape",
    () =>
      `stateOuterProduct: sequence is ${formatType(sequence)} and delta is ${formatType(delta)}: expected delta to be f32[${t}, ${b}, …]`,
  );
  check(
    !h0 || (h0.shape[0] === b && h0.shape[1] === h),
    "shape",
    () => `stateOuterProduct: h0 is ${formatType(h0)} and sequence is ${formatType(sequence)}: expected h0 to be f32[${b}, ${h}]`,
  );
  return [{ dtype: "f32", shape: [h, delta.shape[2]] }];
}

const sizesOf = ({ inputs: [sequence, delta] }: Call<Attributes>): StateSizes => {
  const [t, b, h] = sequence.shape;
  return { t, b, h, g: delta.shape[2] };
};

/** The product as if states and initial state lay in one matrix of T·B rows. */
function wholeProduct(call: Call<Attributes>): Problem {
  const { t, b, h, g } = sizesOf(call);
  return { m: h, n: g, k: t * b, transposeA: true, transposeB: false, batch: [] };
}

/** out[i, j] = Σ_t Σ_row h_{t-1}[row, i]·δ_t[row, j], with h_{-1} = h0, or 0 where there is none. */
function accumulate(call: Call<Attributes>, [sequence, delta, h0]: readonly Float64Array[], out: Float64Array): Float64Array {
  const { t, b, h, g } = sizesOf(call);
  for (let row = h0 ? 0 : b; row < t * b; row++)
    for (let i = 0; i < h; i++) {
      const previous = row < b ? h0[row * h + i] : sequence[(row - b) * h + i];
      for (let j = 0; j < g; j++) out[i * g + j] += previous * delta[row * g + j];
    }
  return out;
}

type Matrix = F32<readonly [number, number]>;
type Steps = F32<readonly [number, number, number]>;

/** With P_t = h_{t-1}: dP_t = δ_t·Gᵀ, of which step 0 belongs to h0 and the rest to the sequence, and dδ_t = P_t·G. */
function gradient({ inputs, gradients, needs }: GradientContext<Attributes>): readonly (Tensor | undefined)[] {
  const [sequence, delta, h0] = inputs as readonly [Steps, Steps, Matrix?];
  const g = gradients[0] as Matrix;
  const [t, b, h] = sequence.shape;
  const ofPrevious = needs[0] || needs[2] ? matmul(delta, g, { transposeB: true }) : undefined;
  const zero = () => slice(ofPrevious as F32, [0, 0, 0], [1, b, h]);
  const first = (): Steps => (h0 ? reshape(h0, [1, b, h]) : constant(0, [1, b, h]));
  const previous = (): F32 => (t > 1 ? concat([first(), slice(sequence, [0, 0, 0], [t - 1, b, h])], 0) : first());
  return [
    needs[0] && t > 1 ? pad(slice(ofPrevious as F32, [1, 0, 0], [t - 1, b, h]), [0, 0, 0], [1, 0, 0]) : undefined,
    needs[1] ? matmul(previous(), g) : undefined,
    ...(h0 ? [needs[2] ? reshape(zero(), [b, h]) : undefined] : []),
  ];
}

/** The op behind {@link stateOuterProduct}. */
export const stateOuterProductOp: Op<Attributes> = {
  name: "stateOuterProduct",
  shape,
  reference: (call, inputs, [out]) => {
    accumulate(call, inputs, out.fill(0));
  },
  gradient,
  // The kernel for a single row serves inference; a state of one unit takes the next larger tile.
  kernels: /* @__PURE__ */ matmulKernels
    .filter((kernel) => kernel.rows > 1)
    .map((kernel) => ({
      name: kernel.name,
      allowed: (call, device) => kernel.allowed(wholeProduct(call), device),
      preference: (call, device) => kernel.preference(wholeProduct(call), device),
      plan: (call) => lower(sizesOf(call), call.inputs.length > 2, kernel),
    })),
  cost: (call) => {
    const { t, b, h, g } = sizesOf(call);
    return { flops: 2 * t * b * h * g, bytes: 4 * [...call.inputs, ...call.outputs].reduce((sum, type) => sum + sizeOf(type.shape), 0) };
  },
  error: (call, inputs, [out]) => {
    const { t, b } = sizesOf(call);
    const magnitude = accumulate(
      call,
      inputs.map((x) => x.map(Math.abs)),
      new Float64Array(out.length),
    );
    return [magnitude.map((sum) => sumError(t * b, sum))];
  },
};

/**
 * Σ_t h_{t-1}ᵀ·δ_t with h_{-1} = h0, or 0 without h0: the gradient of recurrent weights from the states of a walk, without shifting
 * them in memory. h0 [B, H], sequence [T, B, H], delta [T, B, G] → [H, G].
 * @throws UnrollError `shape`, `dtype` or `argument` when the operands do not fit.
 */
export function stateOuterProduct(h0: Matrix | undefined, sequence: Steps, delta: Steps): Matrix {
  return applyOne(stateOuterProductOp, h0 ? [sequence, delta, h0] : [sequence, delta], {});
}
