import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { declare, writes } from "./lib/declare.ts";
import { gridLibrary } from "./lib/grid.wgsl.ts";
import { paramsStruct } from "./lib/params.wgsl.ts";
import { neighbours, poolParams, tapsLibrary } from "./lib/pool.wgsl.ts";
import { floats, type SpreadRule } from "./lib/pool-rules.wgsl.ts";

export interface PoolSpreadOptions {
  readonly rule: SpreadRule;
  /** Four channels for each invocation. */
  readonly vector: boolean;
  /** Windows do not overlap: an invocation takes a window and all that its stride covers, and reads nothing twice. */
  readonly cells: boolean;
  /** Windows of this size tile the plane, without padding and rest: their pixels are written out one by one. Needs `cells`. */
  readonly tiles?: readonly [number, number];
  /** Neighbouring cells or pixels for each invocation; they divide a row of them. */
  readonly span: number;
  /** Some taps are further apart than one. */
  readonly dilated: boolean;
}

/**
 * What pooling's gradient gives back to each pixel: dx[n, iy, ix, c] = Σ over the windows that have it under a tap, of
 * max: values[o] where winners[o] names the pixel, else 0 (which is also max unpooling);
 * average: values[o] / divisor(o); lp: values[o]·sign x·(|x| / y[o])^(p − 1).
 *
 * values, y [N, OH, OW, C], x, dx [N, H, W, C]; winners as in shaders/pool.wgsl.ts. Gather form: an invocation computes one
 * element (with `vector` four channels) of dx from all windows over it, or with `cells` all pixels of `span` windows; nothing is added
 * in memory. Workgroups of 64 over a folded grid. Cost: values and winners read once (`cells`) or as often as windows overlap, dx written once.
 */
export function poolSpreadShader(options: PoolSpreadOptions) {
  const { rule, vector, cells, tiles, span, dilated } = options;
  const { load, given } = rule;
  const T = floats(vector);
  const [th, tw] = tiles ?? [0, 0];
  const tile = (k: number) => `  let o = (line * params.columns + begin + ${k}u) * params.c + c;
  ${load}
  let base = line * ${th}u * row + (begin + ${k}u) * ${tw}u * params.c + c;
${Array.from({ length: th * tw }, (_, i) => {
  const [r, q] = [Math.floor(i / tw), i % tw];
  const plane = `(cy * ${th}u + ${r}u) * params.w + (begin + ${k}u) * ${tw}u + ${q}u`;
  return `  { let to = base + ${r}u * row + ${q}u * params.c; dx[to] = ${given(`${i}u`, plane)}; }`;
}).join("\n")}`;
  const window = `  let cx = begin;
  let inside = cy < params.oh && cx < params.ow;
  let start_y = i32(cy * params.sh) - i32(params.top);
  let start_x = i32(cx * params.sw) - i32(params.left);
  let o = ((image * params.oh + min(cy, params.oh - 1u)) * params.ow + min(cx, params.ow - 1u)) * params.c + c;
  ${load}
  for (var r = 0u; r < params.sh; r++) {
    let iy = start_y + i32(r);
    for (var q = 0u; q < params.sw; q++) {
      let ix = start_x + i32(q);
      if (iy >= 0 && iy < i32(params.h) && ix >= 0 && ix < i32(params.w)) {
        let to = (image * params.h + u32(iy)) * row + u32(ix) * params.c + c;
        let under = inside && r < params.kh && q < params.kw;
        dx[to] = select(${T}(0.0), ${given("r * params.kw + q", "u32(iy) * params.w + u32(ix)")}, under);
      }
    }
  }`;
  const pixel = wgsl`  let ix = begin;
  let to = (line * params.w + ix) * params.c + c;
  // In the padded plane: window o lies over p when 0 ≤ p − o·stride ≤ (k − 1)·dilation, in steps of the dilation.
  let py = iy + params.top;
  let px = ix + params.left;
  let reach_y = (params.kh - 1u) * params.dh;
  let reach_x = (params.kw - 1u) * params.dw;
  let first_y = select(0u, (py - reach_y + params.sh - 1u) / params.sh, py > reach_y);
  let first_x = select(0u, (px - reach_x + params.sw - 1u) / params.sw, px > reach_x);
  let last_y = min(py / params.sh + 1u, params.oh);
  let last_x = min(px / params.sw + 1u, params.ow);
  var sum = ${T}(0.0);
  for (var oy = first_y; oy < last_y; oy++) {
    let start_y = i32(oy * params.sh) - i32(params.top);
    let ty = py - oy * params.sh;
#if ${dilated}
    if (ty % params.dh != 0u) { continue; }
#endif
    for (var ox = first_x; ox < last_x; ox++) {
      let start_x = i32(ox * params.sw) - i32(params.left);
      let tx = px - ox * params.sw;
#if ${dilated}
      if (tx % params.dw != 0u) { continue; }
#endif
      let o = ((image * params.oh + oy) * params.ow + ox) * params.c + c;
      ${load}
      sum += ${given(dilated ? "ty / params.dh * params.kw + tx / params.dw" : "ty * params.kw + tx", "iy * params.w + ix")};
    }
  }
  dx[to] = sum;`;
  return wgsl`
${paramsStruct(poolParams)}
${declare([...rule.bindings, writes("dx", T)])}
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
  let row = params.w * params.c;
#if ${cells}
  let image = line / params.rows;
  let cy = line - image * params.rows;
${tiles ? neighbours(span, tile) : window}
#else
  let image = line / params.h;
  let iy = line - image * params.h;
${pixel}
#endif
}
`;
}
