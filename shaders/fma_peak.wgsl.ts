import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";

/** Accumulators of one invocation: enough that no multiply-add waits for the one before it. */
export const PEAK_ACCUMULATORS = 16;
/** Multiply-adds of each accumulator in one turn of the loop. */
export const PEAK_UNROLL = 4;

const each = (text: (i: number) => string) => Array.from({ length: PEAK_ACCUMULATORS }, (_, i) => text(i)).join("\n  ");

/**
 * The rate of f32 multiply-adds on registers, with nothing else in the way: what kernels are measured against.
 *
 * a_i = a_i · m + c, 4 × `params.turns` times for each of 16 independent accumulators; `y[i]` gets their sum, so that nothing can be
 * left out. One invocation per element of `y`; workgroups of 64. Cost: 2 · 16 · 4 · turns FLOPs per invocation.
 */
export const fmaPeakShader = () => wgsl`
struct Params { turns: u32, m: f32, c: f32 }
@group(0) @binding(0) var<storage, read_write> y: array<f32>;
@group(0) @binding(1) var<uniform> params: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let m = params.m;
  let c = params.c;
  ${each((i) => `var a${i} = f32(id.x + ${i}u);`)}
  for (var turn = 0u; turn < params.turns; turn++) {
  ${Array.from({ length: PEAK_UNROLL }, () => each((i) => `a${i} = fma(a${i}, m, c);`)).join("\n  ")}
  }
  y[id.x] = ${Array.from({ length: PEAK_ACCUMULATORS }, (_, i) => `a${i}`).join(" + ")};
}
`;
