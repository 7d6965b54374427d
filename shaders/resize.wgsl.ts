import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { gridLibrary } from "./lib/grid.wgsl.ts";
import { paramsStruct } from "./lib/params.wgsl.ts";
import { lineOf, lineParams, resizeLibrary } from "./lib/resize.wgsl.ts";

export interface ResizeOptions {
  readonly mode: "nearest" | "bilinear";
  /** Four channels at a time (C % 4 = 0). */
  readonly vector: boolean;
}

/** Params in order: `size` results and `inner` channels (both in vec4 with `vector`), then the vertical and the horizontal line. */
export const resizeParams = { size: "u32", inner: "u32", ...lineParams("y"), ...lineParams("x") } as const;

/**
 * result[n, oy, ox, c] from image[n, ·, ·, c]: the nearest element, or the weighted mean of the four around the place.
 *
 * Shapes: image [N, H, W, C], result [N, OH, OW, C], row-major. See shaders/lib/resize for where a place is.
 * Workgroup: 64 invocations, one result (or vec4 of results) each; the grid is folded in x and y.
 * Cost: one or four loads and one store per result; eight operations for bilinear.
 */
export function resizeShader({ mode, vector }: ResizeOptions): string {
  const element = vector ? "vec4<f32>" : "f32";
  return wgsl`
${gridLibrary}
@group(0) @binding(0) var<storage, read> image: array<${element}>;
@group(0) @binding(1) var<storage, read_write> result: array<${element}>;
${paramsStruct(resizeParams)}
@group(0) @binding(2) var<uniform> params: Params;
alias V = ${element};
${resizeLibrary}

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
  let line_y = ${lineOf("y")};
  let line_x = ${lineOf("x")};
  let c = t % params.inner;
  let column = (t / params.inner) % line_x.results;
  let row = (t / params.inner / line_x.results) % line_y.results;
  let plane = (t / params.inner / line_x.results / line_y.results) * line_y.size;
#if ${mode === "nearest"}
  let i = (plane + nearest_index(row, line_y)) * line_x.size + nearest_index(column, line_x);
  result[t] = image[i * params.inner + c];
#else
  let tap_y = linear_tap(row, line_y);
  let tap_x = linear_tap(column, line_x);
  let above = (plane + tap_y.index) * line_x.size;
  let below = (plane + min(tap_y.index + 1u, line_y.size - 1u)) * line_x.size;
  let left = tap_x.index;
  let right = min(tap_x.index + 1u, line_x.size - 1u);
  let fx = V(tap_x.fraction);
  let fy = V(tap_y.fraction);
  let top = image[(above + left) * params.inner + c] * (V(1.0) - fx) + image[(above + right) * params.inner + c] * fx;
  let bottom = image[(below + left) * params.inner + c] * (V(1.0) - fx) + image[(below + right) * params.inner + c] * fx;
  result[t] = top * (V(1.0) - fy) + bottom * fy;
#endif
}
`;
}
