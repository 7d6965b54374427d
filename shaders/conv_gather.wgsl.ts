import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { type GatherLayout, gatherBindings, gatherLoads, gatherStore, gatherTile } from "./lib/conv.wgsl.ts";
import type { Epilogue } from "./lib/matmul.wgsl.ts";
import { each, type MatmulStep, matmulStep, sharers, swapped } from "./lib/matmul-step.wgsl.ts";
import { registersKernel } from "./lib/registers.wgsl.ts";
import { storeAll } from "./lib/store-all.wgsl.ts";

export interface ConvGatherOptions {
  readonly layout: GatherLayout;
  readonly epilogue: Epilogue;
  /** Sums that one invocation keeps: pixels × channels, channels a multiple of 4; with `quad` or pooled pixels too, with both of 4 for each that shares them. */
  readonly rows: number;
  readonly columns: number;
  /** The four invocations of a quad take neighbouring channels of the same pixels, and each loads a quarter of the source for all. */
  readonly quad: boolean;
  /** In a quad: two of them do so with half of the source, the others with pixels of their own. */
  readonly pairs?: boolean;
  /** Invocations of a workgroup; 4 with `quad`. */
  readonly workgroup: number;
}

/**
 * y[n, oy, ox, co] = f(bias[co] + Σ x[n, oy·s − p + ky·d, ox·s − p + kx·d, ci]·w[ky, kx, ci, co]), and the same for the gradient of x:
 * an implicit matrix product of pixels × channels, with sums in registers and no workgroup memory, for software GPUs.
 *
 * Shapes: a (source) [N, H, W, C], b (filter) [KH, KW, C/groups, C'], c (destination) [N, H', W', C'], with `splits` > 1
 * [splits, N, H', W', C'] of partial sums (see matmul-splits). The sum runs over segments: a row of taps, whose terms are contiguous
 * in x, or a tap. Where the terms of a pixel lie is computed once for each segment, so that the inner loop is that of
 * matmul-registers, with a test for the image's edge in each load.
 * Pooled, it ends with the maximum over 2 × 2 neighbours, and stores that and which of the four it was, as shaders/pool does:
 * c [N, OH / 2, OW / 2, C'] and winners, four channels to a word.
 * An invocation (a quad of invocations) computes rows × columns (rows × 4·columns) of c.
 * Cost of four terms: rows + columns loads of vec4 (with quads rows / 4 + columns) for 4·rows·columns multiply-adds.
 */
export function convGather({ layout, epilogue, rows, columns, quad, pairs, workgroup }: ConvGatherOptions): string {
  const across = columns / 4;
  const step: MatmulStep = {
    layout: { ...layout, transposeA: false, transposeB: false, vectorC: layout.vectorB },
    rows,
    columns,
    quad,
    pairs,
  };
  const share = sharers(step);
  const unitB = layout.vectorB ? 4 : 1;
  const { pooled, phased } = layout;
  /** Where an invocation finds its sums' pixels: in a quad each finds a quarter for all four. Pooled, four are the taps of one window. */
  const places = rows / share;
  const targets = pooled ? places / 4 : places;
  const rowAt = (i: number) => (quad ? `row + ${share * i}u + (lane & ${share - 1}u)` : `row + ${i}u`);
  const pixel = (i: number) => (quad || i === 0 ? `pixel_of(row_at${i})` : `pixel_after(pixel${i - 1})`);
  const placed = (i: number) => (pooled ? `tap_of(pixel${i >> 2}, ${i & 3}u)` : `pixel${i}`);
  /** In a quad, the r-th sum belongs to the row that invocation lane ^ (r % share) has found the place of. */
  const targetOf = (r: number) => (quad ? swapped(r % share, `target${Math.floor(r / share)}`) : `target${r}`);
  const sumsOf = (r: number, j: number) => {
    if (!pooled) return `c${r}_${j}`;
    const tap = (t: number) => share * (4 * Math.floor(r / share) + t) + (r % share);
    return [0, 1, 2, 3].map((t) => `c${tap(t)}_${j}`).join(", ");
  };
  const stored = pooled ? rows / 4 : rows;
  return registersKernel(
    { rows: stored, columns, quad, pairs, workgroup },
    wgsl`${gatherBindings(layout, epilogue.bias)}
${gatherTile}
${gatherStore(layout, epilogue)}
${gatherLoads(layout)}`,
    wgsl`  let b_stride = params.target_c / ${unitB}u;
${each(targets, (i) => `let row_at${i} = ${rowAt(i)};\nlet pixel${i} = ${pixel(i)};`)}
${each(places, (i) => `let place${i} = place_of(${placed(i)}, tile.group);`)}
${each(across, (j) => `let column${j} = columns_of(tile.group, column + ${4 * j}u);`)}
${each(rows * across, (i) => `var c${Math.floor(i / across)}_${i % across} = vec4<f32>();`)}
  for (var unit = tile.unit_begin; unit < tile.unit_end; unit += 1u) {
    let segment = unit / params.chunks;
    let shift = shift_of(tile, segment);
    ${phased ? "if (shift.w == 0u) { continue; }" : ""}
${each(places, (i) => `let row${i} = line_of(place${i}, shift);`)}
    let b_start = segment * params.k * b_stride;
    let k_begin = (unit % params.chunks) * params.k_split;
    let k_end = min(k_begin + params.k_split, params.k);
    for (var k = k_begin; k < k_end; k += 4u) {
${matmulStep(step)}
    }
  }
${each(targets, (i) => `let target${i} = target_of(tile, row_at${i}, pixel${i});`)}
${storeAll({
  count: stored * across,
  each: pooled ? 4 : 1,
  sums: (i) => sumsOf(Math.floor(i / across), i % across),
  targets: Array.from({ length: stored }, (_, r) => targetOf(r)),
  body: (sums) => `let pixel = targets[i / ${across}u];
if (pixel != NOWHERE) {
  let at_column = column + (i % ${across}u) * 4u;
  let channel = tile.group * params.n + at_column;
  store(pixel * params.target_c + channel, at_column, ${sums}, addend(channel));
}`,
})}`,
  );
}
