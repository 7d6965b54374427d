/** Invocations of a workgroup, and vec4 that each of them copies. */
export const COPY_INVOCATIONS = 64;
export const COPY_ITEMS = 4;

/**
 * y = x, as fast as a kernel can: neighbouring invocations copy neighbouring vec4, four each. What shares of the bandwidth refer to.
 *
 * x and y f32[n], n a multiple of 1024; one workgroup for each 1024. Cost: 8 bytes for each element.
 */
export const copyPeakShader = (): string => `
@group(0) @binding(0) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4<f32>>;
@compute @workgroup_size(${COPY_INVOCATIONS})
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let i = id.x * ${COPY_INVOCATIONS * COPY_ITEMS}u + lane;
${Array.from({ length: COPY_ITEMS }, (_, k) => `  y[i + ${COPY_INVOCATIONS * k}u] = x[i + ${COPY_INVOCATIONS * k}u];`).join("\n")}
}
`;
