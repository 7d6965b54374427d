import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { gridLibrary } from "./lib/grid.wgsl.ts";

export interface PadOptions {
  /** Dimensions walked, 1 to 8. */
  readonly rank: number;
  /** Copies 16 bytes at a time; then the last sizes count in units of 4 elements. */
  readonly vec4: boolean;
  /** Elements of the input stand `step` apart (the gradient of a strided slice). */
  readonly dilated: boolean;
}

/**
 * y[c] = x[(c - before) / step] where that is a place in x, otherwise `value`, for each coordinate vector c of y. Copied as u32.
 *
 * Params: `size` (except the outermost), sizes of y; `inner`, sizes of x; `before`; `step` when dilated; `value` by its bits. Layout:
 * dense row-major. Workgroup: 64 elements of y (or vec4) in a row. Cost: `rank` - 1 divisions (2 · `rank` more when dilated), at
 * most one load, one store.
 */
export function padShader({ rank, vec4, dilated }: PadOptions): string {
  const dimensions = Array.from({ length: rank }, (_, i) => rank - 1 - i);
  const element = vec4 ? "vec4<u32>" : "u32";
  const field = (name: string, of = dimensions) => of.map((d) => `  ${name}${d}: u32,`).join("\n");
  const step = (d: number) => `
  {
    let c = ${d === 0 ? "rest" : `rest % params.size${d}`};
    ${d === 0 ? "" : `rest /= params.size${d};`}
    ${
      dilated
        ? `let t = (c - params.before${d}) / params.step${d};
    inside = inside && c >= params.before${d} && (c - params.before${d}) % params.step${d} == 0u && t < params.inner${d};`
        : `let t = c - params.before${d};
    inside = inside && t < params.inner${d};`
    }
    at += t * stride;
    stride *= params.inner${d};
  }`;
  return wgsl`
struct Params {
  count: u32,
  value: u32,
${field("size", dimensions.slice(0, -1))}
${field("inner")}
${field("before")}
#if ${dilated}
${field("step")}
#endif
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
  var at = 0u;
  var stride = 1u;
  var inside = true;
${dimensions.map(step).join("")}
  // A coordinate before the input wraps around to a huge number, which is no place in it either.
  var result = ${element}(params.value);
  if (inside) {
    result = source[at];
  }
  destination[i] = result;
}
`;
}
