import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { element, storeWindow } from "./lib/conv.wgsl.ts";
import { declare, reads, writes } from "./lib/declare.ts";
import { gridLibrary } from "./lib/grid.wgsl.ts";
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
  const unit = vector ? 4 : 1;
  const list = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
  const sums = list(lines).flatMap((l) => list(pixels).flatMap((p) => list(across).map((j) => ({ l, p, j, name: `c${l}_${p}_${j}` }))));
  const x = (l: number, e: number): string => {
    const at = `a[line${l} + at${padded ? e : ` + ${e}u`}]`;
    return padded ? `select(0.0, ${at}, inside${l} && inside_x${e})` : at;
  };
  const place = padded
    ? each(span, (e) => `let inside_x${e} = at + ${e}u < params.in_line;\n  let at${e} = select(0u, at + ${e}u, inside_x${e});`)
    : "";
  const lineOf = (l: number) => `let y${l} = y + ${l}u * params.step_y;
${padded ? `    let inside${l} = y${l} < params.in_h;` : ""}
    let line${l} = ${padded ? `select(0u, first + y${l} * params.in_line, inside${l})` : `first + y${l} * params.in_line`};`;
  const taps = each(
    run,
    (k) => `${each(across, (j) => `let b${k}_${j} = load_b(row + ${k}u * stride, column${j});`)}
${each(sums.length, (i) => `${sums[i].name} = fma(vec4<f32>(x${sums[i].l}_${sums[i].p * step + k}), b${k}_${sums[i].j}, ${sums[i].name});`)}`,
  );
  const store = pooled
    ? (w: number, j: number) =>
        list(4)
          .map((t) => `c${t >> 1}_${2 * w + (t & 1)}_${j}`)
          .join(", ")
    : (p: number, j: number) => `c0_${p}_${j}`;
  const stored = pixels / lines;
  return wgsl`${declare([
    reads("a", "f32"),
    reads("b", element(vector)),
    epilogue.bias && reads("bias", element(vector)),
    writes("c", element(vector)),
    pooled && writes("winners", "u32"),
  ])}
${paramsStruct(directParams)}
${gridLibrary}
${pooled ? epilogueLibrary(true, epilogue) + storeWindow(epilogue) : matmulStore(vector, epilogue)}
// Four channels of the filter from \`column\` on, in units of what is bound.
fn load_b(start: u32, column: u32) -> vec4<f32> {
${
  vector
    ? "  return b[start + column];"
    : `  let last = params.n - 1u;
  return vec4<f32>(${list(4)
    .map((i) => `b[start + min(column + ${i}u, last)]`)
    .join(", ")});`
}
}
@compute @workgroup_size(${DIRECT_INVOCATIONS})
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let index = linear_workgroup(workgroup, workgroups) * ${DIRECT_INVOCATIONS}u + local;
  if (index >= params.size) { return; }
  let tile = index / params.blocks;
  let column = (index - tile * params.blocks) * ${columns}u;
  let target_line = tile / params.tiles;
  let target_x = (tile - target_line * params.tiles) * ${stored}u;
  let image = target_line / params.out_h;
  let oy = (target_line - image * params.out_h) * ${lines}u;
  let first = image * params.in_h * params.in_line;
  let at = u32(params.offset_x) + target_x * ${lines * step}u;
  ${place}
${each(across, (j) => `  let column${j} = ${vector ? `min(column + ${4 * j}u, params.n - 4u) / 4u` : `column + ${4 * j}u`};`)}
${each(sums.length, (i) => `  var ${sums[i].name} = vec4<f32>();`)}
  let stride = params.n / ${unit}u;
  for (var ky = 0u; ky < params.kh; ky++) {
    let y = u32(params.offset_y) + oy * params.step_y + ky * params.tap_y;
    ${each(lines, lineOf)}
    let row = ky * ${run}u * stride;
${each(lines * span, (i) => `let x${Math.floor(i / span)}_${i % span} = ${x(Math.floor(i / span), i % span)};`)}
${taps}
  }
  let to = (target_line * params.out_w + target_x) * params.n + column;
${storeAll({
  count: stored * across,
  each: pooled ? 4 : 1,
  sums: (i) => store(Math.floor(i / across), i % across),
  body: (sums) => `let p = i / ${across}u;
if (target_x + p < params.out_w) {
  let j = (i % ${across}u) * 4u;
  store(to + p * params.n + j, column + j, ${sums}, addend(column + j));
}`,
})}
}
`;
}
