import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { gridLibrary } from "./lib/grid.wgsl.ts";

/**
 * y[b, j, i] = x[b, i, j] for x[batch, rows, columns], copied as u32.
 *
 * Each invocation transposes one 4×4 block: with `vec4` (rows and columns multiples of 4, params count in blocks) in registers, by
 * four vec4 loads and four vec4 stores, otherwise element by element within the bounds. Workgroup: 64 blocks, neighbours along the
 * rows of y, so that stores are contiguous. Without workgroup memory: right for software adapters, good where there is a cache.
 */
export function transposeBlockShader({ vec4 }: { readonly vec4: boolean }): string {
  const element = vec4 ? "vec4<u32>" : "u32";
  return wgsl`
struct Params {
  rows: u32,
  columns: u32,
  count: u32,
}
@group(0) @binding(0) var<storage, read> source: array<${element}>;
@group(0) @binding(1) var<storage, read_write> destination: array<${element}>;
@group(0) @binding(2) var<uniform> params: Params;
${gridLibrary}
@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let block = linear_workgroup(workgroup, workgroups) * 64u + lane;
  if (block >= params.count) {
    return;
  }
#if ${vec4}
  let row = block % params.rows;
  let column = (block / params.rows) % params.columns;
  let batch = block / (params.rows * params.columns);
  let first = (batch * params.rows + row) * 4u * params.columns + column;
  let a = source[first];
  let b = source[first + params.columns];
  let c = source[first + 2u * params.columns];
  let d = source[first + 3u * params.columns];
  let to = (batch * params.columns + column) * 4u * params.rows + row;
  destination[to] = vec4<u32>(a.x, b.x, c.x, d.x);
  destination[to + params.rows] = vec4<u32>(a.y, b.y, c.y, d.y);
  destination[to + 2u * params.rows] = vec4<u32>(a.z, b.z, c.z, d.z);
  destination[to + 3u * params.rows] = vec4<u32>(a.w, b.w, c.w, d.w);
#else
  let block_rows = (params.rows + 3u) / 4u;
  let block_columns = (params.columns + 3u) / 4u;
  let row0 = (block % block_rows) * 4u;
  let column0 = ((block / block_rows) % block_columns) * 4u;
  let matrix = block / (block_rows * block_columns) * params.rows * params.columns;
  let row_end = min(row0 + 4u, params.rows);
  let column_end = min(column0 + 4u, params.columns);
  for (var column = column0; column < column_end; column++) {
    for (var row = row0; row < row_end; row++) {
      destination[matrix + column * params.rows + row] = source[matrix + row * params.columns + column];
    }
  }
#endif
}
`;
}
