/**
 * A grid of one-dimensional work folded in x and y, because WebGPU allows 65,535 workgroups per dimension.
 * `linear_workgroup(id, count)` is the number of this workgroup; the last row may have some too many, so kernels test the bound.
 * The host's side is `foldGrid` in src/ops/grid.ts.
 */
export const gridLibrary = `
fn linear_workgroup(id: vec3<u32>, count: vec3<u32>) -> u32 {
  return id.y * count.x + id.x;
}
`;
