import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { depthwiseFinish, stripLibrary, stripParams, typeOf } from "./lib/conv-depthwise.wgsl.ts";
import { declare, reads, writes } from "./lib/declare.ts";
import { gridLibrary } from "./lib/grid.wgsl.ts";
import type { Epilogue } from "./lib/matmul.wgsl.ts";
import { each } from "./lib/matmul-step.wgsl.ts";
import { paramsStruct } from "./lib/params.wgsl.ts";

export interface StripOptions {
  /** Four channels for each invocation. */
  readonly vector: boolean;
  /** Height and width of the filter, all of which is kept in registers. */
  readonly taps: readonly [number, number];
  readonly stride: readonly [number, number];
  /** Neighbouring pixels of a line for each invocation. */
  readonly span: number;
}

/**
 * Depthwise convolution: y[n, oy, ox, c] = f(bias[c] + Σ x[n, oy·s − p + ky·d, ox·s − p + kx·d, c / multiplier]·w[ky, kx, c]), and with
 * the taps turned around the gradient of x, where stride and multiplier are 1.
 *
 * Shapes: a (source) [N, H, W, C], b (filter) [KH, KW, C'], bias [C'], c (target) [N, H', W', C']; with `vector` all as vec4.
 * One invocation computes `span` pixels of each of `rows` lines, one below the other: it reads one line of the source at a time and
 * keeps the KH − 1 before it. Neighbouring invocations have neighbouring channels; workgroups of 16.
 * Cost for each result: KH·KW multiply-adds and s·((span − 1)·s + KW) / span loads.
 */
export function convDepthwise(options: StripOptions & { readonly epilogue: Epilogue }): string {
  const { vector, epilogue, taps, stride, span } = options;
  const [height, width] = taps;
  const [down, right] = stride;
  const T = typeOf(vector);
  const columns = (span - 1) * right + width;
  const kept = (height - 1) * columns;
  const value = (i: number) => (i < kept ? `kept${i}` : `v${i - kept}`);
  const term = (j: number, tap: number) =>
    `sum = fma(w[${tap}], ${value(Math.floor(tap / width) * columns + j * right + (tap % width))}, sum);`;
  return wgsl`
${paramsStruct(stripParams)}
${declare([reads("a", T), reads("b", T), epilogue.bias && reads("bias", T), writes("c", T)])}
${gridLibrary}
${stripLibrary(span, stride)}
${depthwiseFinish(vector, epilogue)}
@compute @workgroup_size(16)
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let number = linear_workgroup(workgroup, workgroups) * 16u + local;
  if (number >= params.size) { return; }
  let channel = number % params.target_c;
  let strip = strip_of(number / params.target_c);
  var target_y = strip.target_y;
  if (target_y >= strip.end_y) { return; }
  let source_channel = channel${vector ? "" : " / params.multiplier"};
${each(columns, (i) => `let x${i} = strip.source_x + ${i}u * params.gap_x; let in${i} = x${i} < params.source_w;`)}
${each(columns, (i) => `let at${i} = select(0u, x${i}, in${i}) * params.source_c + source_channel;`)}
  // A loop, as nine loads written out take longer to compile than all the rest.
  var w: array<${T}, ${height * width}>;
  for (var tap = 0; tap < ${height * width}; tap += 1) {
    w[tap] = b[u32(params.tap_first + tap * params.tap_step) * params.target_c + channel];
  }
  let addend = ${epilogue.bias ? "bias[channel]" : `${T}()`};
${each(kept, (i) => `var kept${i} = ${T}();`)}
  var y = strip.source_y;
  var missing = ${height}u;
  loop {
    let in_y = y < params.source_h;
    let source = (strip.image * params.source_h + select(0u, y, in_y)) * params.source_w * params.source_c;
${each(columns, (i) => `let v${i} = select(${T}(), a[source + at${i}], in_y && in${i});`)}
    missing -= 1u;
    if (missing == 0u) {
      let to = ((strip.image * params.target_h + target_y) * params.target_w + strip.target_x) * params.target_c + channel;
${each(
  span,
  (j) => `if (strip.target_x + ${j}u * params.gap_x < params.target_w) {
  var sum = ${T}();
  ${each(height * width, (tap) => term(j, tap))}
  c[to + ${j}u * params.gap_x * params.target_c] = finish(sum, addend);
}`,
)}
      target_y += params.gap_y;
      if (target_y >= strip.end_y) { break; }
      missing = ${down}u;
    }
${each(kept, (i) => `kept${i} = ${value(i + columns)};`)}
    y += params.gap_y;
  }
}
`;
}
