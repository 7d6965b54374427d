import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { gridLibrary } from "./lib/grid.wgsl.ts";
import { rowIndexLibrary } from "./lib/row-index.wgsl.ts";

export interface GatherOptions {
  /** Indices are i32 (otherwise u32). */
  readonly signed: boolean;
  /** Copies 16 bytes at a time; then `inner` counts in units of 4 elements. */
  readonly vec4: boolean;
  /** Adds a vector of `inner` f32 to each row. */
  readonly bias: boolean;
}

/**
 * y[o, n, c] = table[o, row(indices[n]), c] (+ bias[c]) for table[outer, rows, inner], indices[positions].
 *
 * Layout: dense row-major. Workgroup: 64 elements of y (or vec4) in a row. Without bias, elements are copied as u32, so that every
 * bit pattern survives. Where an index is out of range, y has the bits `missing`. Cost: two divisions, two or three loads, one store for each.
 */
export function gatherShader({ signed, vec4, bias }: GatherOptions): string {
  const scalar = bias ? "f32" : "u32";
  const element = vec4 ? `vec4<${scalar}>` : scalar;
  return wgsl`
struct Params {
  count: u32,
  inner: u32,
  positions: u32,
  rows: u32,
  missing: u32,
}
@group(0) @binding(0) var<storage, read> table: array<${element}>;
@group(0) @binding(1) var<storage, read> indices: array<${signed ? "i32" : "u32"}>;
#if ${bias}
@group(0) @binding(2) var<storage, read> bias: array<${element}>;
@group(0) @binding(3) var<storage, read_write> y: array<${element}>;
@group(0) @binding(4) var<uniform> params: Params;
#else
@group(0) @binding(2) var<storage, read_write> y: array<${element}>;
@group(0) @binding(3) var<uniform> params: Params;
#endif
${gridLibrary}
${rowIndexLibrary(signed)}
@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = linear_workgroup(workgroup, workgroups) * 64u + lane;
  if (i >= params.count) {
    return;
  }
  let column = i % params.inner;
  let line = i / params.inner;
  let row = row_of(indices[line % params.positions], params.rows);
  if (row == params.rows) {
    y[i] = ${element}(${bias ? "bitcast<f32>(params.missing)" : "params.missing"});
    return;
  }
  let value = table[(line / params.positions * params.rows + row) * params.inner + column];
#if ${bias}
  y[i] = value + bias[column];
#else
  y[i] = value;
#endif
}
`;
}
