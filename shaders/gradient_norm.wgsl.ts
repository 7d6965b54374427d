import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { gridLibrary } from "./lib/grid.wgsl.ts";
import { powerScaleLibrary } from "./lib/power_scale.wgsl.ts";

/** Invocations of a workgroup, and vec4 that each of them reads where the workgroup joins what they found. */
export const NORM_INVOCATIONS = 64;
export const NORM_ITEMS = 32;
/** u32 words of one partial norm. */
export const NORM_WORDS = 3;

export interface GradientNormOptions {
  /** A workgroup joins what its invocations found, through workgroup memory. Else each writes its own, which compiles sooner. */
  readonly joined: boolean;
}

/**
 * The partial norm of one segment of gradients, safe for every finite f32.
 *
 *     m = max |g|,  s = Σ (g · 2^-e)²  with 2^e next to m,  and whether any g is infinite or NaN
 *
 * Memory: `gradients` flat, as vec4, in blocks of 64 floats; `blocks[b]` of them belong to a variable, the rest is a gap with any
 * values. `partials` gets three u32 words for each partial norm, beginning at number `offset`: the bits of m, the bits of s (a
 * float), 1 when something was not finite. What is not finite is found by its bits and counts as 0 in m and s.
 * Each invocation keeps m and s as it goes, rescaling s when m grows, and leaves a partial norm of its own for `items` vec4 that lie one
 * after another. `joined`: it takes every 64th of the 64·32 vec4 of its workgroup, and the first joins the 64 pairs in order, with one
 * barrier. Cost: reads the segment once.
 */
export const gradientNorm = ({ joined }: GradientNormOptions): string => wgsl`
${gridLibrary}
${powerScaleLibrary}
struct Params { size: u32, offset: u32, items: u32 }
@group(0) @binding(0) var<storage, read> gradients: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> blocks: array<u32>;
@group(0) @binding(2) var<storage, read_write> partials: array<u32>;
@group(0) @binding(3) var<uniform> params: Params;

#if ${joined}
var<workgroup> largest: array<u32, ${NORM_INVOCATIONS}>;
var<workgroup> sums: array<f32, ${NORM_INVOCATIONS}>;
var<workgroup> wrong: array<u32, ${NORM_INVOCATIONS}>;
#endif

const EXPONENT = vec4<u32>(0x7f800000u);

fn load_bits(i: u32) -> vec4<u32> {
#if ${joined}
  if (i >= params.size / 4u) { return vec4<u32>(0u); }
#endif
  let count = blocks[i / 16u];
  let lane = vec4<u32>(0u, 1u, 2u, 3u) + (i % 16u) * 4u;
  let bits = bitcast<vec4<u32>>(gradients[i]) & vec4<u32>(0x7fffffffu);
  return select(vec4<u32>(0u), bits, lane < vec4<u32>(count));
}

@compute @workgroup_size(${NORM_INVOCATIONS})
fn main(
  @builtin(workgroup_id) id: vec3<u32>,
  @builtin(num_workgroups) grid: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let group = linear_workgroup(id, grid);
#if ${joined}
  let first = group * ${NORM_INVOCATIONS * NORM_ITEMS}u + local;
#else
  let partial = group * ${NORM_INVOCATIONS}u + local;
  let first = partial * params.items;
  let end = min(first + params.items, params.size / 4u);
#endif
  var bad = vec4<bool>(false);
  var m = 0u;
  var scale = scale_down(0u);
  var s = 0.0;
#if ${joined}
  for (var i = 0u; i < ${NORM_ITEMS}u; i++) {
    let raw = load_bits(first + i * ${NORM_INVOCATIONS}u);
#else
  for (var i = first; i < end; i++) {
    let raw = load_bits(i);
#endif
    let infinite = raw >= EXPONENT;
    bad = bad | infinite;
    let bits = select(raw, vec4<u32>(0u), infinite);
    let top = max(max(bits.x, bits.y), max(bits.z, bits.w));
    if (top > m) {
      let next = scale_down(top);
      s = rescaled(s, m, next);
      scale = next;
      m = top;
    }
    let v = bitcast<vec4<f32>>(bits) * scale;
    s += dot(v, v);
  }
#if ${joined}
  largest[local] = m;
  sums[local] = s;
  wrong[local] = select(0u, 1u, any(bad));
  workgroupBarrier();
  if (local == 0u && group * ${NORM_INVOCATIONS * NORM_ITEMS * 4}u < params.size) {
    var all = 0u;
    var flag = 0u;
    for (var i = 0u; i < ${NORM_INVOCATIONS}u; i++) {
      all = max(all, largest[i]);
      flag |= wrong[i];
    }
    let shared_scale = scale_down(all);
    var sum = 0.0;
    for (var i = 0u; i < ${NORM_INVOCATIONS}u; i++) {
      sum += rescaled(sums[i], largest[i], shared_scale);
    }
    let at = (params.offset + group) * ${NORM_WORDS}u;
    partials[at] = all;
    partials[at + 1u] = bitcast<u32>(sum);
    partials[at + 2u] = flag;
  }
#else
  if (first < end) {
    let at = (params.offset + partial) * ${NORM_WORDS}u;
    partials[at] = m;
    partials[at + 1u] = bitcast<u32>(s);
    partials[at + 2u] = select(0u, 1u, any(bad));
  }
#endif
}
`;
