import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { gridLibrary } from "./lib/grid.wgsl.ts";
import { type Epilogue, type MatmulLayout, matmulBindings, matmulLoads, matmulStore, matmulTile } from "./lib/matmul.wgsl.ts";
import { each, matmulFinish, matmulStart, matmulStep } from "./lib/matmul-step.wgsl.ts";

export interface MatmulSkinnyOptions {
  readonly layout: MatmulLayout;
  readonly epilogue: Epilogue;
}

/**
 * C[m, n] = f(Σ_k A[m, k]·B[k, n] + bias[n]) for few rows, on real GPUs: the work is to read B once, with enough invocations to keep
 * the memory busy.
 *
 * Shapes: A [M, K] (or [K, M]), B [K, N] (or [N, K]), bias [N], C [M, N] or, split, [splits, batches, M, N].
 * A workgroup computes 4 × 64 of C: 16 groups of four columns × 8 slices of K. A slice takes every eighth step of four terms; the
 * slices are added in a fixed order through 2 KiB of workgroup memory.
 * Cost: ⌈M/4⌉·K·N elements of B loaded, and 12 additions of vec4 through workgroup memory at the end.
 */
export function matmulSkinny({ layout, epilogue }: MatmulSkinnyOptions): string {
  const step = { layout, rows: 4, columns: 4, quad: false };
  return wgsl`
${matmulBindings(layout, epilogue.bias)}
${gridLibrary}
${matmulTile}
${matmulStore(layout.vectorC, epilogue)}
${matmulLoads(layout)}
const SLICES = 8u;
const GROUPS = 16u;
var<workgroup> sums: array<vec4<f32>, 128>;
fn add_slices(sum: vec4<f32>, slice: u32, group: u32) -> vec4<f32> {
  sums[slice * GROUPS + group] = sum;
  workgroupBarrier();
  for (var half = SLICES / 2u; half > 0u; half /= 2u) {
    if (slice < half) { sums[slice * GROUPS + group] += sums[(slice + half) * GROUPS + group]; }
    workgroupBarrier();
  }
  let total = sums[group];
  workgroupBarrier();
  return total;
}
@compute @workgroup_size(128)
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let tile = tile_of(linear_workgroup(workgroup, workgroups), 4u, 64u);
  if (!tile.inside) { return; }
  let slice = local / GROUPS;
  let group = local % GROUPS;
  let column = tile.column + group * 4u;
${matmulStart(step)}
  let k_end = tile.k_end;
  for (var k = tile.k_begin + 4u * slice; k < k_end; k += 4u * SLICES) {
${matmulStep(step)}
  }
${each(4, (r) => `c${r}_0 = add_slices(c${r}_0, slice, group);`)}
  if (slice > 0u) { return; }
${matmulFinish(step)}
}
`;
}
