import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";

/** What is multiplied and added: one number at a time, four, or four half-precision ones. */
export type FmaKind = "scalar" | "vec4" | "f16";

/** Accumulators of one invocation: enough that no multiply-add waits for the one before it. */
export const PEAK_ACCUMULATORS = 16;
/** Multiply-adds of each accumulator in one turn of the loop. */
export const PEAK_UNROLL = 4;
/** Numbers in an accumulator. */
export const PEAK_LANES = { scalar: 1, vec4: 4, f16: 4 } as const satisfies Record<FmaKind, number>;

const each = (text: (i: number) => string) => Array.from({ length: PEAK_ACCUMULATORS }, (_, i) => text(i)).join("\n  ");

const TYPES: Readonly<Record<FmaKind, string>> = { scalar: "f32", vec4: "vec4<f32>", f16: "vec4<f16>" };

/**
 * The rate of multiply-adds on registers, with nothing else in the way: what kernels are measured against.
 *
 * a_i = a_i · m + c, 4 × `params.turns` times for each of 16 independent accumulators; `y[i]` gets their sum, so that nothing can be
 * left out. One invocation per element of `y`; workgroups of 64. Cost: 2 · 16 · 4 · lanes · turns FLOPs per invocation.
 */
export const fmaPeakShader = (kind: FmaKind = "scalar") => {
  const type = TYPES[kind];
  const total = Array.from({ length: PEAK_ACCUMULATORS }, (_, i) => `a${i}`).join(" + ");
  return wgsl`
${kind === "f16" ? "enable f16;" : ""}
struct Params { turns: u32, m: f32, c: f32 }
@group(0) @binding(0) var<storage, read_write> y: array<f32>;
@group(0) @binding(1) var<uniform> params: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let m = ${type}(${kind === "f16" ? "f16(params.m)" : "params.m"});
  let c = ${type}(${kind === "f16" ? "f16(params.c)" : "params.c"});
  let first = ${kind === "f16" ? "f16" : "f32"}(id.x % 7u);
  ${each((i) => `var a${i} = ${type}(first + ${i});`)}
  for (var turn = 0u; turn < params.turns; turn++) {
  ${Array.from({ length: PEAK_UNROLL }, () => each((i) => `a${i} = fma(a${i}, m, c);`)).join("\n  ")}
  }
  let all = ${total};
  y[id.x] = ${kind === "scalar" ? "all" : "f32(all.x + all.y + all.z + all.w)"};
}
`;
};
