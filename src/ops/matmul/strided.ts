import { matmulStrided, STRIDED_TILE, STRIDED_WORKGROUP, stridedParams } from "../../../shaders/matmul-strided.wgsl.ts";
import { kernel, read, type Workgroups, write } from "../../graph/kernel.ts";
import type { Call, Lowering, Variant } from "../../graph/op.ts";
import { batchSize, type MatmulAttributes, matmulProblem, type Problem } from "./problem.ts";

/**
 * Multiply-adds up to which the time that the large tiles take to compile is not won back: 0.1 to 0.25 s for each transposition, for
 * 0.1 ms that they save here.
 */
const SMALL = 2 ** 18;
const MOST_WORKGROUPS = 65535;

function workgroupsOf(problem: Problem): Workgroups {
  const [across, down] = STRIDED_WORKGROUP.map((size) => size * STRIDED_TILE);
  return [Math.ceil(problem.n / across), Math.ceil(problem.m / down), batchSize(problem)];
}

function plan(call: Call<MatmulAttributes>): Lowering {
  const problem = matmulProblem(call);
  const { m, n, k, transposeA, transposeB, batch } = problem;
  if (m * n * batchSize(problem) === 0) return { dispatches: [] };
  const f = call.attributes.activation;
  const biased = call.inputs.length > 2;
  const matrix = batch[0] ?? { a: 0, b: 0 };
  return {
    dispatches: [
      {
        kernel: kernel({
          name: "matmul strided 4×4",
          wgsl: matmulStrided({ activation: f && { library: f.wgslLibrary ?? "", expression: f.wgsl } }),
          bindings: { a: read("f32"), b: read("f32"), bias: read("f32"), c: write("f32") },
          params: stridedParams,
        }),
        // Without a bias, b stands in its place and is not read there.
        bindings: { a: { input: 0 }, b: { input: 1 }, bias: { input: biased ? 2 : 1 }, c: { output: 0 } },
        params: {
          m,
          n,
          k,
          a_row: transposeA ? 1 : k,
          a_term: transposeA ? m : 1,
          a_matrix: matrix.a,
          b_column: transposeB ? k : 1,
          b_term: transposeB ? 1 : n,
          b_matrix: matrix.b,
          biased: Number(biased),
        },
        workgroups: workgroupsOf(problem),
      },
    ],
  };
}

/** Small products on a software GPU: one pipeline for all of them. */
export const stridedVariant: Variant<MatmulAttributes> = {
  name: "strided 4×4",
  allowed: (call) => {
    const problem = matmulProblem(call);
    return problem.batch.length <= 1 && workgroupsOf(problem).every((count) => count <= MOST_WORKGROUPS);
  },
  preference: (call, device) => {
    const problem = matmulProblem(call);
    const { m, n, k } = problem;
    return device.software && m > 1 && m * n * k * batchSize(problem) <= SMALL ? 7 : -2;
  },
  plan,
};
