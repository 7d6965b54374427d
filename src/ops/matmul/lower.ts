import { type Epilogue, type MatmulLayout, matmulParams } from "../../../shaders/lib/matmul.wgsl.ts";
import { matmulSplits } from "../../../shaders/matmul-splits.wgsl.ts";
import { type Kernel, kernel, read, write } from "../../graph/kernel.ts";
import type { Activation, Call, Dispatch, Lowering, Operand } from "../../graph/op.ts";
import { foldGrid } from "../grid.ts";
import { type BatchDimension, batchSize, type MatmulAttributes, matmulProblem, matrixStarts, type Problem } from "./problem.ts";

/** A kernel that multiplies matrices with the bindings and params of shaders/lib/matmul, and how it cuts the work. */
export interface MatmulKernel {
  readonly name: string;
  wgsl(layout: MatmulLayout, epilogue: Epilogue): string;
  /** The part of C that one workgroup computes is the same for all: workgroups = ⌈tiles / tilesPerWorkgroup⌉. */
  readonly rows: number;
  readonly columns: number;
  readonly tilesPerWorkgroup: number;
  /** In how many parts to cut K, when `tiles` tiles are there. */
  splits(problem: Problem, tiles: number): number;
}

export const layoutOf = ({ m, n, k, transposeA, transposeB }: Problem): MatmulLayout => ({
  transposeA,
  transposeB,
  vectorA: (transposeA ? m : k) % 4 === 0,
  vectorB: (transposeB ? k : n) % 4 === 0,
  vectorC: n % 4 === 0,
  raggedK: k % 4 !== 0,
});

const activationSource = (f: Activation | undefined) => f && { library: f.wgslLibrary ?? "", expression: f.wgsl };

/** Terms per split: equal parts, rounded up to 32 so that whole steps of every kernel fit. */
const termsPerSplit = (k: number, splits: number): number => (splits === 1 ? Math.max(k, 1) : 32 * Math.ceil(k / splits / 32));

/**
 * Dispatches for one product: one for each setting of the batch dimensions beyond the innermost two (nearly always one dispatch),
 * and a second pass where K is split.
 */
export function lowerMatmul(call: Call<MatmulAttributes>, shape: MatmulKernel): Lowering {
  const problem = matmulProblem(call);
  const { m, n, k, batch } = problem;
  if (m * n * batchSize(problem) === 0) return { dispatches: [] };
  const outerStarts = matrixStarts(batch.slice(0, -2));
  const none: BatchDimension = { size: 1, a: 0, b: 0 };
  const inner = batch.at(-1) ?? none;
  const outer = batch.at(-2) ?? none;
  const batches = inner.size * outer.size;
  const tiles = Math.ceil(m / shape.rows) * Math.ceil(n / shape.columns) * batches;
  const wanted = outerStarts.length > 1 ? 1 : Math.max(1, shape.splits(problem, tiles));
  const kSplit = termsPerSplit(k, wanted);
  const splits = Math.max(1, Math.ceil(k / kSplit));
  const bias = call.inputs.length === 3;
  const epilogue: Epilogue = { bias, activation: activationSource(call.attributes.activation) };
  const main = matmulKernel(shape, layoutOf(problem), splits > 1 ? { bias: false } : epilogue);
  const c: Operand = splits > 1 ? { temporary: 0 } : { output: 0 };
  const operands: Record<string, Operand> = {
    a: { input: 0 },
    b: { input: 1 },
    ...(bias && splits === 1 ? { bias: { input: 2 } } : {}),
    c,
  };
  const dispatches: Dispatch[] = outerStarts.map((start, i) => ({
    kernel: main,
    bindings: operands,
    params: {
      m,
      n,
      k,
      k_split: kSplit,
      splits,
      batches,
      batch_inner: inner.size,
      a_outer: outer.a,
      a_inner: inner.a,
      a_base: start.a,
      b_outer: outer.b,
      b_inner: inner.b,
      b_base: start.b,
      c_base: i * batches * m * n,
    },
    workgroups: foldGrid(Math.ceil((tiles * splits) / shape.tilesPerWorkgroup)),
  }));
  if (splits === 1) return { dispatches };
  const size = batches * m * n;
  const second = sumSplits(epilogue, size, splits, n, { ...(bias ? { bias: { input: 2 } as const } : {}) });
  return { dispatches: [...dispatches, second], temporaries: [{ dtype: "f32", shape: [splits, size] }] };
}

function matmulKernel(shape: MatmulKernel, layout: MatmulLayout, epilogue: Epilogue): Kernel {
  const f32 = read("f32");
  const form = `${layout.transposeA ? "t" : "n"}${layout.transposeB ? "t" : "n"}`;
  return kernel({
    name: `matmul ${form} ${shape.name}`,
    wgsl: shape.wgsl(layout, epilogue),
    bindings: { a: f32, b: f32, ...(epilogue.bias ? { bias: f32 } : {}), c: write("f32") },
    params: matmulParams,
  });
}

/** The ordered second pass: output 0 from temporary 0. */
export function sumSplits(epilogue: Epilogue, size: number, splits: number, n: number, bias: { bias?: Operand }): Dispatch {
  const vector = n % 4 === 0;
  const count = vector ? size / 4 : size;
  return {
    kernel: kernel({
      name: "matmul splits",
      wgsl: matmulSplits({ epilogue, vector }),
      bindings: { partial: read("f32"), ...(epilogue.bias ? { bias: read("f32") } : {}), c: write("f32") },
      params: { size: "u32", splits: "u32", n: "u32" },
    }),
    bindings: { partial: { temporary: 0 }, ...bias, c: { output: 0 } },
    params: { size: count, splits, n },
    workgroups: foldGrid(Math.ceil(count / 64)),
  };
}
