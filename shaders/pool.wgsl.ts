import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { declare, reads, writes } from "./lib/declare.ts";
import { gridLibrary } from "./lib/grid.wgsl.ts";
import { paramsStruct } from "./lib/params.wgsl.ts";
import { neighbours, poolParams, tapsLibrary } from "./lib/pool.wgsl.ts";
import { floats, type PoolRule } from "./lib/pool-rules.wgsl.ts";

export interface PoolShaderOptions {
  readonly rule: PoolRule;
  /** Four channels for each invocation. */
  readonly vector: boolean;
  /** All windows lie inside the input, and have this size, small enough to be written out tap by tap. */
  readonly unrolled?: readonly [number, number];
  /** Windows tile the plane, without dilation, padding and rest. Needs `unrolled`. */
  readonly tiles: boolean;
  /** Neighbouring windows for each invocation; they divide OW. */
  readonly span: number;
}

/**
 * Pooling: y[n, oy, ox, c] = the maximum, average or p-norm of x[n, iy, ix, c] over the window's taps
 * iy = oy·sh − top + ky·dh, ix = ox·sw − left + kx·dw that lie inside.
 *
 * x [N, H, W, C], y [N, OH, OW, C]; max: winners, the position ky·KW + kx of the first maximum, u32[N, OH, OW, C], or with `bytes`
 * four channels to a word. One invocation computes `span` neighbours of y, each one element or with `vector` four
 * channels; workgroups of 64 over a folded grid.
 * Cost: KH·KW operations for each element of y; every element of x is read once where windows do not overlap.
 */
export function poolShader(options: PoolShaderOptions) {
  const { rule, vector, unrolled, tiles, span } = options;
  const T = floats(vector);
  const taps = (unrolled ? Array.from({ length: unrolled[0] * unrolled[1] }, (_, i) => i) : []).map((i) => {
    const [ky, kx] = [Math.floor(i / (unrolled?.[1] ?? 1)), i % (unrolled?.[1] ?? 1)];
    const at = tiles ? `base + ${ky}u * row + ${kx}u * params.c` : `base + ${ky}u * params.dh * row + ${kx}u * params.dw * params.c`;
    return i === 0 && rule.startsWithTap ? "" : `{ let v = x[${at}]; let position = ${i}u; ${rule.take} }`;
  });
  const window = (k: number) => wgsl`  let ox = begin + ${k}u;
  let to = (line * params.ow + ox) * params.c + c;
#if ${unrolled !== undefined}
#if ${tiles}
  let base = line * ${unrolled?.[0]}u * row + ox * ${unrolled?.[1]}u * params.c + c;
#else
  let base = (image * params.h + oy * params.sh) * row + ox * params.sw * params.c + c;
#endif
  ${rule.start("x[base]", "0u")}
  ${taps.join("\n  ")}
#else
  let start_y = i32(oy * params.sh) - i32(params.top);
  let start_x = i32(ox * params.sw) - i32(params.left);
  let top = first_tap(start_y, params.dh);
  let bottom = end_tap(start_y, params.kh, params.dh, params.h);
  let left = first_tap(start_x, params.dw);
  let right = end_tap(start_x, params.kw, params.dw, params.w);
  // what a start before the input takes away, a tap gives back: u32 arithmetic wraps around
  let base = (image * params.h + u32(start_y)) * row + u32(start_x) * params.c + c;
  ${rule.start("x[base + top * params.dh * row + left * params.dw * params.c]", "top * params.kw + left")}
  for (var ky = top; ky < bottom; ky++) {
    for (var kx = left; kx < right; kx++) {
      let v = x[base + ky * params.dh * row + kx * params.dw * params.c];
      let position = ky * params.kw + kx;
      ${rule.take}
    }
  }
#endif
  ${rule.store}`;
  return wgsl`
${paramsStruct(poolParams)}
${declare([reads("x", T), writes("y", T), rule.winners !== undefined && writes("winners", rule.winners)])}
${gridLibrary}
${tapsLibrary}
${rule.library}
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(num_workgroups) count: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let i = linear_workgroup(id, count) * 64u + lane;
  if (i >= params.size) { return; }
  let group = i / params.c;
  let c = i - group * params.c;
  let line = group / params.groups;
  let begin = (group - line * params.groups) * ${span}u;
  let image = line / params.oh;
  let oy = line - image * params.oh;
  let row = params.w * params.c;
${neighbours(span, window)}
}
`;
}
