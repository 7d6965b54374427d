import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { gridLibrary } from "./lib/grid.wgsl.ts";
import { rowIndexLibrary } from "./lib/row-index.wgsl.ts";

export interface GatherGradientOptions {
  /** Indices are i32 (otherwise u32). */
  readonly signed: boolean;
  /** Adds 4 columns at a time; then `inner` counts in units of 4 elements. */
  readonly vec4: boolean;
}

/**
 * y[o, v, c] = Σ over n with row(indices[n]) = v of g[o, n, c], for g[outer, positions, inner], y[outer, rows, inner].
 *
 * A workgroup owns one row v and 64 columns (or vec4 of columns). In steps of 2,048 positions its 64 invocations look for v, 32
 * positions each, and note the hits as bits in workgroup memory (256 bytes); then each adds the hits up in its own column. The
 * order of the sum is fixed, so the result has the same bits each time; no atomics. Cost: rows · positions index loads for each 64
 * columns, one load and addition per element of g. For few rows; gather-gradient-rows.wgsl.ts is for many.
 */
export function gatherGradientScanShader({ signed, vec4 }: GatherGradientOptions): string {
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
@group(0) @binding(1) var<storage, read> indices: array<${signed ? "i32" : "u32"}>;
@group(0) @binding(2) var<storage, read_write> y: array<${element}>;
@group(0) @binding(3) var<uniform> params: Params;
var<workgroup> hits: array<u32, 64>;
${gridLibrary}
${rowIndexLibrary(signed)}
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
  let mine = outer < params.outer && column < params.inner;
  var total = ${element}(0.0);
  for (var start = 0u; start < params.positions; start += 2048u) {
    var word = 0u;
    for (var bit = 0u; bit < 32u; bit++) {
      let position = start + bit * 64u + lane;
      if (position < params.positions) {
        word |= select(0u, 1u << bit, row_of(indices[position], params.rows) == row);
      }
    }
    hits[lane] = word;
    workgroupBarrier();
    if (mine) {
      var sum = ${element}(0.0);
      for (var other = 0u; other < 64u; other++) {
        for (var left = hits[other]; left != 0u; left &= left - 1u) {
          let position = start + firstTrailingBit(left) * 64u + other;
          sum += gradient[(outer * params.positions + position) * params.inner + column];
        }
      }
      total += sum;
    }
    workgroupBarrier();
  }
  if (mine) {
    y[(outer * params.rows + row) * params.inner + column] = total;
  }
}
`;
}
