import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { type CrossEntropyTargets, targetLibrary } from "./cross_entropy.wgsl.ts";
import { declare, reads, writes } from "./lib/declare.ts";
import { gridLibrary } from "./lib/grid.wgsl.ts";
import { isNan, magnitudeOf, passNan } from "./lib/nan.wgsl.ts";

export interface CrossEntropyGradientShaderOptions extends CrossEntropyTargets {
  /** The upstream gradient has one value per row instead of one for all. */
  readonly each: boolean;
  /** The mean's divisor comes from a buffer. */
  readonly divisor: boolean;
  /** `result` holds the scores and takes the gradient. */
  readonly inPlace: boolean;
  /** Rows lie one after another (inner = 1) and the classes are a multiple of 4: four classes of a row at once. */
  readonly vec4: boolean;
}

/**
 * The gradient of cross-entropy:   dL/dx_c = g · scale · (share_r exp(x_c − m_r) − k_r q_c)
 *
 * with m and share from the forward kernel's statistics, and q, k as there; share is 0 for rows that are not counted. From logarithms
 * of probabilities (no `logits`) the first term is absent. `scale` is divided by divisor[0] where that is bound (0 where nothing
 * counts). Memory: as cross_entropy; `size` counts loads. One element (or vec4) per invocation, 64 to a workgroup. Cost: reads the
 * scores, writes the gradient.
 */
export const crossEntropyGradientShader = (options: CrossEntropyGradientShaderOptions): string => {
  const { logits, inPlace, vec4 } = options;
  const type = vec4 ? "vec4<f32>" : "f32";
  const share = (lane: number): string => `target_share(c + ${lane}u, i * 4u + ${lane}u, label)`;
  return wgsl`
${gridLibrary}
struct Params { size: u32, classes: u32, inner: u32, ignore: i32, smoothing: f32, scale: f32 }
${declare([
  logits && !inPlace && reads("scores", type),
  reads("goal", options.target),
  options.mask && reads("mask", "f32"),
  options.classWeights && reads("class_weights", "f32"),
  logits && reads("statistics", "f32"),
  reads("upstream", "f32"),
  options.divisor && reads("divisor", "f32"),
  writes("result", type),
])}
${targetLibrary(options)}
@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) id: vec3<u32>,
  @builtin(num_workgroups) grid: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let i = linear_workgroup(id, grid) * 64u + local;
  if (i >= params.size) { return; }
#if ${vec4}
  let r = i / (params.classes / 4u);
  let c = (i - r * (params.classes / 4u)) * 4u;
#else
  let above = i / params.inner;
  let outer = above / params.classes;
  let c = above - outer * params.classes;
  let r = outer * params.inner + i - above * params.inner;
#endif
#if ${options.target !== "f32"}
  let label = i32(goal[r]);
#else
  let label = 0;
#endif
  var scale = params.scale;
#if ${options.divisor}
  let d = divisor[0];
  scale = select(0.0, scale / d, d != 0.0 || ${isNan("d")});
#endif
  let g = upstream[${options.each ? "r" : "0"}] * scale;
#if ${vec4}
  let q = row_weight(r, label) * vec4<f32>(${[0, 1, 2, 3].map(share).join(", ")});
#else
  let q = row_weight(r, label) * target_share(c, i, label);
#endif
#if ${logits}
#if ${inPlace}
  let x = result[i];
#else
  let x = scores[i];
#endif
  let share = statistics[2u * r + 1u];
  let distance = x - statistics[2u * r];
  let exponential = ${passNan("distance", "exp(distance)", type)};
  // A share of 0 is a row that does not count, whatever it holds.
  result[i] = g * (select(${type}(0.0), share * exponential, ${magnitudeOf("share")} != 0u) - q);
#else
  result[i] = -g * q;
#endif
}
`;
};
