import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { declare, reads, writes } from "./lib/declare.ts";
import { isNan } from "./lib/nan.wgsl.ts";

export interface LossSumOptions {
  readonly counted: boolean;
  /** 64 invocations add, through workgroup memory. Else one does, which compiles sooner. */
  readonly joined: boolean;
}

/**
 * The end of a loss, in one workgroup:   D = Σ counts · factor,  loss = Σ values / D  (0 where D is 0),  divisor = D
 *
 * Without `counted`, loss = Σ values · factor. Memory: `size` values, `counts` counts. One invocation adds 64 values at a time in order, and
 * their sums in order; `joined`: each of 64 invocations adds every 64th value in order, the first adds the 64 sums in order. The same
 * bits each time. Cost: reads both once.
 */
export const lossSumShader = ({ counted, joined }: LossSumOptions): string => {
  const ordered = (name: string, count: string, to: string): string =>
    joined
      ? `for (var i = local; i < params.${count}; i += 64u) { ${to} += ${name}[i]; }`
      : `for (var first = 0u; first < params.${count}; first += 64u) {
    var part = 0.0;
    let end = min(first + 64u, params.${count});
    for (var i = first; i < end; i++) { part += ${name}[i]; }
    ${to} += part;
  }`;
  return wgsl`
struct Params { size: u32, counts: u32, factor: f32 }
${declare([reads("values", "f32"), counted && reads("counts", "f32"), writes("loss", "f32"), counted && writes("divisor", "f32")])}
#if ${joined}
var<workgroup> sums: array<vec2<f32>, 64>;
@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) local: u32) {
#else
@compute @workgroup_size(1)
fn main() {
#endif
  var sum = vec2<f32>(0.0);
  ${ordered("values", "size", "sum.x")}
#if ${counted}
  ${ordered("counts", "counts", "sum.y")}
#endif
#if ${joined}
  sums[local] = sum;
  workgroupBarrier();
  if (local > 0u) { return; }
  for (var i = 1u; i < 64u; i++) { sum += sums[i]; }
#endif
#if ${counted}
  let d = sum.y * params.factor;
  divisor[0] = d;
  loss[0] = select(0.0, sum.x / d, d != 0.0 || ${isNan("d")});
#else
  loss[0] = sum.x * params.factor;
#endif
}
`;
};
