import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { declare, reads, writes } from "./lib/declare.ts";
import { gridLibrary } from "./lib/grid.wgsl.ts";
import { magnitudeOf } from "./lib/nan.wgsl.ts";

/** Elements that a workgroup of 64 covers: where each invocation writes its own sum, and where they are joined. */
export const SQUARED_ERROR_SPAN = { own: 4096, joined: 16384 } as const;

export interface SquaredErrorShaderOptions {
  /** The size is a multiple of 4 (with a mask: the width too): loads are vec4. */
  readonly vec4: boolean;
  readonly mask: boolean;
  /**
   * `each`: the value of each element. `own`: a partial sum for each invocation, without a barrier (barriers are dear on a software
   * GPU). `joined`: one for each workgroup, so that large tensors leave few.
   */
  readonly output: "each" | "own" | "joined";
}

/**
 * Squared errors, or their partial sums:   v_i = w_r (y_i − t_i)²,  r = i / width;  0 where w is, whatever y and t are
 *
 * Memory: y, target flat and alike; mask one float per row of `width` elements. `size` and `width` count loads (vec4 or f32).
 * A workgroup of 64 covers SQUARED_ERROR_SPAN elements: each invocation sums every 64th load and writes its sum; or the first one
 * adds the 64 sums in order and writes one. With `each`, one invocation per load writes its values. Cost: reads y and target once.
 */
export const squaredErrorShader = (options: SquaredErrorShaderOptions): string => {
  const { output } = options;
  const type = options.vec4 ? "vec4<f32>" : "f32";
  const span = output === "each" ? 64 : SQUARED_ERROR_SPAN[output] / (options.vec4 ? 4 : 1);
  return wgsl`
${gridLibrary}
struct Params { size: u32, width: u32 }
${declare([reads("y", type), reads("goal", type), options.mask && reads("mask", "f32"), writes("result", output === "each" ? type : "f32")])}
fn value(i: u32) -> ${type} {
  let d = y[i] - goal[i];
#if ${options.mask}
  let w = mask[i / params.width];
  return select(w * d * d, ${type}(0.0), ${magnitudeOf("w")} == 0u);
#else
  return d * d;
#endif
}
#if ${output === "each"}
@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) id: vec3<u32>,
  @builtin(num_workgroups) grid: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let i = linear_workgroup(id, grid) * 64u + local;
  if (i < params.size) { result[i] = value(i); }
}
#else
#if ${output === "joined"}
var<workgroup> sums: array<f32, 64>;
#endif
@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) id: vec3<u32>,
  @builtin(num_workgroups) grid: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let group = linear_workgroup(id, grid);
  let first = group * ${span}u;
  let end = min(first + ${span}u, params.size);
  var sum = ${type}(0.0);
  for (var i = first + local; i < end; i += 64u) { sum += value(i); }
#if ${options.vec4}
  let own = dot(sum, vec4<f32>(1.0));
#else
  let own = sum;
#endif
#if ${output === "own"}
  if (first < params.size) { result[group * 64u + local] = own; }
#else
  sums[local] = own;
  workgroupBarrier();
  if (local == 0u && first < params.size) {
    var total = 0.0;
    for (var i = 0u; i < 64u; i++) { total += sums[i]; }
    result[group] = total;
  }
#endif
}
#endif
`;
};
