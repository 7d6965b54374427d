import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { declare, reads, writes } from "./lib/declare.ts";
import { gridLibrary } from "./lib/grid.wgsl.ts";
import { orderLibrary } from "./lib/order.wgsl.ts";
import { paramsStruct } from "./lib/params.wgsl.ts";

export interface TopKOptions {
  readonly target: "i32" | "u32";
  readonly mask: boolean;
  /** Writes each row's weight, too. */
  readonly counted: boolean;
  /** 1: an invocation takes a row. 64: a workgroup takes a row. */
  readonly invocations: 1 | 64;
  /** With one row per invocation: writes the sums of 64 rows instead of each row's hit (and weight). */
  readonly partial: boolean;
}

/** Params in order. */
export const topKParams = { rows: "u32", classes: "u32", inner: "u32", k: "u32", ignore: "i32" } as const;

/**
 * hits_r = w_r · [fewer than k classes come before the label of row r],  weights_r = w_r,  w_r: mask, 0 where the label is ignored.
 *
 * Class c comes before the label when its score is larger, or equal and c is lower; NaN comes before all. A label whose own score is NaN
 * is no hit; one outside 0 … C − 1 that is not ignored makes the hit NaN.
 * Memory: scores [outer, C, inner] as bits, row r = (outer, inner); labels, mask, hits, weights [rows]. One row per invocation, 64 to a
 * workgroup, or one row per workgroup of 64 (many classes). Cost: scores read once; classes are counted, nothing is sorted.
 */
export function topKShader({ target, mask, counted, invocations, partial }: TopKOptions): string {
  const wide = invocations === 64;
  return wgsl`
${gridLibrary}
${paramsStruct(topKParams)}
${declare([reads("scores", "u32"), reads("goal", target), mask && reads("mask", "f32"), writes("hits", "f32"), counted && writes("weights", "f32")])}
${orderLibrary({ dtype: "f32" })}
#if ${wide}
var<workgroup> counts: array<u32, 64>;
#endif
#if ${partial}
var<workgroup> row_sums: array<vec2<f32>, 64>;
#endif
// Hit and weight of row r.
fn row_hit(r: u32, local: u32) -> vec2<f32> {
  let base = r / params.inner * params.classes * params.inner + r % params.inner;
  let label = i32(goal[r]);
  let known = u32(label) < params.classes;
  let chosen = select(0u, u32(label), known);
  let own = key_of(scores[base + chosen * params.inner]);
  var before = 0u;
  for (var c = ${wide ? "local" : "0u"}; c < params.classes; c += ${invocations}u) {
    let key = key_of(scores[base + c * params.inner]);
    before += select(0u, 1u, key > own || (key == own && c < chosen));
  }
#if ${wide}
  counts[local] = before;
  workgroupBarrier();
  for (var half = 32u; half > 0u; half >>= 1u) {
    if (local < half) { counts[local] += counts[local + half]; }
    workgroupBarrier();
  }
  before = counts[0];
#endif
#if ${mask}
  let weight = select(mask[r], 0.0, label == params.ignore);
#else
  let weight = select(1.0, 0.0, label == params.ignore);
#endif
  if (weight == 0.0) { return vec2<f32>(0.0, 0.0); }
  var hit = select(0.0, weight, before < params.k && own != 0xffffffffu);
  if (!known) { hit = bitcast<f32>(0x7fc00000u | (params.rows & 1u)); }
  return vec2<f32>(hit, weight);
}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) id: vec3<u32>,
  @builtin(num_workgroups) grid: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let group = linear_workgroup(id, grid);
#if ${partial}
  let r = group * 64u + local;
  row_sums[local] = vec2<f32>(0.0);
  if (r < params.rows) { row_sums[local] = row_hit(r, local); }
  workgroupBarrier();
  if (local > 0u || group * 64u >= params.rows) { return; }
  let at = group;
  var value = vec2<f32>(0.0);
  for (var i = 0u; i < 64u; i++) { value += row_sums[i]; }
#elif ${wide}
  let at = group;
  if (at >= params.rows) { return; }
  let value = row_hit(at, local);
  if (local > 0u) { return; }
#else
  let at = group * 64u + local;
  if (at >= params.rows) { return; }
  let value = row_hit(at, local);
#endif
  hits[at] = value.x;
#if ${counted}
  weights[at] = value.y;
#endif
}
`;
}
