import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { gridLibrary } from "./lib/grid.wgsl.ts";
import { paramsStruct } from "./lib/params.wgsl.ts";
import { lineOf, lineParams, resizeLibrary } from "./lib/resize.wgsl.ts";
import type { ResizeOptions } from "./resize.wgsl.ts";

/** Params in order: `size` results and `inner` elements after the axis (both in vec4 with `vector`), then the line of the axis. */
export const resizeGradientParams = { size: "u32", inner: "u32", ...lineParams("line") } as const;

/**
 * dx[a, i, b] = Σ_o weight(o, i) · gradient[a, o, b]: what resizing along one axis spread, gathered. Bilinear resizing is one axis after
 * the other, and so is its gradient.
 *
 * Shapes: gradient [outer, results, inner], dx [outer, size, inner], row-major.
 * Only the outputs whose place is less than one element away are looked at; weights are computed as the forward kernel does, so what
 * does not reach i weighs 0. Sums are blocked, 32 at a time.
 * Workgroup: 64 invocations, one element (or vec4) of dx each; the grid is folded in x and y.
 * Cost: 2 · results / size loads and as many products per element, one store.
 */
export function resizeGradientShader({ mode, vector }: ResizeOptions): string {
  const element = vector ? "vec4<f32>" : "f32";
  return wgsl`
${gridLibrary}
@group(0) @binding(0) var<storage, read> gradient: array<${element}>;
@group(0) @binding(1) var<storage, read_write> dx: array<${element}>;
${paramsStruct(resizeGradientParams)}
@group(0) @binding(2) var<uniform> params: Params;
alias V = ${element};
${resizeLibrary}

fn weight(o: u32, i: u32, line: Line) -> f32 {
#if ${mode === "nearest"}
  return select(0.0, 1.0, nearest_index(o, line) == i);
#else
  let tap = linear_tap(o, line);
  let upper = select(0.0, tap.fraction, min(tap.index + 1u, line.size - 1u) == i);
  return upper + select(0.0, 1.0 - tap.fraction, tap.index == i);
#endif
}

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
  let line = ${lineOf("line")};
  let i = (t / params.inner) % line.size;
  let base = (t / params.inner / line.size) * line.results * params.inner + t % params.inner;
  // Places between i - 1 and i + 1, and one more on each side for what rounding moves; all outside belong to the ends.
  let rise = max(line.rise, 1);
  let low = max(((i32(i) - 1) * line.divisor - line.shift) / rise - 2, 0);
  let high = max(((i32(i) + 1) * line.divisor - line.shift) / rise + 2, 0);
  let begin = select(min(u32(low), line.results), 0u, i == 0u);
  let end = select(min(u32(high) + 1u, line.results), line.results, i == line.size - 1u);
  var total = V(0.0);
  for (var block = begin; block < end; block += 32u) {
    let stop = min(block + 32u, end);
    var some = V(0.0);
    for (var o = block; o < stop; o++) {
      let w = weight(o, i, line);
      some += select(gradient[base + o * params.inner] * w, V(0.0), w == 0.0); // a weight is no NaN
    }
    total += some;
  }
  dx[t] = total;
}
`;
}
