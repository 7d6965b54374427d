import { type Epilogue, type MatmulLayout, matmulParams } from "../../../shaders/lib/matmul.wgsl.ts";
import { matmulRegisters } from "../../../shaders/matmul-registers.wgsl.ts";
import { matmulSkinny } from "../../../shaders/matmul-skinny.wgsl.ts";
import { matmulTiled } from "../../../shaders/matmul-tiled.wgsl.ts";
import { type Kernel, kernel, read, write } from "../../graph/kernel.ts";
import type { Activation, Call, DeviceTraits, Dispatch, Lowering, Operand } from "../../graph/op.ts";
import { foldGrid } from "../grid.ts";
import { type BatchDimension, batchSize, type MatmulAttributes, matmulProblem, matrixStarts, type Problem } from "./problem.ts";
import { sumSplits, withoutEpilogue } from "./splits.ts";

/** A kernel that multiplies matrices with the bindings and params of shaders/lib/matmul, and how it cuts the work. */
export interface MatmulKernel {
  readonly name: string;
  /** Sums in registers, of each invocation or of quads; or in workgroup memory, where tiles are large or have few rows. */
  readonly form:
    | { readonly rows: number; readonly columns: number; readonly quad: boolean; readonly workgroup: number }
    | "tiled"
    | "skinny";
  /** The tile of C, and how many tiles a workgroup computes. */
  readonly rows: number;
  readonly columns: number;
  readonly tilesPerWorkgroup: number;
  /** In how many parts to cut K, when `tiles` tiles are there. */
  splits(k: number, tiles: number): number;
  /** Bind everything as vec4 or nothing. */
  readonly coarse?: boolean;
  /** Whether it works, and makes sense. */
  allowed(problem: Problem, device: DeviceTraits): boolean;
  /** The allowed kernel with the highest preference is taken. */
  preference(problem: Problem, device: DeviceTraits): number;
}

/** The layouts that make a difference to a kernel. `coarse`: vec4 for all or for none, which is fewer pipelines. */
function layoutOf({ m, n, k, transposeA, transposeB }: Problem, coarse: boolean): MatmulLayout {
  const all = k % 4 === 0 && n % 4 === 0 && (!transposeA || m % 4 === 0);
  if (coarse) return { transposeA, transposeB, vectorA: all, vectorB: all, vectorC: all, raggedK: !all };
  return {
    transposeA,
    transposeB,
    vectorA: (transposeA ? m : k) % 4 === 0,
    vectorB: (transposeB ? k : n) % 4 === 0,
    vectorC: n % 4 === 0,
    raggedK: k % 4 !== 0,
  };
}

/** How K is cut: equal parts, rounded up to 32 so that whole steps of every kernel fit. */
export function cutSum(k: number, parts: number): { splits: number; kSplit: number } {
  const kSplit = parts <= 1 ? Math.max(k, 1) : 32 * Math.ceil(k / parts / 32);
  return { splits: Math.max(1, Math.ceil(k / kSplit)), kSplit };
}

/** Tiles of C in all matrices of the batch. */
export const tilesOf = (shape: MatmulKernel, { m, n }: Problem, batches: number): number =>
  Math.ceil(m / shape.rows) * Math.ceil(n / shape.columns) * batches;

/**
 * Multiply-adds above which K is cut. Up to here the second pass costs more than it gains; and the products of a small recurrent network
 * take as many dispatches for a long sequence as for a short one.
 */
const WORTH_CUTTING = 2 ** 22;

/** In how many parts a kernel wants K to be cut. */
export const partsOf = (shape: MatmulKernel, problem: Problem, batches: number): number =>
  problem.m * problem.n * problem.k * batches <= WORTH_CUTTING ? 1 : shape.splits(problem.k, tilesOf(shape, problem, batches));

const single: BatchDimension = { size: 1, a: 0, b: 0 };

/** One dispatch: a product whose batch has at most two dimensions, beginning at `start` in a, b and c. */
export interface ProductDispatch {
  readonly shape: MatmulKernel;
  readonly problem: Problem;
  readonly splits: number;
  readonly kSplit: number;
  readonly epilogue: Epilogue;
  readonly operands: { readonly a: Operand; readonly b: Operand; readonly bias?: Operand; readonly c: Operand };
  readonly start: { readonly a: number; readonly b: number; readonly c: number };
}

export function productDispatch({ shape, problem, splits, kSplit, epilogue, operands, start }: ProductDispatch): Dispatch {
  const { m, n, k, batch } = problem;
  const inner = batch.at(-1) ?? single;
  const outer = batch.at(-2) ?? single;
  const batches = inner.size * outer.size;
  return {
    kernel: matmulKernel(shape, layoutOf(problem, shape.coarse ?? false), epilogue),
    bindings: { ...operands },
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
      c_base: start.c,
    },
    workgroups: foldGrid(Math.ceil((tilesOf(shape, problem, batches) * splits) / shape.tilesPerWorkgroup)),
  };
}

function wgslOf({ form }: MatmulKernel, layout: MatmulLayout, epilogue: Epilogue): string {
  if (form === "tiled") return matmulTiled({ layout, epilogue });
  return form === "skinny" ? matmulSkinny({ layout, epilogue }) : matmulRegisters({ layout, epilogue, ...form });
}

function matmulKernel(shape: MatmulKernel, layout: MatmulLayout, epilogue: Epilogue): Kernel {
  const form = `${layout.transposeA ? "t" : "n"}${layout.transposeB ? "t" : "n"}`;
  return kernel({
    name: `matmul ${form} ${shape.name}`,
    wgsl: wgslOf(shape, layout, epilogue),
    bindings: { a: read("f32"), b: read("f32"), ...(epilogue.bias ? { bias: read("f32") } : {}), c: write("f32") },
    params: matmulParams,
  });
}

const activationSource = (f: Activation | undefined) => f && { library: f.wgslLibrary ?? "", expression: f.wgsl };

/**
 * Dispatches for one call: one for each setting of the batch dimensions beyond the innermost two (nearly always one dispatch), and
 * a second pass where K is split.
 */
export function lowerMatmul(call: Call<MatmulAttributes>, shape: MatmulKernel): Lowering {
  const problem = matmulProblem(call);
  const { m, n, k } = problem;
  if (m * n * batchSize(problem) === 0) return { dispatches: [] };
  const outer = matrixStarts(problem.batch.slice(0, -2));
  const inner: Problem = { ...problem, batch: problem.batch.slice(-2) };
  const batches = batchSize(inner);
  const { splits, kSplit } = cutSum(k, outer.length > 1 ? 1 : partsOf(shape, problem, batches));
  const bias: Operand | undefined = call.inputs.length === 3 ? { input: 2 } : undefined;
  const epilogue: Epilogue = { bias: bias !== undefined, activation: activationSource(call.attributes.activation) };
  const size = batches * m * n;
  const common = { shape, problem: inner, splits, kSplit };
  const factors = { a: { input: 0 }, b: { input: 1 } };
  if (splits > 1) {
    const operands = { ...factors, c: { temporary: 0 } };
    const parts = productDispatch({ ...common, epilogue: withoutEpilogue, operands, start: { a: 0, b: 0, c: 0 } });
    return { dispatches: [parts, sumSplits(size, splits, n, epilogue, bias)], temporaries: [{ dtype: "f32", shape: [splits, size] }] };
  }
  const operands = { ...factors, ...(bias ? { bias } : {}), c: { output: 0 } };
  return { dispatches: outer.map((start, i) => productDispatch({ ...common, epilogue, operands, start: { ...start, c: i * size } })) };
}
