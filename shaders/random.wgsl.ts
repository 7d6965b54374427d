import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { gridLibrary } from "./lib/grid.wgsl.ts";
import { normalLibrary, randomLibrary, uniformLibrary } from "./lib/random.wgsl.ts";

export interface RandomOptions {
  /** Standard normal; otherwise uniform in [0, 1). */
  readonly normal: boolean;
  /** Stores 16 bytes at a time: the count is a multiple of 4. */
  readonly vec4: boolean;
}

/**
 * y[i] = distribution(word i mod 4 of Philox(counter = (i div 4, run, 0, 0), key = (seed, stream))).
 *
 * `run` is the one word of the counter buffer. Each invocation draws 4 neighbours; a workgroup 256. About 80 integer operations per
 * element (and 15 floating point operations for the normal distribution), one store.
 */
export function randomShader({ normal, vec4 }: RandomOptions): string {
  return wgsl`
struct Params {
  count: u32,
  seed: u32,
  stream: u32,
}
@group(0) @binding(0) var<storage, read> run: array<u32>;
@group(0) @binding(1) var<storage, read_write> y: array<${vec4 ? "vec4<f32>" : "f32"}>;
@group(0) @binding(2) var<uniform> params: Params;
${gridLibrary}
${randomLibrary}
#if ${normal}
${normalLibrary}
#else
${uniformLibrary}
#endif
@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let block = linear_workgroup(workgroup, workgroups) * 64u + lane;
  let i = block * 4u;
  if (i >= params.count) {
    return;
  }
  let words = draw_words(params.seed, params.stream, run[0], block);
  let values = ${normal ? "normal_from_words" : "uniform_from_words"}(words);
#if ${vec4}
  y[block] = values;
#else
  y[i] = values.x;
  if (i + 1u < params.count) {
    y[i + 1u] = values.y;
  }
  if (i + 2u < params.count) {
    y[i + 2u] = values.z;
  }
  if (i + 3u < params.count) {
    y[i + 3u] = values.w;
  }
#endif
}
`;
}
