import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { declare, reads, writes } from "./lib/declare.ts";
import { gridLibrary } from "./lib/grid.wgsl.ts";
import { chooseBits, magnitudeOf, nanFrom, passNan } from "./lib/nan.wgsl.ts";

export interface CrossEntropyTargets {
  /** i32 and u32 are class indices, f32 probabilities. */
  readonly target: "i32" | "u32" | "f32";
  /** Scores are logits; otherwise they are logarithms of probabilities already (only with indices). */
  readonly logits: boolean;
  readonly mask: boolean;
  readonly classWeights: boolean;
  readonly smoothing: boolean;
}

export interface CrossEntropyShaderOptions extends CrossEntropyTargets {
  /** Writes each row's share of the mean's divisor. */
  readonly counted: boolean;
  /** 1: an invocation takes a row. 64: a workgroup takes a row. */
  readonly invocations: 1 | 64;
  /** With one row per invocation: writes the sums of 64 rows instead of each row's loss (and count). */
  readonly partial: boolean;
  /** With one row per invocation: inner is 1 and the classes are a multiple of 4, so four of them are read at once. */
  readonly vec4: boolean;
}

/** The share of class c in the target of row r (`q` below), from what is bound. `label` is the row's class index. */
export const targetLibrary = (options: CrossEntropyTargets): string => wgsl`
fn class_weight(c: u32) -> f32 {
#if ${options.classWeights}
  return class_weights[c];
#else
  return 1.0;
#endif
}
fn row_weight(r: u32, label: i32) -> f32 {
#if ${options.target !== "f32"}
  if (label == params.ignore) { return 0.0; }
#endif
#if ${options.mask}
  return mask[r];
#else
  return 1.0;
#endif
}
// \`at\` is the place of class c of row r.
fn target_share(c: u32, at: u32, label: i32) -> f32 {
#if ${options.target === "f32"}
  let t = goal[at];
#else
  let t = select(0.0, 1.0, i32(c) == label);
#endif
#if ${options.smoothing}
  let share = (1.0 - params.smoothing) * t + params.smoothing / f32(params.classes);
#else
  let share = t;
#endif
#if ${options.classWeights}
  return select(class_weights[c] * share, 0.0, ${magnitudeOf("share")} == 0u);
#else
  return share;
#endif
}
`;

/**
 * Cross-entropy of each row, from scores by a log-softmax that large scores do not harm.
 *
 *     q_c = w_c ((1 − ε) t_c + ε / C)        t from a class index (1 there, else 0) or probabilities
 *     m = max x,  s = Σ exp(x_c − m)         m = ∞ where an x is NaN; s is NaN where m is ∞
 *     loss_r = k_r Σ q_c (m − x_c + log s)    k_r: mask, 0 where the label is ignored; 0 · ∞ = 0 for q and k
 *     statistics_r = (m, k_r Σ q_c / s)       what the gradient needs; 0 where k is
 *     count_r = k_r w_label, or k_r for probabilities
 *
 * Without `logits`, loss_r = −k_r w_label x_label. A label outside 0 … C − 1 that is not ignored makes loss_r NaN.
 * Memory: scores [outer, C, inner], row r = (outer, inner) begins at (r / inner) · C · inner + r % inner; labels, mask, losses, counts
 * [rows]; statistics [rows, 2]. One row per invocation, 64 to a workgroup, or one row per workgroup of 64 (many classes).
 * Cost: reads the scores two or three times (once from memory).
 */
export const crossEntropyShader = (options: CrossEntropyShaderOptions): string => {
  const { logits, counted, partial, vec4 } = options;
  const wide = options.invocations === 64;
  const indices = options.target !== "f32";
  const every = !indices || options.smoothing;
  return wgsl`
${gridLibrary}
struct Params { rows: u32, classes: u32, inner: u32, ignore: i32, smoothing: f32 }
${declare([
  reads("scores", vec4 ? "vec4<f32>" : "f32"),
  reads("goal", options.target),
  options.mask && reads("mask", "f32"),
  options.classWeights && reads("class_weights", "f32"),
  writes("losses", "f32"),
  logits && writes("statistics", "f32"),
  counted && writes("counts", "f32"),
])}
${targetLibrary(options)}
#if ${wide}
var<workgroup> lanes: array<vec4<f32>, 64>;
// The largest x and the sums of y, z, w over the workgroup, the same in every invocation.
fn join(value: vec4<f32>, local: u32) -> vec4<f32> {
  workgroupBarrier();
  lanes[local] = value;
  for (var half = 32u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (local < half) {
      let a = lanes[local];
      let b = lanes[local + half];
      lanes[local] = vec4<f32>(max(a.x, b.x), a.yzw + b.yzw); // x is no NaN
    }
  }
  workgroupBarrier();
  return lanes[0];
}
#endif
#if ${logits}
fn infinite_for_nan(m: f32, bits: u32) -> f32 {
  return ${chooseBits("bits > 0x7f800000u", "bitcast<f32>(0x7f800000u | (params.rows & 0u))", "m")};
}
fn nan_for_infinite(s: f32, m: f32) -> f32 {
  return ${chooseBits("bitcast<u32>(m) == 0x7f800000u", nanFrom("params.rows"), "s")};
}
#endif
#if ${partial}
var<workgroup> row_sums: array<vec2<f32>, 64>;
#endif
fn score(at: u32) -> f32 {
#if ${vec4}
  return scores[at / 4u][at % 4u];
#else
  return scores[at];
#endif
}
// Loss and count of row r.
fn row_loss(r: u32, local: u32) -> vec2<f32> {
  let base = r / params.inner * params.classes * params.inner + r % params.inner;
#if ${indices}
  let label = i32(goal[r]);
#else
  let label = 0;
#endif
  let k = row_weight(r, label);
  // A label that is out of range is bound to it for reading only; its loss becomes NaN below.
  let known = u32(label) < params.classes;
  let chosen = select(0u, u32(label), known);
  var loss = 0.0;
#if ${logits}
#if ${vec4}
  let end = (base + params.classes) / 4u;
  var top = vec4<f32>(-3.4028234e38);
  var bits = vec4<u32>(0u);
  for (var i = base / 4u; i < end; i++) {
    let x = scores[i];
    top = max(top, x); // its NaN is in bits
    bits = max(bits, ${magnitudeOf("x", "vec4<f32>")});
  }
  let largest = max(max(bits.x, bits.y), max(bits.z, bits.w));
  let m = infinite_for_nan(max(max(top.x, top.y), max(top.z, top.w)), largest); // its NaN is in bits
  let ones = vec4<f32>(1.0);
  var s_lanes = vec4<f32>(0.0);
  var total_lanes = vec4<f32>(0.0);
  var dotted_lanes = vec4<f32>(0.0);
  for (var i = base / 4u; i < end; i++) {
    let d = scores[i] - m;
    s_lanes += exp(d);
#if ${every}
    let at = 4u * i;
    let c = at - base;
    let q = vec4<f32>(${[0, 1, 2, 3].map((lane) => `target_share(c + ${lane}u, at + ${lane}u, label)`).join(", ")});
    total_lanes += q;
    dotted_lanes -= select(q * d, vec4<f32>(0.0), ${magnitudeOf("q", "vec4<f32>")} == vec4<u32>(0u));
#endif
  }
  let s = nan_for_infinite(dot(s_lanes, ones), m);
  var total = dot(total_lanes, ones);
  var dotted = dot(dotted_lanes, ones);
#else
  let first = ${wide ? "local" : "0u"};
  let step = ${wide ? "64u" : "1u"};
  var m = -3.4028234e38;
  var bits = 0u;
  for (var c = first; c < params.classes; c += step) {
    let x = scores[base + c * params.inner];
    m = max(m, x); // its NaN is in bits
    bits = max(bits, ${magnitudeOf("x")});
  }
  m = infinite_for_nan(m, bits);
#if ${wide}
  m = join(vec4<f32>(m, 0.0, 0.0, 0.0), local).x;
#endif
  var s = 0.0;
  var total = 0.0;
  var dotted = 0.0;
  for (var c = first; c < params.classes; c += step) {
    let at = base + c * params.inner;
    let d = scores[at] - m;
    s += exp(d);
#if ${every}
    let q = target_share(c, at, label);
    total += q;
    dotted -= select(q * d, 0.0, ${magnitudeOf("q")} == 0u);
#endif
  }
#if ${wide}
  let joined = join(vec4<f32>(0.0, s, total, dotted), local);
  s = joined.y;
  total = joined.z;
  dotted = joined.w;
#endif
  s = nan_for_infinite(s, m);
#endif
#if ${!every}
  total = class_weight(chosen);
  let distance = m - score(base + chosen * params.inner);
  dotted = select(total * distance, 0.0, ${magnitudeOf("total")} == 0u);
#endif
  let log_s = ${passNan("s", "log(s)")};
  let counts = ${magnitudeOf("k")} != 0u;
  loss = k * (dotted + select(0.0, total * log_s, ${magnitudeOf("total")} != 0u));
#if ${wide}
  if (local == 0u) {
#else
  {
#endif
    statistics[2u * r] = m;
    statistics[2u * r + 1u] = select(0.0, k * total / s, counts && ${magnitudeOf("total")} != 0u);
  }
#else
  let counts = ${magnitudeOf("k")} != 0u;
  let weight = class_weight(chosen);
  loss = select(0.0, -k * weight * score(base + chosen * params.inner), ${magnitudeOf("weight")} != 0u);
#endif
  if (!counts) { return vec2<f32>(0.0, 0.0); }
#if ${indices}
  if (!known) { loss = ${nanFrom("params.rows")}; }
  return vec2<f32>(loss, k * class_weight(chosen));
#else
  return vec2<f32>(loss, k);
#endif
}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) id: vec3<u32>,
  @builtin(num_workgroups) grid: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let group = linear_workgroup(id, grid);
#if ${wide}
  if (group >= params.rows) { return; }
  let value = row_loss(group, local);
  if (local == 0u) {
    losses[group] = value.x;
#if ${counted}
    counts[group] = value.y;
#endif
  }
#else
  let r = group * 64u + local;
#if ${partial}
  var value = vec2<f32>(0.0);
  if (r < params.rows) { value = row_loss(r, local); }
  row_sums[local] = value;
  workgroupBarrier();
  if (local == 0u && group * 64u < params.rows) {
    var sum = vec2<f32>(0.0);
    for (var i = 0u; i < 64u; i++) { sum += row_sums[i]; }
    losses[group] = sum.x;
#if ${counted}
    counts[group] = sum.y;
#endif
  }
#else
  if (r >= params.rows) { return; }
  let value = row_loss(r, local);
  losses[r] = value.x;
#if ${counted}
  counts[r] = value.y;
#endif
#endif
#endif
}
`;
};
