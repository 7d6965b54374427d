import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { gridLibrary } from "./lib/grid.wgsl.ts";

export interface StridedCopyOptions {
  /** Dimensions walked, 1 to 8. */
  readonly rank: number;
  /** Copies 16 bytes at a time; then all params count in units of 4 elements. */
  readonly vec4: boolean;
  /** The strided side is `to` (concat); otherwise it is `from` (transpose, slice). The other side is dense. */
  readonly scatter: boolean;
}

/**
 * to[i] = from[base + Σ_d c_d · stride_d], or with `scatter` to[base + Σ_d c_d · stride_d] = from[i], where c are the coordinates of
 * i in a row-major box of sizes size0 … size(rank-1); size0 is never needed. Strides may be negative: u32 arithmetic wraps.
 * Elements are copied as u32, so that every bit pattern survives, NaN too.
 *
 * Layout: dense row-major on one side. Workgroup: 64 elements (or vec4) in a row. Cost: `rank` - 1 divisions, one load and one store
 * for each.
 */
export function stridedCopyShader({ rank, vec4, scatter }: StridedCopyOptions): string {
  const inner = Array.from({ length: rank - 1 }, (_, i) => rank - 1 - i);
  const element = vec4 ? "vec4<u32>" : "u32";
  return wgsl`
struct Params {
  count: u32,
  base: u32,
${Array.from({ length: rank }, (_, d) => `  stride${d}: u32,`).join("\n")}
${inner.map((d) => `  size${d}: u32,`).join("\n")}
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
  let i = linear_workgroup(workgroup, workgroups) * 64u + lane;
  if (i >= params.count) {
    return;
  }
  var rest = i;
  var at = params.base;
${inner.map((d) => `  at += (rest % params.size${d}) * params.stride${d};\n  rest /= params.size${d};`).join("\n")}
  at += rest * params.stride0;
#if ${scatter}
  destination[at] = source[i];
#else
  destination[i] = source[at];
#endif
}
`;
}
