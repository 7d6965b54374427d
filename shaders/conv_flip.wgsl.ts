import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { gridLibrary } from "./lib/grid.wgsl.ts";

/**
 * The filter as the gradient of the input wants it: flipped[ky, kx', o, g·I + i] = filter[ky, kx, i, g·O + o] for each group g, with
 * kx' = KW − 1 − kx where `flip_x` says so and kx' = kx else.
 *
 * Shapes: filter [KH, KW, I, G·O], flipped [KH, KW, O, G·I], row-major. With `vector`, I and O are multiples of 4 and counted in vec4.
 * Workgroups of 64 invocations, neighbours along i. Each transposes 4 × 4 elements in registers by four loads and four stores of vec4;
 * without `vector` it copies up to four elements along o.
 */
export function convFlip({ vector }: { readonly vector: boolean }): string {
  const T = vector ? "vec4<f32>" : "f32";
  return wgsl`
@group(0) @binding(0) var<storage, read> filter_in: array<${T}>;
@group(0) @binding(1) var<storage, read_write> flipped: array<${T}>;
struct Params {
  size: u32,
  blocks: u32,
  width: u32,
  group_in: u32,
  group_out: u32,
  groups: u32,
  flip_x: u32,
}
@group(0) @binding(2) var<uniform> params: Params;
${gridLibrary}
@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let number = linear_workgroup(workgroup, workgroups) * 64u + local;
  if (number >= params.size) { return; }
  let in_c = params.group_in * params.groups;
  let out_c = params.group_out * params.groups;
  let column = number % in_c;
  let block = (number / in_c) % params.blocks;
  let tap = number / (in_c * params.blocks);
  let kx = tap % params.width;
  let to_tap = select(tap, tap - kx + params.width - 1u - kx, params.flip_x != 0u);
  let group = column / params.group_in;
  let i = column % params.group_in;
#if ${vector}
  let at = (tap * params.group_in + i) * 4u * out_c + group * params.group_out + block;
  let a = filter_in[at];
  let b = filter_in[at + out_c];
  let c = filter_in[at + 2u * out_c];
  let d = filter_in[at + 3u * out_c];
  let to = (to_tap * params.group_out + block) * 4u * in_c + column;
  flipped[to] = vec4<f32>(a.x, b.x, c.x, d.x);
  flipped[to + in_c] = vec4<f32>(a.y, b.y, c.y, d.y);
  flipped[to + 2u * in_c] = vec4<f32>(a.z, b.z, c.z, d.z);
  flipped[to + 3u * in_c] = vec4<f32>(a.w, b.w, c.w, d.w);
#else
  let at = (tap * params.group_in + i) * out_c + group * params.group_out;
  let end = min(4u * block + 4u, params.group_out);
  for (var o = 4u * block; o < end; o += 1u) { flipped[(to_tap * params.group_out + o) * in_c + column] = filter_in[at + o]; }
#endif
}
`;
}
