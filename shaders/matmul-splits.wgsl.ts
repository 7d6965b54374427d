import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { gridLibrary } from "./lib/grid.wgsl.ts";
import type { Epilogue } from "./lib/matmul.wgsl.ts";

export interface MatmulSplitsOptions {
  readonly epilogue: Epilogue;
  /** N is a multiple of 4. */
  readonly vector: boolean;
}

/**
 * C[i] = f(Σ_s partial[s, i] + bias[i mod N]): the second pass of a product whose sum over K was split. The splits are added in
 * order, so that the same input gives the same bits.
 *
 * Shapes: partial [splits, size], bias [N], C [size]. With `vector`, `size` and `n` count vec4 and so do all arrays.
 * Workgroups of 64 invocations, one element (vec4) each. Cost: splits loads and additions per element.
 */
export function matmulSplits({ epilogue: { bias, activation }, vector }: MatmulSplitsOptions): string {
  const element = vector ? "vec4<f32>" : "f32";
  return wgsl`
@group(0) @binding(0) var<storage, read> partial: array<${element}>;
#if ${bias}
@group(0) @binding(1) var<storage, read> bias: array<${element}>;
#endif
@group(0) @binding(${bias ? 2 : 1}) var<storage, read_write> c: array<${element}>;
struct Params {
  size: u32,
  splits: u32,
  n: u32,
}
@group(0) @binding(${bias ? 3 : 2}) var<uniform> params: Params;
${gridLibrary}
#if ${activation !== undefined}
${activation?.library}
fn activate(x: f32) -> f32 { return ${activation?.expression}; }
#endif
@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let i = linear_workgroup(workgroup, workgroups) * 64u + local;
  if (i >= params.size) { return; }
  var z = partial[i];
  for (var s = 1u; s < params.splits; s += 1u) { z += partial[s * params.size + i]; }
#if ${bias}
  z += bias[i % params.n];
#endif
#if ${activation === undefined}
  c[i] = z;
#elif ${vector}
  c[i] = vec4<f32>(activate(z.x), activate(z.y), activate(z.z), activate(z.w));
#else
  c[i] = activate(z);
#endif
}
`;
}
