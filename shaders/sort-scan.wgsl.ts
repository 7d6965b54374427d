import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";

/**
 * values[i] becomes the sum of all values before it, in place.
 *
 * One workgroup of 64: each invocation sums a run of neighbours, then all sums before its own, then writes its run. 256 bytes of
 * workgroup memory; two loads and one store per value. For the few counts of a radix sort.
 */
export function sortScanShader(): string {
  return wgsl`
struct Params {
  count: u32,
}
@group(0) @binding(0) var<storage, read_write> values: array<u32>;
@group(0) @binding(1) var<uniform> params: Params;
var<workgroup> sums: array<u32, 64>;

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32) {
  let run = (params.count + 63u) / 64u;
  let begin = min(params.count, lane * run);
  let end = min(params.count, begin + run);
  var sum = 0u;
  for (var i = begin; i < end; i++) {
    sum += values[i];
  }
  sums[lane] = sum;
  workgroupBarrier();
  var running = 0u;
  for (var other = 0u; other < lane; other++) {
    running += sums[other];
  }
  for (var i = begin; i < end; i++) {
    let own = values[i];
    values[i] = running;
    running += own;
  }
}
`;
}
