import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { gridLibrary } from "./lib/grid.wgsl.ts";

/**
 * The filter as the gradient of the input wants it: flipped[ky, kx', o, g·I + i] = filter[ky, kx, i, g·O + o] for each group g, with
 * kx' = KW − 1 − kx where `flip_x` says so and kx' = kx else.
 *
 * Shapes: filter [KH, KW, I, G·O], flipped [KH, KW, O, G·I], row-major.
 * Workgroups of 64 invocations, one element each. Cost: one load and one store per element; filters are small beside images.
 */
export function convFlip(): string {
  return wgsl`
@group(0) @binding(0) var<storage, read> filter_in: array<f32>;
@group(0) @binding(1) var<storage, read_write> flipped: array<f32>;
struct Params {
  size: u32,
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
  let at = linear_workgroup(workgroup, workgroups) * 64u + local;
  if (at >= params.size) { return; }
  let i = at % params.group_in;
  let group = (at / params.group_in) % params.groups;
  let row = at / (params.group_in * params.groups);
  let o = row % params.group_out;
  let tap = row / params.group_out;
  let kx = tap % params.width;
  let origin = select(tap, tap - kx + params.width - 1u - kx, params.flip_x != 0u);
  flipped[at] = filter_in[(origin * params.group_in + i) * params.groups * params.group_out + group * params.group_out + o];
}
`;
}
