import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { gridLibrary } from "./lib/grid.wgsl.ts";
import { inverseRootLibrary } from "./lib/math.wgsl.ts";
import { paramsStruct } from "./lib/params.wgsl.ts";
import { partLibrary, partParams, statisticsLibrary } from "./lib/statistics.wgsl.ts";
import { type Spread, spreadExpression } from "./norm_statistics.wgsl.ts";

export interface NormMergeOptions {
  readonly spread: Spread;
  /** 64 invocations share one result; else one computes it alone. */
  readonly shared: boolean;
}

/** Params in order: `size` results; `reduce`, `first`, `step`, `span` as they were for the parts; `unit`: elements that each of them counts for. */
export const normMergeParams = { size: "u32", ...partParams, unit: "f32", epsilon: "f32" } as const;

/**
 * Second level of norm_statistics: merges means and centred sums of squares of parts, always in the same order.
 *
 * Shapes: means and squares [outer, chunks, inner], mean and spread [outer, inner], row-major.
 * Workgroup: 64 invocations, one result each; with `shared` they share one, each taking every 64th part, then a tree in workgroup memory.
 * Cost: both read once.
 */
export function normMergeShader({ spread, shared }: NormMergeOptions): string {
  return wgsl`
${gridLibrary}
@group(0) @binding(0) var<storage, read> means: array<f32>;
@group(0) @binding(1) var<storage, read> squares: array<f32>;
@group(0) @binding(2) var<storage, read_write> mean: array<f32>;
@group(0) @binding(3) var<storage, read_write> spread: array<f32>;
${paramsStruct(normMergeParams)}
@group(0) @binding(4) var<uniform> params: Params;
${statisticsLibrary(false)}
${inverseRootLibrary()}
${partLibrary}

fn merge_parts(t: u32, begin: u32, stride: u32) -> State {
  let base = (t / params.inner) * params.chunks * params.inner + t % params.inner;
  var total = State(0.0, 0.0, 0.0);
  for (var part = begin; part < params.chunks; part += stride) {
    let count = (part_end(part) - part_begin(part) + params.step - 1u) / params.step;
    let i = base + part * params.inner;
    total = merge_states(total, State(f32(count) * params.unit, means[i], squares[i]));
  }
  return total;
}
#if ${shared}
var<workgroup> shared_n: array<f32, 64>;
var<workgroup> shared_mean: array<f32, 64>;
var<workgroup> shared_squares: array<f32, 64>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let t = linear_workgroup(workgroup, workgroups);
  if (t >= params.size) {
    return;
  }
  var total = merge_parts(t, lane, 64u);
  shared_n[lane] = total.n;
  shared_mean[lane] = total.mean;
  shared_squares[lane] = total.squares;
  workgroupBarrier();
  for (var half = 32u; half > 0u; half >>= 1u) {
    if (lane < half && shared_n[lane + half] > 0.0) {
      total = merge_states(total, State(shared_n[lane + half], shared_mean[lane + half], shared_squares[lane + half]));
      shared_n[lane] = total.n;
      shared_mean[lane] = total.mean;
      shared_squares[lane] = total.squares;
    }
    workgroupBarrier();
  }
  if (lane == 0u) {
    mean[t] = total.mean;
    spread[t] = ${spreadExpression(spread, "total")};
  }
}
#else
@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let t = linear_workgroup(workgroup, workgroups) * 64u + lane;
  if (t >= params.size) {
    return;
  }
  let total = merge_parts(t, 0u, 1u);
  mean[t] = total.mean;
  spread[t] = ${spreadExpression(spread, "total")};
}
#endif
`;
}
