import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { gridLibrary } from "./lib/grid.wgsl.ts";
import { rowIndexLibrary } from "./lib/row-index.wgsl.ts";

export interface SortPassOptions {
  /** Moves the pairs; otherwise counts digits only. */
  readonly place: boolean;
  /** The first pass reads indices (i32 when `signed`) and numbers them; later ones read keys and order. */
  readonly first: boolean;
  readonly signed: boolean;
}

/**
 * One pass of a stable radix sort of (key, position) pairs by the 4-bit digit at `shift`: Knuth, The Art of Computer Programming 3,
 * 5.2.5, with Blelloch's split into count, scan and place. Stable, so the result is the one order by key, then position. An index out of
 * range is sorted as the last row, with 0xffffffff as its position.
 *
 * A workgroup of 64 owns a block of 1,024 pairs, 16 neighbours for each invocation. Counting: counts[digit · blocks + block]. After
 * sort-scan.wgsl.ts has made running sums of them, placing: each invocation knows where its first pair of each digit goes. 4 KiB of
 * workgroup memory. Cost: two loads of each key, one load and two stores of each pair.
 */
export function sortPassShader({ place, first, signed }: SortPassOptions): string {
  const keyType = first && signed ? "i32" : "u32";
  const keys = `@group(0) @binding(0) var<storage, read> keys: array<${keyType}>;`;
  const reads = [keys, ...(place && !first ? ["@group(0) @binding(1) var<storage, read> order: array<u32>;"] : [])];
  const at = reads.length;
  return wgsl`
struct Params {
  count: u32,
  blocks: u32,
  shift: u32,
  rows: u32,
}
${reads.join("\n")}
#if ${place}
@group(0) @binding(${at}) var<storage, read> offsets: array<u32>;
@group(0) @binding(${at + 1}) var<storage, read_write> keys_out: array<u32>;
@group(0) @binding(${at + 2}) var<storage, read_write> order_out: array<u32>;
@group(0) @binding(${at + 3}) var<uniform> params: Params;
#else
@group(0) @binding(1) var<storage, read_write> counts: array<u32>;
@group(0) @binding(2) var<uniform> params: Params;
#endif
var<workgroup> table: array<u32, 1024>;
${gridLibrary}
${first ? rowIndexLibrary(signed) : ""}
fn key_at(i: u32) -> u32 {
  return ${first ? "min(row_of(keys[i], params.rows), params.rows - 1u)" : "keys[i]"};
}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let block = linear_workgroup(workgroup, workgroups);
  let begin = min(params.count, block * 1024u + lane * 16u);
  let end = min(params.count, begin + 16u);
  for (var digit = 0u; digit < 16u; digit++) {
    table[digit * 64u + lane] = 0u;
  }
  for (var i = begin; i < end; i++) {
    table[((key_at(i) >> params.shift) & 15u) * 64u + lane] += 1u;
  }
  workgroupBarrier();
  // One invocation for each digit goes through the 64 columns.
  if (lane < 16u && block < params.blocks) {
#if ${place}
    var running = offsets[lane * params.blocks + block];
    for (var other = 0u; other < 64u; other++) {
      let own = table[lane * 64u + other];
      table[lane * 64u + other] = running;
      running += own;
    }
#else
    var sum = 0u;
    for (var other = 0u; other < 64u; other++) {
      sum += table[lane * 64u + other];
    }
    counts[lane * params.blocks + block] = sum;
#endif
  }
#if ${place}
  workgroupBarrier();
  for (var i = begin; i < end; i++) {
    let key = key_at(i);
    let slot = ((key >> params.shift) & 15u) * 64u + lane;
    let to = table[slot];
    table[slot] = to + 1u;
    keys_out[to] = key;
    order_out[to] = ${first ? "select(i, 0xffffffffu, row_of(keys[i], params.rows) == params.rows)" : "order[i]"};
  }
#endif
}
`;
}
