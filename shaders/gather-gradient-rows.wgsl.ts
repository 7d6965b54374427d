import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { gridLibrary } from "./lib/grid.wgsl.ts";

/**
 * y[o, v, c] = Σ over n with keys[n] = v of g[o, order[n], c], for ascending keys, g[outer, positions, inner], y[outer, rows, inner].
 *
 * A workgroup owns one row v and 64 columns (or vec4 of columns): it finds the first key v by bisection and adds up from there, in
 * blocks of 256. Rows that do not occur become 0; an index out of range has the position 0xffffffff and adds nothing. Cost: log₂(positions) loads per row, one load and addition per element of g.
 */
export function gatherGradientRowsShader({ vec4 }: { readonly vec4: boolean }): string {
  const element = vec4 ? "vec4<f32>" : "f32";
  return wgsl`
struct Params {
  inner: u32,
  positions: u32,
  rows: u32,
  outer: u32,
  tiles: u32,
}
@group(0) @binding(0) var<storage, read> gradient: array<${element}>;
@group(0) @binding(1) var<storage, read> keys: array<u32>;
@group(0) @binding(2) var<storage, read> order: array<u32>;
@group(0) @binding(3) var<storage, read_write> y: array<${element}>;
@group(0) @binding(4) var<uniform> params: Params;
${gridLibrary}
@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let number = linear_workgroup(workgroup, workgroups);
  let column = (number % params.tiles) * 64u + lane;
  let row = (number / params.tiles) % params.rows;
  let outer = number / (params.tiles * params.rows);
  if (outer >= params.outer || column >= params.inner) {
    return;
  }
  // The first key that is not below row lies in low … high; the distance halves each time.
  var low = 0u;
  var high = params.positions;
  for (var step = 0u; step < 32u && low < high; step++) {
    let middle = low + (high - low) / 2u;
    if (keys[middle] < row) {
      low = middle + 1u;
    } else {
      high = middle;
    }
  }
  var total = ${element}(0.0);
  var sum = ${element}(0.0);
  for (var n = low; n < params.positions; n++) {
    if (keys[n] != row) {
      break;
    }
    let position = order[n];
    if (position != 0xffffffffu) {
      sum += gradient[(outer * params.positions + position) * params.inner + column];
    }
    if (((n - low) & 255u) == 255u) {
      total += sum;
      sum = ${element}(0.0);
    }
  }
  y[(outer * params.rows + row) * params.inner + column] = total + sum;
}
`;
}
