/** Invocations of a workgroup, and vec4 that each of them copies. */
export const COPY_INVOCATIONS = 64;
export const COPY_ITEMS = 4;

/**
 * y = x, as fast as a kernel can: neighbouring invocations copy neighbouring vec4, four each. What shares of the bandwidth refer to.
 *
 * x and y f32[n], n a multiple of 1024; one workgroup for each 1024. Cost: 8 bytes for each element.
 *
 * With `turns` the whole is copied `params.turns` times within one dispatch, each time another part by each invocation, so that a small
 * working set is not measured by what a dispatch costs; n / 4 must be a power of two then. Workgroups beyond one for each 1024 elements
 * wrap around and copy what others do, the same values to the same places; each costs 8192 bytes a turn all the same.
 */
export const copyPeakShader = ({ turns = false }: { readonly turns?: boolean } = {}): string => {
  const span = `${COPY_INVOCATIONS * COPY_ITEMS}u`;
  const copies = Array.from({ length: COPY_ITEMS }, (_, k) => `  y[i + ${COPY_INVOCATIONS * k}u] = x[i + ${COPY_INVOCATIONS * k}u];`).join(
    "\n",
  );
  return `
${turns ? "struct Params { turns: u32 }" : ""}
@group(0) @binding(0) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4<f32>>;
${turns ? "@group(0) @binding(2) var<uniform> params: Params;" : ""}
@compute @workgroup_size(${COPY_INVOCATIONS})
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(num_workgroups) count: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let group = id.y * count.x + id.x;
${
  turns
    ? `  let mask = arrayLength(&x) - 1u;
  for (var turn = 0u; turn < params.turns; turn++) {
  let i = (((group + turn) * ${span}) & mask) + lane;
${copies}
  }`
    : `  let i = group * ${span} + lane;
${copies}`
}
}
`;
};
