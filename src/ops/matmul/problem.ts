import type { Activation, Call } from "../../graph/op.ts";
import { type Shape, sizeOf } from "../../graph/types.ts";

export interface MatmulAttributes {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  readonly activation?: Activation;
}

/** A batch dimension of a product: its size, and how far (in elements) one step along it moves in a and in b. */
export interface BatchDimension {
  readonly size: number;
  readonly a: number;
  readonly b: number;
}

/** A matmul call as matrices: `batch` matrices of [M, K]·[K, N], outermost dimension first, as few dimensions as can be. */
export interface Problem {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  readonly batch: readonly BatchDimension[];
}

/** The operands' sizes as matrices; a vector on the left is one row, on the right one column. */
export function matrixSizes(a: Shape, b: Shape, { transposeA, transposeB }: Pick<MatmulAttributes, "transposeA" | "transposeB">) {
  const [ar, ac] = a.length === 1 ? [1, a[0]] : a.slice(-2);
  const [br, bc] = b.length === 1 ? [b[0], 1] : b.slice(-2);
  return { m: transposeA ? ac : ar, ka: transposeA ? ar : ac, kb: transposeB ? bc : br, n: transposeB ? br : bc };
}

/** NumPy's broadcast of the leading axes; undefined where sizes do not fit. */
export function broadcastBatch(a: Shape, b: Shape): number[] | undefined {
  const out: number[] = [];
  const rank = Math.max(a.length, b.length);
  for (let i = 0; i < rank; i++) {
    const x = a[i - rank + a.length] ?? 1;
    const y = b[i - rank + b.length] ?? 1;
    if (x !== y && x !== 1 && y !== 1) return undefined;
    out.push(x === 1 ? y : x);
  }
  return out;
}

/** Steps along the dimensions of `batch` in an operand with the leading axes `own`; 0 where it is broadcast. */
function batchSteps(batch: Shape, own: Shape, matrix: number): number[] {
  const steps: number[] = new Array(batch.length).fill(0);
  let step = matrix;
  for (let i = own.length - 1; i >= 0; i--) {
    if (own[i] !== 1) steps[batch.length - own.length + i] = step;
    step *= own[i];
  }
  return steps;
}

/**
 * Reads shapes as matrices. Batch dimensions that lie evenly behind one another in both operands become one, and where one b serves
 * all of a, the rows of all matrices are the rows of one.
 */
export function matmulProblem(call: Call<MatmulAttributes>): Problem {
  const [a, b] = call.inputs.map((type) => type.shape);
  const { transposeA, transposeB } = call.attributes;
  const sizes = matrixSizes(a, b, call.attributes);
  const batchA = a.slice(0, -2);
  const batchB = b.slice(0, -2);
  const shape = broadcastBatch(batchA, batchB) ?? [];
  const stepsA = batchSteps(shape, batchA, sizes.m * sizes.ka);
  const stepsB = batchSteps(shape, batchB, sizes.n * sizes.kb);
  let batch: BatchDimension[] = [];
  shape.forEach((size, i) => {
    if (size === 1) return;
    const next = { size, a: stepsA[i], b: stepsB[i] };
    const last = batch.at(-1);
    if (last && last.a === next.a * size && last.b === next.b * size) batch[batch.length - 1] = { ...next, size: last.size * size };
    else batch.push(next);
  });
  const transposesA = transposeA && a.length > 1;
  let m = sizes.m;
  const inner = batch.at(-1);
  if (inner && inner.b === 0 && inner.a === m * sizes.ka && !transposesA) {
    m *= inner.size;
    batch = batch.slice(0, -1);
  }
  return { m, n: sizes.n, k: sizes.ka, transposeA: transposesA, transposeB: transposeB && b.length > 1, batch };
}

export const batchSize = (problem: Problem): number => sizeOf(problem.batch.map((dimension) => dimension.size));

/** For each matrix of the batch, in the order of the output: where its a and its b begin. */
export function matrixStarts(batch: readonly BatchDimension[]): { a: number; b: number }[] {
  let starts = [{ a: 0, b: 0 }];
  for (const { size, a, b } of batch)
    starts = starts.flatMap((start) => Array.from({ length: size }, (_, i) => ({ a: start.a + i * a, b: start.b + i * b })));
  return starts;
}
