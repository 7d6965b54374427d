import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { type FilterLayout, filterBindings, filterLoads, filterTile } from "./lib/conv-filter.wgsl.ts";
import { matmulStore } from "./lib/matmul.wgsl.ts";
import { each, type MatmulStep, matmulStep } from "./lib/matmul-step.wgsl.ts";
import { registersKernel } from "./lib/registers.wgsl.ts";
import { storeAll } from "./lib/store-all.wgsl.ts";

export interface ConvFilterOptions {
  readonly layout: FilterLayout;
  /** Sums that one invocation keeps: elements of a segment × channels of y, both multiples of 4. */
  readonly rows: number;
  readonly columns: number;
  /** The four invocations of a quad take neighbouring channels, and each loads a quarter of x for all. */
  readonly quad: boolean;
  /** Invocations of a workgroup; 4 with `quad`. */
  readonly workgroup: number;
}

/**
 * dw[ky, kx, ci, co] = Σ_{n, oy, ox} x[n, oy·s − p + ky·d, ox·s − p + kx·d, ci]·dy[n, oy, ox, co]: an implicit matrix product of
 * (taps and channels) × channels over all pixels, with sums in registers and no workgroup memory, for software GPUs.
 *
 * Shapes: a (x) [N, H, W, C], b (dy) [N, OH, OW, C'], c [KH, KW, C/groups, C'] or, with `splits` > 1, [splits, …] of partial sums (see
 * matmul-splits). A segment is a row of taps, whose elements are contiguous in x, or a tap. The sum runs over lines of y; lines of x
 * outside of the image are passed over, and within a line each load tests the image's edge.
 * An invocation (a quad of invocations) computes rows × columns (rows × 4·columns) of c.
 * Cost of four terms: rows + columns loads of vec4 (with quads rows / 4 + columns) for 4·rows·columns multiply-adds.
 */
export function convFilter({ layout, rows, columns, quad, workgroup }: ConvFilterOptions): string {
  const across = columns / 4;
  const groups = rows / 4;
  const step: MatmulStep = {
    layout: { ...layout, transposeA: true, transposeB: false, vectorC: layout.vectorB },
    rows,
    columns,
    quad,
  };
  const [unitA, unitB] = [layout.vectorA ? 4 : 1, layout.vectorB ? 4 : 1];
  return registersKernel(
    { rows, columns, quad, workgroup },
    wgsl`${filterBindings(layout)}
${filterTile}
${matmulStore(layout.vectorB, { bias: false })}
${filterLoads(layout)}`,
    wgsl`  let a_start = start_of(tile);
  let a_stride = params.step_x * (params.in_c / ${unitA}u);
  let b_stride = params.out_c / ${unitB}u;
  let length = params.in_w * params.in_c / ${unitA}u;
${each(across, (j) => `let column${j} = columns_of(tile.group, column + ${4 * j}u);`)}
${each(rows * across, (i) => `var c${Math.floor(i / across)}_${i % across} = vec4<f32>();`)}
  let k_end = params.k;
  for (var line = tile.line_begin; line < tile.line_end; line += 1u) {
    let start = line_of(tile, line);
    if (start.y == 0u) { continue; }
${each(groups, (i) => `let row${i} = vec3<u32>(start.x, (tile.row + ${4 * i}u) / ${unitA}u, length);`)}
    let b_start = line * params.k * b_stride;
    for (var k = 0u; k < k_end; k += 4u) {
${matmulStep(step)}
    }
  }
${storeAll({
  count: rows * across,
  each: 1,
  sums: (i) => `c${Math.floor(i / across)}_${i % across}`,
  body: (sums) => `let row = tile.row + i / ${across}u;
if (row < params.m) {
  let at_column = column + (i % ${across}u) * 4u;
  store(place_of(tile, row) + at_column, at_column, ${sums}, vec4<f32>());
}`,
})}`,
  );
}
