import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { element, storeWindow } from "./lib/conv.wgsl.ts";
import { directEntry, elementOfLine, lineStart, list, placesInLine } from "./lib/conv-direct.wgsl.ts";
import { declare, reads, writes } from "./lib/declare.ts";
import { type Epilogue, epilogueLibrary, matmulStore } from "./lib/matmul.wgsl.ts";
import { each } from "./lib/matmul-step.wgsl.ts";
import { paramsStruct } from "./lib/params.wgsl.ts";
import { storeAll } from "./lib/store-all.wgsl.ts";

export interface ConvDirectOptions {
  readonly epilogue: Epilogue;
  /** Terms of a row of taps, KW · C, and how far the rows of neighbouring pixels are apart, stride · C. */
  readonly run: number;
  readonly step: number;
  /** Neighbouring pixels of a line, and channels (a multiple of 4), for each invocation. */
  readonly pixels: number;
  readonly columns: number;
  /** C' is a multiple of 4: filter, bias and destination are bound as vec4. */
  readonly vector: boolean;
  /** Some tap of some pixel lies outside of x. */
  readonly padded: boolean;
  /** Two lines at a time; of each 2 × 2 pixels the maximum and its position are stored. Needs `vector` and an even `pixels`. */
  readonly pooled: boolean;
}

export const DIRECT_INVOCATIONS = 32;

/** The params of conv_direct, in order. */
export const directParams = {
  /** Invocations that have something to do: lines · tiles · blocks of channels. */
  size: "u32",
  blocks: "u32",
  tiles: "u32",
  n: "u32",
  kh: "u32",
  in_h: "u32",
  /** Elements of a line of x. */
  in_line: "u32",
  /** Lines and pixels of an image of the destination. */
  out_h: "u32",
  out_w: "u32",
  step_y: "u32",
  tap_y: "u32",
  offset_y: "i32",
  offset_x: "i32",
} as const;

/**
 * y[n, oy, ox, co] = f(bias[co] + Σ x[n, oy·s − p + ky·d, ox·s − p + kx, ci]·w[ky, kx, ci, co]) for few channels ci: a row of taps is so
 * short that it is written out, and so an element of x is loaded once for all pixels whose rows of taps cover it.
 *
 * Shapes: a (x) [N, H, W, C], b (filter) [KH, KW, C, C'], c [N, OH, OW, C']; pooled c [N, OH / 2, OW / 2, C'] and winners, four channels to
 * a word. An invocation computes `pixels` × `columns` sums (pooled, of two lines each), with the terms in the order of conv_gather.
 * Cost of a row of taps: (pixels − 1)·step + run scalars of x and run·columns / 4 vec4 of the filter for run·pixels·columns multiply-adds.
 */
export function convDirect({ epilogue, run, step, pixels, columns, vector, padded, pooled }: ConvDirectOptions): string {
  const across = columns / 4;
  const lines = pooled ? 2 : 1;
  const span = (pixels - 1) * step + run;
  const stored = pixels / lines;
  const sums = list(lines).flatMap((l) => list(pixels).flatMap((p) => list(across).map((j) => ({ l, p, j, name: `c${l}_${p}_${j}` }))));
  const taps = each(
    run,
    (k) => `${each(across, (j) => `let b${k}_${j} = load_b(row + ${k}u * stride, column${j});`)}
${each(sums.length, (i) => `${sums[i].name} = fma(vec4<f32>(x${sums[i].l}_${sums[i].p * step + k}), b${k}_${sums[i].j}, ${sums[i].name});`)}`,
  );
  /** The sum of a pixel, or those of a window. */
  const sumsOf = (p: number, j: number): string =>
    pooled
      ? list(4)
          .map((t) => `c${t >> 1}_${2 * p + (t & 1)}_${j}`)
          .join(", ")
      : `c0_${p}_${j}`;
  return wgsl`${declare([
    reads("a", "f32"),
    reads("b", element(vector)),
    epilogue.bias && reads("bias", element(vector)),
    writes("c", element(vector)),
    pooled && writes("winners", "u32"),
  ])}
${paramsStruct(directParams)}
${pooled ? epilogueLibrary(true, epilogue) + storeWindow(epilogue) : matmulStore(vector, epilogue)}
${directEntry(
  { invocations: DIRECT_INVOCATIONS, columns, sums: sums.map(({ name }) => name), vector },
  `  let target_line = tile / params.tiles;
  let target_x = (tile - target_line * params.tiles) * ${stored}u;
  let image = target_line / params.out_h;
  let oy = (target_line - image * params.out_h) * ${lines}u;
  let first = image * params.in_h * params.in_line;
  let at = u32(params.offset_x) + target_x * ${lines * step}u;
  ${placesInLine(span, padded)}
  for (var ky = 0u; ky < params.kh; ky++) {
    let y = u32(params.offset_y) + oy * params.step_y + ky * params.tap_y;
${each(lines, (l) => lineStart(l, `y + ${l}u * params.step_y`, padded))}
    let row = ky * ${run}u * stride;
${each(lines, (l) => each(span, (e) => `let x${l}_${e} = ${elementOfLine(l, e, padded)};`))}
${taps}
  }
  let to = (target_line * params.out_w + target_x) * params.n + column;
${storeAll({
  count: stored * across,
  each: pooled ? 4 : 1,
  sums: (i) => sumsOf(Math.floor(i / across), i % across),
  body: (value) => `let p = i / ${across}u;
if (target_x + p < params.out_w) {
  let j = (i % ${across}u) * 4u;
  store(to + p * params.n + j, column + j, ${value}, addend(column + j));
}`,
})}`,
)}`;
}
