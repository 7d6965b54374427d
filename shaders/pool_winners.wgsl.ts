import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { declare, reads, writes } from "./lib/declare.ts";
import { gridLibrary } from "./lib/grid.wgsl.ts";
import { paramsStruct } from "./lib/params.wgsl.ts";
import { poolParams } from "./lib/pool.wgsl.ts";

export interface PoolWinnersOptions {
  readonly winners: "bytes" | "words" | "indices";
  /** The values of x at the winners, or where in the plane they are. */
  readonly result: "values" | "indices";
}

/**
 * What the winners of max pooling point to: y[n, oy, ox, c] = x[n, iy, ix, c], or iy·W + ix as i32.
 *
 * winners as in shaders/pool.wgsl.ts, x [N, H, W, C], y [N, OH, OW, C]. Indices (`winners`: indices) that no tap of their window has
 * give 0. One invocation for each element of y; workgroups of 64 over a folded grid. Cost: winners and as many values read, y written.
 */
export function poolWinnersShader({ winners, result }: PoolWinnersOptions) {
  const values = result === "values";
  const bindings = declare([
    values && reads("x", "f32"),
    reads("winners", winners === "indices" ? "i32" : "u32"),
    writes("y", values ? "f32" : "i32"),
  ]);
  return wgsl`
${paramsStruct(poolParams)}
${bindings}
${gridLibrary}
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(num_workgroups) count: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let i = linear_workgroup(id, count) * 64u + lane;
  if (i >= params.size) { return; }
  let pixel = i / params.c;
  let c = i - pixel * params.c;
  let line = pixel / params.ow;
  let ox = pixel - line * params.ow;
  let image = line / params.oh;
  let oy = line - image * params.oh;
#if ${winners === "indices"}
  let at = u32(winners[i]);
  let iy = at / params.w;
  let ix = at - iy * params.w;
  let ty = iy + params.top - oy * params.sh;
  let tx = ix + params.left - ox * params.sw;
  // Before the window, these wrap around to large numbers.
  let under = iy < params.h && ty % params.dh == 0u && ty / params.dh < params.kh && tx % params.dw == 0u && tx / params.dw < params.kw;
#else
#if ${winners === "bytes"}
  let at = (winners[i / 4u] >> (8u * (i % 4u))) & 255u;
#else
  let at = winners[i];
#endif
  let ky = at / params.kw;
  let iy = oy * params.sh + ky * params.dh - params.top;
  let ix = ox * params.sw + (at - ky * params.kw) * params.dw - params.left;
  let under = iy < params.h && ix < params.w;
#endif
#if ${values}
  let source = ((image * params.h + iy) * params.w + ix) * params.c + c;
  y[i] = select(0.0, x[select(0u, source, under)], under);
#else
  y[i] = select(-1, i32(iy * params.w + ix), under);
#endif
}
`;
}
