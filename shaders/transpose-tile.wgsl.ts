import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { gridLibrary } from "./lib/grid.wgsl.ts";

/**
 * y[b, j, i] = x[b, i, j] for x[batch, rows, columns] of any sizes, copied as u32.
 *
 * A workgroup of 16×16 moves one 16×16 tile through workgroup memory, so that loads and stores both run along rows. The tile is 17
 * wide: a column then falls into different banks. 1,088 bytes of workgroup memory; one load and one store per element.
 */
export function transposeTileShader(): string {
  return wgsl`
struct Params {
  rows: u32,
  columns: u32,
  tile_rows: u32,
  tile_columns: u32,
  batch: u32,
}
@group(0) @binding(0) var<storage, read> source: array<u32>;
@group(0) @binding(1) var<storage, read_write> destination: array<u32>;
@group(0) @binding(2) var<uniform> params: Params;
var<workgroup> tile: array<u32, 272>;
${gridLibrary}
@compute @workgroup_size(16, 16)
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
  @builtin(local_invocation_id) local: vec3<u32>,
) {
  let number = linear_workgroup(workgroup, workgroups);
  let column0 = (number % params.tile_columns) * 16u;
  let row0 = ((number / params.tile_columns) % params.tile_rows) * 16u;
  let batch = number / (params.tile_columns * params.tile_rows);
  let matrix = batch * params.rows * params.columns;
  let row = row0 + local.y;
  let column = column0 + local.x;
  if (batch < params.batch && row < params.rows && column < params.columns) {
    tile[local.y * 17u + local.x] = source[matrix + row * params.columns + column];
  }
  workgroupBarrier();
  let row_out = column0 + local.y;
  let column_out = row0 + local.x;
  if (batch < params.batch && row_out < params.columns && column_out < params.rows) {
    destination[matrix + row_out * params.rows + column_out] = tile[local.x * 17u + local.y];
  }
}
`;
}
