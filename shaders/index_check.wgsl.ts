import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { INDEX_FLAG, STATUS } from "../src/graph/update.ts";
import { gridLibrary } from "./lib/grid.wgsl.ts";
import { paramsStruct } from "./lib/params.wgsl.ts";

/** Params in order: see {@link indexCheckShader}. */
export const indexCheckParams = {
  count: "u32",
  start: "u32",
  length: "u32",
  step: "u32",
  low: "u32",
  span: "u32",
  ignore: "u32",
  number: "u32",
  program: "u32",
} as const;

/**
 * Sets the flag where an index is out of range: below low, above low + span and not `ignore`, as bits, so that i32 and u32 are the same.
 *
 * Looks at `count` of `indices`: the i-th is at start + i / length · step + i % length. `masked`: not where `mask`, which has as many
 * elements, is ±0. The first invocation to find one writes where and what to `status` (words of STATUS in src/graph/update.ts), if nothing
 * was wrong before. One index per invocation, 64 to a workgroup. Cost: reads the indices (and the mask) once.
 */
export const indexCheckShader = ({ masked }: { readonly masked: boolean }): string => wgsl`
${gridLibrary}
${paramsStruct(indexCheckParams)}
@group(0) @binding(0) var<storage, read> indices: array<u32>;
@group(0) @binding(1) var<storage, read> run: array<u32>;
@group(0) @binding(2) var<storage, read_write> status: array<atomic<u32>>;
#if ${masked}
@group(0) @binding(3) var<storage, read> mask: array<u32>;
@group(0) @binding(4) var<uniform> params: Params;
#else
@group(0) @binding(3) var<uniform> params: Params;
#endif

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = linear_workgroup(workgroup, workgroups) * 64u + lane;
  if (i >= params.count) {
    return;
  }
  let place = params.start + i / params.length * params.step + i % params.length;
  let index = indices[place];
  if (index - params.low <= params.span || index == params.ignore) {
    return;
  }
#if ${masked}
  if ((mask[place] << 1u) == 0u) {
    return;
  }
#endif
  // A weak exchange may fail without a reason: again while nobody was first.
  for (var tries = 0u; tries < 64u; tries++) {
    let result = atomicCompareExchangeWeak(&status[${STATUS.FLAG}], 0u, ${INDEX_FLAG}u);
    if (result.exchanged) {
      atomicStore(&status[${STATUS.PROGRAM}], params.program);
      atomicStore(&status[${STATUS.RUN}], run[0]);
      atomicStore(&status[${STATUS.CHECK}], params.number);
      atomicStore(&status[${STATUS.VALUE}], index);
      atomicStore(&status[${STATUS.PLACE}], place);
      return;
    }
    if (result.old_value != 0u) {
      return;
    }
  }
}
`;
