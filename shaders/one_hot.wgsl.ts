import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { gridLibrary } from "./lib/grid.wgsl.ts";
import { paramsStruct } from "./lib/params.wgsl.ts";
import { rowIndexLibrary } from "./lib/row-index.wgsl.ts";

export interface OneHotOptions {
  /** Indices are i32 (otherwise u32). */
  readonly signed: boolean;
  /** Four places of one index at a time (inner = 1, depth % 4 = 0); then `depth` counts in units of 4. */
  readonly vec4: boolean;
}

/** Params in order. */
export const oneHotParams = { size: "u32", depth: "u32", inner: "u32", on: "f32", off: "f32", missing: "u32" } as const;

/**
 * y[o, d, i] = on where indices[o, i] means d, off elsewhere. Negative i32 indices count from the end; an index out of range gives a row with the bits `missing`.
 *
 * Shapes: indices [outer, inner], y [outer, depth, inner], row-major. Workgroup: 64 elements of y (or vec4) in a row, over a folded grid.
 * Cost: one load of an index, one store for each.
 */
export function oneHotShader({ signed, vec4 }: OneHotOptions): string {
  const places = vec4 ? "vec4<u32>(4u * d) + vec4<u32>(0u, 1u, 2u, 3u)" : "d";
  const depth = vec4 ? "4u * params.depth" : "params.depth";
  const value = vec4 ? "vec4<f32>" : "f32";
  return wgsl`
${gridLibrary}
${rowIndexLibrary(signed)}
@group(0) @binding(0) var<storage, read> indices: array<${signed ? "i32" : "u32"}>;
@group(0) @binding(1) var<storage, read_write> y: array<${value}>;
${paramsStruct(oneHotParams)}
@group(0) @binding(2) var<uniform> params: Params;

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
  let d = (t / params.inner) % params.depth;
  let index = indices[t / params.inner / params.depth * params.inner + t % params.inner];
  let place = row_of(index, ${depth});
  let rest = select(params.off, bitcast<f32>(params.missing), place == ${depth});
  y[t] = select(${value}(rest), ${value}(params.on), ${places} == ${vec4 ? "vec4<u32>(place)" : "place"});
}
`;
}
