import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { powerScaleLibrary } from "./lib/power_scale.wgsl.ts";

/** Invocations of the one workgroup where several work. */
const INVOCATIONS = 64;

export interface GradientFinishOptions {
  /** 64 invocations join the partials through workgroup memory. Else one invocation does, which compiles sooner. */
  readonly joined: boolean;
}

/** Values of the `clip` param. */
export const CLIP_NONE = 0;
export const CLIP_L2 = 1;
export const CLIP_INF = 2;

/**
 * Ends what gradient_norm began: the global norm over all segments, the factor that clips, and whether the update may happen.
 *
 *     norm  = 2^e · √(Σ partial sums, each rescaled to the common 2^e)     (clip by the infinity norm: max |g|)
 *     scale = min(1, max / norm)
 *
 * Memory: `partials` three u32 words for each partial norm of gradient_norm (bits of the largest magnitude, bits of the scaled sum of
 * squares, not finite); `loss` any number of floats that must be finite; `run` the number of this run; `control` and `status` as
 * CONTROL and STATUS in src/graph/update.ts. norm is +∞ beyond f32 and NaN where a gradient is not finite.
 * One invocation joins all partials in order. `joined`: each of 64 joins every 64th in order, the first joins the 64 results in order.
 * The same bits each time. Cost: reads `partials` once (twice in cache).
 */
export const gradientFinish = ({ joined }: GradientFinishOptions): string => wgsl`
${powerScaleLibrary}
struct Params { count: u32, clip: u32, max_norm: f32, program: u32, loss_size: u32 }
@group(0) @binding(0) var<storage, read> partials: array<u32>;
@group(0) @binding(1) var<storage, read> loss: array<f32>;
@group(0) @binding(2) var<storage, read> run: array<u32>;
@group(0) @binding(3) var<storage, read_write> control: array<u32>;
@group(0) @binding(4) var<storage, read_write> status: array<u32>;
@group(0) @binding(5) var<uniform> params: Params;

#if ${joined}
var<workgroup> largest: array<u32, ${INVOCATIONS}>;
var<workgroup> sums: array<f32, ${INVOCATIONS}>;
var<workgroup> wrong: array<u32, ${INVOCATIONS}>;
#endif

const INFINITE = 0x7f800000u;
const NOT_A_NUMBER = 0x7fc00000u;

#if ${joined}
const STEP = ${INVOCATIONS}u;
@compute @workgroup_size(${INVOCATIONS})
fn main(@builtin(local_invocation_index) local: u32) {
#else
const STEP = 1u;
@compute @workgroup_size(1)
fn main() {
  let local = 0u;
#endif
  var m = 0u;
  var flag = 0u;
  for (var i = local; i < params.loss_size; i += STEP) {
    if ((bitcast<u32>(loss[i]) & INFINITE) == INFINITE) { flag |= 2u; }
  }
#if ${joined}
  for (var i = local; i < params.count; i += STEP) {
    m = max(m, partials[3u * i]);
    flag |= partials[3u * i + 2u];
  }
  let scale = scale_down(m);
  var s = 0.0;
  for (var i = local; i < params.count; i += STEP) {
    s += rescaled(bitcast<f32>(partials[3u * i + 1u]), partials[3u * i], scale);
  }
  largest[local] = m;
  sums[local] = s;
  wrong[local] = flag;
  workgroupBarrier();
  if (local != 0u) { return; }

  for (var i = 1u; i < ${INVOCATIONS}u; i++) {
    m = max(m, largest[i]);
    flag |= wrong[i];
  }
  let shared_scale = scale_down(m);
  s = 0.0;
  for (var i = 0u; i < ${INVOCATIONS}u; i++) {
    s += rescaled(sums[i], largest[i], shared_scale);
  }
#else
  var s = 0.0;
  for (var i = 0u; i < params.count; i++) {
    let other = partials[3u * i];
    let larger = max(m, other);
    let scale = scale_down(larger);
    s = rescaled(s, m, scale) + rescaled(bitcast<f32>(partials[3u * i + 1u]), other, scale);
    m = larger;
    flag |= partials[3u * i + 2u];
  }
  let shared_scale = scale_down(m);
#endif
  // norm · shared_scale; the norm itself may be beyond f32.
  let infinity = params.clip == ${CLIP_INF}u;
  let root = select(sqrt(s), bitcast<f32>(m) * shared_scale, infinity);
  let overflows = root > 3.4028234e38 * min(shared_scale, 1.0); // the flag tells of NaN
  var norm = select(bitcast<u32>(root * scale_up(m)), INFINITE, overflows);
  norm = select(norm, m, infinity);

  // Bits of floats that are not negative order as the floats do; where it clips, the norm is larger than 0.
  let clips = params.clip != ${CLIP_NONE}u && norm > bitcast<u32>(params.max_norm);
  let factor = select(1.0, min(1.0, params.max_norm * shared_scale / root), clips); // the flag tells of NaN
  if ((flag & 1u) != 0u) { norm = NOT_A_NUMBER; }
  if (status[0] == 0u && flag != 0u) {
    status[0] = flag;
    status[1] = params.program;
    status[2] = run[0];
  }
  let skip = status[0] != 0u;
  control[0] = bitcast<u32>(factor);
  control[1] = select(0u, 1u, skip);
  control[2] += select(1u, 0u, skip);
  control[3] = norm;
}
`;
