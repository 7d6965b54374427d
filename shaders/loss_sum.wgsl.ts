import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { declare, reads, writes } from "./lib/declare.ts";

/**
 * The end of a loss, in one workgroup:   D = Σ counts · factor,  loss = Σ values / D  (0 where D is 0),  divisor = D
 *
 * Without `counted`, loss = Σ values · factor. Memory: `size` values, `counts` counts. Each of 64 invocations adds every 64th value
 * in order, the first adds the 64 sums in order: the same bits each time. Cost: reads both once.
 */
export const lossSumShader = (options: { readonly counted: boolean }): string => wgsl`
struct Params { size: u32, counts: u32, factor: f32 }
${declare([
  reads("values", "f32"),
  options.counted && reads("counts", "f32"),
  writes("loss", "f32"),
  options.counted && writes("divisor", "f32"),
])}
var<workgroup> sums: array<vec2<f32>, 64>;

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) local: u32) {
  var sum = vec2<f32>(0.0);
  for (var i = local; i < params.size; i += 64u) { sum.x += values[i]; }
#if ${options.counted}
  for (var i = local; i < params.counts; i += 64u) { sum.y += counts[i]; }
#endif
  sums[local] = sum;
  workgroupBarrier();
  if (local == 0u) {
    for (var i = 1u; i < 64u; i++) { sum += sums[i]; }
#if ${options.counted}
    let d = sum.y * params.factor;
    divisor[0] = d;
    loss[0] = select(0.0, sum.x / d, d != 0.0);
#else
    loss[0] = sum.x * params.factor;
#endif
  }
}
`;
