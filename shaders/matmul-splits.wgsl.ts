import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { gridLibrary } from "./lib/grid.wgsl.ts";
import { type Epilogue, matmulFinish } from "./lib/matmul.wgsl.ts";

export interface MatmulSplitsOptions {
  readonly epilogue: Epilogue;
  /** N is a multiple of 4. */
  readonly vector: boolean;
}

/**
 * C[i] = f(Σ_s partial[s, i] + bias[i mod N]): the second pass of a product whose sum over K was split. The splits are added in
 * order, so that the same input gives the same bits.
 *
 * Shapes: partial [splits, size], bias [N], C [size]. With `vector`, `size` counts vec4 and so do all arrays.
 * Workgroups of 64 invocations, one element (vec4) each. Cost: splits loads and additions per element.
 */
export function matmulSplits({ epilogue, vector }: MatmulSplitsOptions): string {
  const element = vector ? "vec4<f32>" : "f32";
  return wgsl`
@group(0) @binding(0) var<storage, read> partial: array<${element}>;
#if ${epilogue.bias}
@group(0) @binding(1) var<storage, read> bias: array<${element}>;
#endif
@group(0) @binding(${epilogue.bias ? 2 : 1}) var<storage, read_write> c: array<${element}>;
struct Params {
  size: u32,
  splits: u32,
  n: u32,
}
@group(0) @binding(${epilogue.bias ? 3 : 2}) var<uniform> params: Params;
${gridLibrary}
${matmulFinish(vector, epilogue)}
@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let i = linear_workgroup(workgroup, workgroups) * 64u + local;
  if (i >= params.size) { return; }
  var sum = partial[i];
  for (var s = 1u; s < params.splits; s += 1u) { sum += partial[s * params.size + i]; }
  c[i] = finish(sum, ${vector ? "(i * 4u) % params.n" : "i % params.n"});
}
`;
}
