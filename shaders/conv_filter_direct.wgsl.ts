import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { element } from "./lib/conv.wgsl.ts";
import { directEntry, elementOfLine, lineStart, list, placesInLine } from "./lib/conv-direct.wgsl.ts";
import { declare, reads, writes } from "./lib/declare.ts";
import { matmulStore } from "./lib/matmul.wgsl.ts";
import { each } from "./lib/matmul-step.wgsl.ts";
import { paramsStruct } from "./lib/params.wgsl.ts";
import { storeAll } from "./lib/store-all.wgsl.ts";

export interface ConvFilterDirectOptions {
  /** Terms of a row of taps, KW · C, and how far the rows of neighbouring pixels are apart, stride · C. */
  readonly run: number;
  readonly step: number;
  /** Rows of taps and channels (a multiple of 4) of each invocation, and pixels of y that it takes at a time, which divide OW. */
  readonly rows: number;
  readonly columns: number;
  readonly pixels: number;
  /** C' is a multiple of 4: dy and dw are bound as vec4. */
  readonly vector: boolean;
  /** Some tap of some pixel lies outside of x. */
  readonly padded: boolean;
}

export const FILTER_DIRECT_INVOCATIONS = 16;

/** The params of conv_filter_direct, in order. */
export const filterDirectParams = {
  /** Invocations that have something to do: splits · blocks of rows of taps · blocks of channels. */
  size: "u32",
  row_blocks: "u32",
  blocks: "u32",
  n: "u32",
  kh: "u32",
  /** Lines of all images of y, of which a split sums `lines_split`. */
  lines: "u32",
  lines_split: "u32",
  in_h: "u32",
  /** Elements of a line of x. */
  in_line: "u32",
  out_h: "u32",
  out_w: "u32",
  step_y: "u32",
  tap_y: "u32",
  offset_y: "i32",
  offset_x: "i32",
} as const;

/**
 * dw[ky, kx, ci, co] = Σ_{n, oy, ox} x[n, oy·s − p + ky·d, ox·s − p + kx, ci]·dy[n, oy, ox, co] for few channels ci: rows of taps are so short
 * that several are written out, and so an element of dy is loaded once for all of their taps, one of x for all pixels that cover it.
 *
 * Shapes: a (x) [N, H, W, C], b (dy) [N, OH, OW, C'], c (dw) [KH, KW, C, C'] or, with more than one split, [splits, …] of partial sums (see
 * matmul-splits). An invocation computes `rows` rows of taps × `columns` channels, over the lines of its split.
 * Cost of `pixels` pixels: rows·((pixels − 1)·step + run) scalars of x and pixels·columns / 4 vec4 of dy for rows·run·pixels·columns multiply-adds.
 */
export function convFilterDirect({ run, step, rows, columns, pixels, vector, padded }: ConvFilterDirectOptions): string {
  const across = columns / 4;
  const span = (pixels - 1) * step + run;
  const sums = list(rows).flatMap((r) => list(run).flatMap((k) => list(across).map((j) => `c${r}_${k}_${j}`)));
  const products = (r: number, p: number) =>
    list(run).flatMap((k) =>
      list(across).map((j) => `c${r}_${k}_${j} = fma(vec4<f32>(x${r}_${p * step + k}), g${p}_${j}, c${r}_${k}_${j});`),
    );
  return wgsl`${declare([reads("a", "f32"), reads("b", element(vector)), writes("c", element(vector))])}
${paramsStruct(filterDirectParams)}
${matmulStore(vector, { bias: false })}
${directEntry(
  { invocations: FILTER_DIRECT_INVOCATIONS, columns, sums, vector },
  `  let split = tile / params.row_blocks;
  let ky = (tile - split * params.row_blocks) * ${rows}u;
  let line_end = min((split + 1u) * params.lines_split, params.lines);
  for (var line = split * params.lines_split; line < line_end; line++) {
    let image = line / params.out_h;
    let first = image * params.in_h * params.in_line;
    let y = u32(params.offset_y) + (line - image * params.out_h) * params.step_y + ky * params.tap_y;
${each(rows, (r) => lineStart(r, `y + ${r}u * params.tap_y`, padded))}
    for (var ox = 0u; ox < params.out_w; ox += ${pixels}u) {
      let at = u32(params.offset_x) + ox * ${step}u;
      ${placesInLine(span, padded)}
${each(pixels, (p) => each(across, (j) => `let g${p}_${j} = load_b((line * params.out_w + ox + ${p}u) * stride, column${j});`))}
${each(
  rows,
  (r) => `${each(span, (e) => `let x${r}_${e} = ${elementOfLine(r, e, padded)};`)}
${each(pixels, (p) => products(r, p).join("\n"))}`,
)}
    }
  }
${storeAll({
  count: sums.length,
  each: 1,
  sums: (i) => sums[i],
  body: (value) => `let tap = i / ${across}u;
if (ky + tap / ${run}u < params.kh) {
  let j = column + (i % ${across}u) * 4u;
  store(((split * params.kh + ky) * ${run}u + tap) * params.n + j, j, ${value}, vec4<f32>());
}`,
})}`,
)}`;
}
