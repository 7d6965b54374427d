import { UnrollError } from "../../errors.ts";
import type { GradientContext } from "../../graph/op.ts";
import type { F32, Tensor } from "../../graph/tensor.ts";
import { sizeOf } from "../../graph/types.ts";
import { sumTo } from "../reduce/sum-to.ts";
import { reshape } from "../shape/reshape.ts";
import { matmul } from "./matmul.ts";
import { broadcastBatch, type MatmulAttributes, matrixSizes } from "./problem.ts";

/** dLoss/d(a·b + bias) from dLoss/dy. */
function beforeActivation({ attributes, gradients, outputs }: GradientContext<MatmulAttributes>): F32 {
  const gradient = gradients[0] as F32;
  const f = attributes.activation;
  if (!f) return gradient;
  if (!f.gradientFromOutput)
    throw new UnrollError(
      "gradient",
      `matmul: activation ${f.name} has no gradient that needs only its result; apply it as an op of its own`,
    );
  return f.gradientFromOutput(gradient, outputs[0]) as F32;
}

/**
 * dA = dC·Bᵀ and dB = Aᵀ·dC, each with the transposes of the call and summed over the axes that were broadcast;
 * dbias is the sum over all rows.
 */
export function matmulGradient(context: GradientContext<MatmulAttributes>): readonly (Tensor | undefined)[] {
  const { inputs, needs } = context;
  const { transposeA, transposeB } = context.attributes;
  const [a, b, bias] = inputs as readonly F32[];
  const { m, n } = matrixSizes(a.shape, b.shape, context.attributes);
  const dz = beforeActivation(context);
  // Vectors become matrices.
  const batch = broadcastBatch(a.shape.slice(0, -2), b.shape.slice(0, -2)) ?? [];
  const matrixA = a.shape.length === 1 ? reshape(a, [1, a.shape[0]]) : a;
  const matrixB = b.shape.length === 1 ? reshape(b, [b.shape[0], 1]) : b;
  const dc = a.shape.length === 1 || b.shape.length === 1 ? reshape(dz, [...batch, m, n]) : dz;
  const back = (gradient: F32, to: F32, matrix: F32): F32 => {
    const summed = sumTo(gradient, matrix.shape);
    return to === matrix ? summed : reshape(summed, to.shape);
  };
  const da = () =>
    transposeA ? matmul(matrixB, dc, { transposeA: transposeB, transposeB: true }) : matmul(dc, matrixB, { transposeB: !transposeB });
  const db = () => {
    // One b for all of a: the rows of all matrices are one long sum.
    const flat = matrixB.shape.length === 2 && matrixA.shape.length > 2 && !transposeA;
    const rows = (x: F32) => (flat ? reshape(x, [sizeOf(x.shape.slice(0, -1)), x.shape[x.shape.length - 1]]) : x);
    const [x, d] = [rows(matrixA), rows(dc)];
    return transposeB ? matmul(d, x, { transposeA: true, transposeB: transposeA }) : matmul(x, d, { transposeA: !transposeA });
  };
  return [
    needs[0] ? back(da(), a, matrixA) : undefined,
    needs[1] ? back(db(), b, matrixB) : undefined,
    ...(bias ? [needs[2] ? sumTo(dz, bias.shape) : undefined] : []),
  ];
}
