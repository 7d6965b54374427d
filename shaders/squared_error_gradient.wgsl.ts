import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { declare, reads, writes } from "./lib/declare.ts";
import { gridLibrary } from "./lib/grid.wgsl.ts";
import { isNan, magnitudeOf } from "./lib/nan.wgsl.ts";

export interface SquaredErrorGradientShaderOptions {
  readonly vec4: boolean;
  readonly mask: boolean;
  /** The upstream gradient has one value per element instead of one for all. */
  readonly each: boolean;
  /** The mean's divisor comes from a buffer (it depends on the mask). */
  readonly divisor: boolean;
  /** `result` holds y and takes the gradient. */
  readonly inPlace: boolean;
}

/**
 * The gradient of squared errors:   dL/dy_i = 2 · g · scale · w_r (y_i − t_i),  r = i / width
 *
 * Memory: as squared_error; g is the upstream gradient, scale a param, divided by divisor[0] where that is bound (0 where nothing
 * counts). One load per invocation, 64 to a workgroup. Cost: reads y and target, writes the gradient, once.
 */
export const squaredErrorGradientShader = (options: SquaredErrorGradientShaderOptions): string => {
  const type = options.vec4 ? "vec4<f32>" : "f32";
  return wgsl`
${gridLibrary}
struct Params { size: u32, width: u32, scale: f32 }
${declare([
  !options.inPlace && reads("y", type),
  reads("goal", type),
  options.mask && reads("mask", "f32"),
  reads("upstream", options.each ? type : "f32"),
  options.divisor && reads("divisor", "f32"),
  writes("result", type),
])}
@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) id: vec3<u32>,
  @builtin(num_workgroups) grid: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let i = linear_workgroup(id, grid) * 64u + local;
  if (i >= params.size) { return; }
  var scale = 2.0 * params.scale;
#if ${options.divisor}
  let d = divisor[0];
  scale = select(0.0, scale / d, d != 0.0 || ${isNan("d")});
#endif
#if ${options.mask}
  let w = mask[i / params.width];
  if (${magnitudeOf("w")} == 0u) {
    result[i] = ${type}(0.0);
    return;
  }
  scale *= w;
#endif
#if ${options.each}
  let g = upstream[i] * scale;
#else
  let g = upstream[0] * scale;
#endif
#if ${options.inPlace}
  result[i] = g * (result[i] - goal[i]);
#else
  result[i] = g * (y[i] - goal[i]);
#endif
}
`;
};
