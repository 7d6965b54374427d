import type { Call } from "../../graph/op.ts";
import { type MatmulAttributes, matmulProblem, matrixStarts, type Problem } from "./problem.ts";

/** C = A·B for one matrix of the batch, in the order that walks the second factor as it lies in memory. */
function product(p: Problem, a: Float64Array, b: Float64Array, c: Float64Array, at: { a: number; b: number; c: number }): void {
  const { m, n, k } = p;
  const [row, term] = p.transposeA ? [1, m] : [k, 1];
  for (let i = 0; i < m; i++)
    if (p.transposeB)
      for (let j = 0; j < n; j++) {
        let sum = 0;
        for (let t = 0; t < k; t++) sum += a[at.a + i * row + t * term] * b[at.b + j * k + t];
        c[at.c + i * n + j] = sum;
      }
    else
      for (let t = 0; t < k; t++) {
        const x = a[at.a + i * row + t * term];
        for (let j = 0; j < n; j++) c[at.c + i * n + j] += x * b[at.b + t * n + j];
      }
}

/** Σ_k A[m, k]·B[k, n] for the whole batch, without bias and activation. */
export function multiply(call: Call<MatmulAttributes>, a: Float64Array, b: Float64Array): Float64Array {
  const p = matmulProblem(call);
  const starts = matrixStarts(p.batch);
  const out = new Float64Array(starts.length * p.m * p.n);
  for (const [i, start] of starts.entries()) product(p, a, b, out, { ...start, c: i * p.m * p.n });
  return out;
}

/** Σ_k A·B + bias: what the activation is applied to. */
export function preActivation(call: Call<MatmulAttributes>, inputs: readonly Float64Array[]): Float64Array {
  const [a, b, bias] = inputs;
  const sums = multiply(call, a, b);
  if (bias) for (let i = 0; i < sums.length; i++) sums[i] += bias[i % bias.length];
  return sums;
}

/** C = f(A·B + bias). */
export function matmulReference(call: Call<MatmulAttributes>, inputs: readonly Float64Array[], outputs: readonly Float64Array[]): void {
  const f = call.attributes.activation?.reference;
  const z = preActivation(call, inputs);
  outputs[0].set(f ? z.map((x) => f(x)) : z);
}
