import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { gridLibrary } from "./lib/grid.wgsl.ts";

/** Params in order. */
export const pairSumsParams = { size: "u32", chunks: "u32", inner: "u32" } as const;

/**
 * products[o, i] = Σ_p product_parts[o, p, i], and the same for sums: the second level of norm_sums, always in the same order.
 *
 * Shapes: parts [outer, chunks, inner], results [outer, inner], row-major.
 * Workgroup: 64 invocations, one pair of results each; with `shared` they share one pair, each taking every 64th part, then a tree in
 * workgroup memory.
 * Cost: both read once.
 */
export function pairSumsShader({ shared }: { readonly shared: boolean }): string {
  return wgsl`
${gridLibrary}
@group(0) @binding(0) var<storage, read> product_parts: array<f32>;
@group(0) @binding(1) var<storage, read> sum_parts: array<f32>;
@group(0) @binding(2) var<storage, read_write> products: array<f32>;
@group(0) @binding(3) var<storage, read_write> sums: array<f32>;
struct Params {
  size: u32,
  chunks: u32,
  inner: u32,
}
@group(0) @binding(4) var<uniform> params: Params;

fn add_parts(t: u32, begin: u32, stride: u32) -> vec2<f32> {
  let base = (t / params.inner) * params.chunks * params.inner + t % params.inner;
  var total = vec2<f32>(0.0);
  for (var part = begin; part < params.chunks; part += stride) {
    let i = base + part * params.inner;
    total += vec2<f32>(product_parts[i], sum_parts[i]);
  }
  return total;
}
#if ${shared}
var<workgroup> shared_total: array<vec2<f32>, 64>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let t = linear_workgroup(workgroup, workgroups);
  if (t >= params.size) {
    return;
  }
  var total = add_parts(t, lane, 64u);
  shared_total[lane] = total;
  workgroupBarrier();
  for (var half = 32u; half > 0u; half >>= 1u) {
    if (lane < half) {
      total += shared_total[lane + half];
      shared_total[lane] = total;
    }
    workgroupBarrier();
  }
  if (lane == 0u) {
    products[t] = total.x;
    sums[t] = total.y;
  }
}
#else
@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let t = linear_workgroup(workgroup, workgroups) * 64u + lane;
  if (t >= params.size) {
    return;
  }
  let total = add_parts(t, 0u, 1u);
  products[t] = total.x;
  sums[t] = total.y;
}
#endif
`;
}
