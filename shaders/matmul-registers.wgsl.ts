import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { type Epilogue, matmulBindings, matmulLoads, matmulStore, matmulTile } from "./lib/matmul.wgsl.ts";
import { type MatmulStep, matmulFinish, matmulStart, matmulStep } from "./lib/matmul-step.wgsl.ts";
import { registersKernel } from "./lib/registers.wgsl.ts";

export interface MatmulRegistersOptions extends MatmulStep {
  readonly epilogue: Epilogue;
  /** Invocations of a workgroup; 4 with `quad`. */
  readonly workgroup: number;
}

/**
 * C[m, n] = f(Σ_k A[m, k]·B[k, n] + bias[n]) with sums in registers and no workgroup memory: the fastest form on software GPUs,
 * where a load from storage costs as much as dozens of multiply-adds wherever it comes from.
 *
 * Shapes: A [M, K] (or [K, M]), B [K, N] (or [N, K]), bias [N], C [M, N], all row-major, in batches that params lead to. With
 * `splits` > 1, C is [splits, batches, M, N] and holds partial sums (see matmul-splits).
 * An invocation (a quad of invocations) computes rows × columns (rows × 4·columns) of C, and of K the part `k_split` of its split.
 * Cost of four terms: rows + columns loads of vec4 (with quads rows / 4 + columns) for 4·rows·columns multiply-adds.
 */
export function matmulRegisters(options: MatmulRegistersOptions): string {
  const { layout, epilogue, rows, columns, quad, workgroup } = options;
  return registersKernel(
    { rows, columns, quad, workgroup },
    wgsl`${matmulBindings(layout, epilogue.bias)}
${matmulTile}
${matmulStore(layout.vectorC, epilogue)}
${matmulLoads(layout)}`,
    wgsl`${matmulStart(options)}
  let k_end = tile.k_end;
  for (var k = tile.k_begin; k < k_end; k += 4u) {
${matmulStep(options)}
  }
${matmulFinish(options)}`,
  );
}
