/** Invocations of a workgroup. */
export const GROUP = 64;
/** vec4 that one invocation reads in one turn of the loop. */
export const GROUP_READS = 16;

/**
 * How fast workgroup memory is read: neighbours read neighbouring vec4, each another one in each turn. What is read is added up, so that
 * nothing can be left out.
 *
 * y f32[n]; workgroups of 64, one invocation per element; `params.turns` turns. Cost: 16 · 16 bytes read per turn and invocation.
 */
export const workgroupPeakShader = (): string => `
struct Params { turns: u32 }
@group(0) @binding(0) var<storage, read_write> y: array<f32>;
@group(0) @binding(1) var<uniform> params: Params;
var<workgroup> tile: array<vec4<f32>, 256>;

@compute @workgroup_size(${GROUP})
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  for (var i = lane; i < 256u; i += ${GROUP}u) { tile[i] = vec4<f32>(f32(i)); }
  workgroupBarrier();
  var total = vec4<f32>();
  var at = lane;
  for (var turn = 0u; turn < params.turns; turn++) {
${Array.from({ length: GROUP_READS }, (_, k) => `    total += tile[(at + ${16 * k}u) & 255u];`).join("\n")}
    at = at + 5u;
  }
  y[id.x] = total.x + total.y + total.z + total.w;
}
`;

/** Pairs of barriers in one turn of the loop. */
export const BARRIERS = 8;

/**
 * What a barrier costs: nothing but barriers, and a word of workgroup memory that keeps them.
 *
 * y f32[n]; workgroups of 64; `params.turns` turns of 2 · 8 barriers.
 */
export const barrierPeakShader = (): string => `
struct Params { turns: u32 }
@group(0) @binding(0) var<storage, read_write> y: array<f32>;
@group(0) @binding(1) var<uniform> params: Params;
var<workgroup> word: array<f32, ${GROUP}>;

@compute @workgroup_size(${GROUP})
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  var value = f32(lane);
  for (var turn = 0u; turn < params.turns; turn++) {
${Array.from({ length: BARRIERS }, (_, k) => `    word[lane] = value;\n    workgroupBarrier();\n    value = word[(lane + ${k + 1}u) % ${GROUP}u];\n    workgroupBarrier();`).join("\n")}
  }
  y[id.x] = value;
}
`;
