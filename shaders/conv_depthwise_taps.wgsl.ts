import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { depthwiseFinish, typeOf } from "./lib/conv-depthwise.wgsl.ts";
import { declare, reads, writes } from "./lib/declare.ts";
import { gridLibrary } from "./lib/grid.wgsl.ts";
import type { Epilogue } from "./lib/matmul.wgsl.ts";
import { each } from "./lib/matmul-step.wgsl.ts";
import { paramsStruct } from "./lib/params.wgsl.ts";

/** The params of the depthwise kernels that go from tap to tap, in order; channels in units of what is bound. */
export const tapParams = {
  size: "u32",
  /** Groups of neighbouring pixels in a line (of one phase), or splits of the sum over lines. */
  strips: "u32",
  lines: "u32",
  lines_split: "u32",
  taps_y: "u32",
  taps_x: "u32",
  source_h: "u32",
  source_w: "u32",
  source_c: "u32",
  target_h: "u32",
  target_w: "u32",
  target_c: "u32",
  multiplier: "u32",
  /** Source = (target · step + offset + tap · tap number) / up, where that is whole. */
  step_y: "u32",
  step_x: "u32",
  up_y: "i32",
  up_x: "i32",
  offset_y: "i32",
  offset_x: "i32",
  tap_y: "i32",
  tap_x: "i32",
} as const;

export interface DepthwiseTapsOptions {
  /** Four channels for each invocation. */
  readonly vector: boolean;
  readonly epilogue: Epilogue;
  /** The gradient of x: each channel of the target adds up its `multiplier` channels of the source, not the other way around. */
  readonly transposed: boolean;
  /** Neighbouring pixels (with a transposed stride: of the same phase) of a line for each invocation. */
  readonly span: number;
}

/**
 * Depthwise convolution as in conv_depthwise, and the gradient of its input, with any filter, stride, dilation and multiplier.
 *
 * Shapes: a (source) [N, H, W, C], b (filter) [KH, KW, the larger of C and C'], bias [C'], c (target) [N, H', W', C']; with `vector` all as
 * vec4. Workgroups of 64 with neighbouring channels. Cost for each result and tap: one multiply-add and 1 + 1 / span loads.
 */
export function convDepthwiseTaps({ vector, epilogue, transposed, span }: DepthwiseTapsOptions): string {
  const T = typeOf(vector);
  return wgsl`
${paramsStruct(tapParams)}
${declare([reads("a", T), reads("b", T), epilogue.bias && reads("bias", T), writes("c", T)])}
${gridLibrary}
${depthwiseFinish(vector, epilogue)}
@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let number = linear_workgroup(workgroup, workgroups) * 64u + local;
  if (number >= params.size) { return; }
  let channel = number % params.target_c;
  let first = ((number / params.target_c) % params.strips) * ${span}u;
  let part = number / (params.target_c * params.strips);
  let phase = part % u32(params.up_x);
  let line = part / u32(params.up_x);
  let image = line / params.target_h;
#if ${transposed}
  let filter_c = params.source_c;
  let filter_channel = channel * params.multiplier;
  let source_channel = filter_channel;
#else
  let filter_c = params.target_c;
  let filter_channel = channel;
  let source_channel = channel / params.multiplier;
#endif
${each(span, (j) => `var sum${j} = ${T}();`)}
  for (var ky = 0u; ky < params.taps_y; ky += 1u) {
    let at_y = i32((line % params.target_h) * params.step_y) + params.offset_y + i32(ky) * params.tap_y;
    let y = at_y / params.up_y;
    if (at_y < 0 || y * params.up_y != at_y || u32(y) >= params.source_h) { continue; }
    let source = (image * params.source_h + u32(y)) * params.source_w;
    for (var kx = 0u; kx < params.taps_x; kx += 1u) {
      let at_x = i32(phase * params.step_x) + params.offset_x + i32(kx) * params.tap_x;
      let x = at_x / params.up_x;
      if (x * params.up_x != at_x) { continue; }
${each(span, (j) => `let x${j} = u32(x) + (first + ${j}u) * params.step_x; let in${j} = x${j} < params.source_w;`)}
${each(span, (j) => `let at${j} = (source + select(0u, x${j}, in${j})) * params.source_c + source_channel;`)}
      let tap = (ky * params.taps_x + kx) * filter_c + filter_channel;
#if ${transposed}
      for (var m = 0u; m < params.multiplier; m += 1u) {
        let w = b[tap + m];
${each(span, (j) => `sum${j} = fma(w, select(${T}(), a[at${j} + m], in${j}), sum${j});`)}
      }
#else
      let w = b[tap];
${each(span, (j) => `sum${j} = fma(w, select(${T}(), a[at${j}], in${j}), sum${j});`)}
#endif
    }
  }
  let addend = ${epilogue.bias ? "bias[channel]" : `${T}()`};
${each(
  span,
  (j) => `{
  let x = phase + (first + ${j}u) * u32(params.up_x);
  if (x < params.target_w) { c[(line * params.target_w + x) * params.target_c + channel] = finish(sum${j}, addend); }
}`,
)}
}
`;
}

/**
 * The gradient of a depthwise convolution's filter as in conv_depthwise_filter, with any filter, stride and dilation: one invocation
 * sums one tap of one channel over `lines_split` lines. `strips` is the number of splits. Cost for each pixel and tap: one multiply-add, two loads.
 */
export function convDepthwiseTapsFilter({ vector }: { readonly vector: boolean }): string {
  const T = typeOf(vector);
  return wgsl`
${paramsStruct(tapParams)}
${declare([reads("a", T), reads("b", T), writes("c", T)])}
${gridLibrary}
@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let number = linear_workgroup(workgroup, workgroups) * 64u + local;
  if (number >= params.size) { return; }
  let channel = number % params.target_c;
  let source_channel = channel / params.multiplier;
  let tap = (number / params.target_c) % (params.taps_y * params.taps_x);
  let split = number / (params.target_c * params.taps_y * params.taps_x);
  let begin = split * params.lines_split;
  let end = min(begin + params.lines_split, params.lines);
  let from_y = u32(params.offset_y + i32(tap / params.taps_x) * params.tap_y);
  let from_x = u32(params.offset_x + i32(tap % params.taps_x) * params.tap_x);
  var sum = ${T}();
  for (var line = begin; line < end; line += 1u) {
    let y = from_y + (line % params.target_h) * params.step_y;
    if (y >= params.source_h) { continue; }
    let source = ((line / params.target_h) * params.source_h + y) * params.source_w;
    for (var target_x = 0u; target_x < params.target_w; target_x += 1u) {
      let x = from_x + target_x * params.step_x;
      if (x >= params.source_w) { continue; }
      sum = fma(a[(source + x) * params.source_c + source_channel], b[(line * params.target_w + target_x) * params.target_c + channel], sum);
    }
  }
  c[number] = sum;
}
`;
}
