import type { Call } from "../../graph/op.ts";
import { activationError, sumError } from "./error.ts";
import { type MatmulAttributes, matmulProblem, matrixStarts } from "./problem.ts";

/** Element `index` of C = f(A·B + bias) and its bound: the reference and its error for calls too large to be computed whole. */
export function matmulSpot(
  call: Call<MatmulAttributes>,
  [a, b, bias]: readonly Float64Array[],
  index: number,
): { readonly value: number; readonly error: number } {
  const { m, n, k, transposeA, transposeB, batch } = matmulProblem(call);
  const start = matrixStarts(batch)[Math.floor(index / (m * n))];
  const row = Math.floor(index / n) % m;
  const column = index % n;
  let sum = 0;
  let magnitude = 0;
  for (let t = 0; t < k; t++) {
    const x = a[start.a + (transposeA ? t * m + row : row * k + t)];
    const y = b[start.b + (transposeB ? column * k + t : t * n + column)];
    sum += x * y;
    magnitude += Math.abs(x * y);
  }
  const z = bias ? sum + bias[column] : sum;
  const error = sumError(k, magnitude) + (bias ? 2 ** -24 * Math.abs(z) : 0);
  const f = call.attributes.activation;
  return f ? { value: f.reference(z), error: activationError(f, z, f.reference(z), error) } : { value: z, error };
}
