import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import type { StripOptions } from "./conv_depthwise.wgsl.ts";
import { stripLibrary, stripParams, typeOf } from "./lib/conv-depthwise.wgsl.ts";
import { declare, reads, writes } from "./lib/declare.ts";
import { gridLibrary } from "./lib/grid.wgsl.ts";
import { each } from "./lib/matmul-step.wgsl.ts";
import { paramsStruct } from "./lib/params.wgsl.ts";

/**
 * The gradient of a depthwise convolution's filter: dw[ky, kx, c] = Σ_{n, oy, ox} x[n, oy·s − p + ky·d, ox·s − p + kx·d, c / multiplier] ·
 * dy[n, oy, ox, c].
 *
 * Shapes: a (x) [N, H, W, C], b (dy) [N, OH, OW, C'], c [splits, KH, KW, C'] of partial sums (see matmul-splits); with `vector` all as vec4.
 * One invocation sums all taps of one channel over `items_split` strips: down each strip of `span` columns it reads one line of x at
 * a time, keeps the KH − 1 before it, and reads the line of dy that they meet. Workgroups of 16 with neighbouring channels.
 * Cost for each pixel of dy: KH·KW multiply-adds and 1 + s·((span − 1)·s + KW) / span loads.
 */
export function convDepthwiseFilter({ vector, taps, stride, span }: StripOptions): string {
  const [height, width] = taps;
  const [down, right] = stride;
  const T = typeOf(vector);
  const columns = (span - 1) * right + width;
  const kept = (height - 1) * columns;
  const value = (i: number) => (i < kept ? `kept${i}` : `v${i - kept}`);
  const term = (j: number, tap: number) =>
    `sums[${tap}] = fma(${value(Math.floor(tap / width) * columns + j * right + (tap % width))}, d${j}, sums[${tap}]);`;
  return wgsl`
${paramsStruct(stripParams)}
${declare([reads("a", T), reads("b", T), writes("c", T)])}
${gridLibrary}
${stripLibrary(span, stride)}
@compute @workgroup_size(16)
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let number = linear_workgroup(workgroup, workgroups) * 16u + local;
  if (number >= params.size) { return; }
  let channel = number % params.target_c;
  let split = number / params.target_c;
  let source_channel = channel${vector ? "" : " / params.multiplier"};
  var sums: array<${T}, ${height * width}>;
  let items_end = min((split + 1u) * params.items_split, params.items);
  for (var item = split * params.items_split; item < items_end; item += 1u) {
    let strip = strip_of(item);
    var target_y = strip.target_y;
    if (target_y >= strip.end_y) { continue; }
${each(columns, (i) => `let x${i} = strip.source_x + ${i}u * params.gap_x; let in${i} = x${i} < params.source_w;`)}
${each(columns, (i) => `let at${i} = select(0u, x${i}, in${i}) * params.source_c + source_channel;`)}
${each(span, (j) => `let t${j} = strip.target_x + ${j}u * params.gap_x; let meets${j} = t${j} < params.target_w;`)}
${each(span, (j) => `let to${j} = select(0u, t${j}, meets${j}) * params.target_c + channel;`)}
${each(kept, (i) => `var kept${i} = ${T}();`)}
    var y = strip.source_y;
    var missing = ${height}u;
    loop {
      let in_y = y < params.source_h;
      let source = (strip.image * params.source_h + select(0u, y, in_y)) * params.source_w * params.source_c;
${each(columns, (i) => `let v${i} = select(${T}(), a[source + at${i}], in_y && in${i});`)}
      missing -= 1u;
      if (missing == 0u) {
        let line = (strip.image * params.target_h + target_y) * params.target_w * params.target_c;
${each(span, (j) => `if (meets${j}) {\nlet d${j} = b[line + to${j}];\n${each(height * width, (tap) => term(j, tap))}\n}`)}
        target_y += params.gap_y;
        if (target_y >= strip.end_y) { break; }
        missing = ${down}u;
      }
${each(kept, (i) => `kept${i} = ${value(i + columns)};`)}
      y += params.gap_y;
    }
  }
  // A loop, as nine stores written out take long to compile.
  for (var tap = 0u; tap < ${height * width}u; tap += 1u) {
    c[(split * ${height * width}u + tap) * params.target_c + channel] = sums[tap];
  }
}
`;
}
