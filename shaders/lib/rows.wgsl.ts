/** WGSL that sums `V` over the invocations that share a row: `sum_row(v, lane)`, the same in each of them. */
export function rowSums(vector: boolean, shared: 0 | 64 | 256): string {
  const lanes = vector ? "(v.x + v.y) + (v.z + v.w)" : "v";
  if (shared === 0)
    return `
fn sum_row(v: V, lane: u32) -> f32 {
  return ${lanes};
}`;
  return `
var<workgroup> row_parts: array<f32, ${shared}>;
fn sum_row(v: V, lane: u32) -> f32 {
  var total = ${lanes};
  workgroupBarrier();
  row_parts[lane] = total;
  workgroupBarrier();
  for (var half = ${shared / 2}u; half > 0u; half >>= 1u) {
    if (lane < half) {
      total += row_parts[lane + half];
      row_parts[lane] = total;
    }
    workgroupBarrier();
  }
  return row_parts[0];
}`;
}

/** WGSL of a loop over the elements that this invocation takes of a row, in blocks of 32: `body` adds to `some`, which is a sum. */
export function blockedSum(total: string, body: string, shared: 0 | 64 | 256): string {
  const pace = Math.max(1, shared);
  return `var ${total} = V(0.0);
  for (var block = ${shared > 0 ? "lane" : "0u"}; block < params.n; block += ${32 * pace}u) {
    let stop = min(block + ${32 * pace}u, params.n);
    var some = V(0.0);
    for (var r = block; r < stop; r += ${pace}u) {
      ${body}
    }
    ${total} += some;
  }`;
}

/** WGSL of an entry point whose invocations, or workgroups where `shared` > 0, take a `row` of `params.rows` each; `body` is what they do. */
export const eachRow = (shared: 0 | 64 | 256, body: string): string => `
@compute @workgroup_size(${shared || 64})
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = linear_workgroup(workgroup, workgroups)${shared > 0 ? "" : " * 64u + lane"};
  if (row >= params.rows) {
    return;
  }
${body}
}
`;
