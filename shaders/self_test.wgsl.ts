import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";

/**
 * Computes things with one right answer, in the ways that our kernels rely on, so that an adapter that computes wrong values is found
 * before a network trains on it: integer and float arithmetic, a loop with a bound from a buffer, workgroup memory behind barriers,
 * storage written by one invocation and read by another behind a barrier, bit casts.
 *
 * One workgroup of `size` invocations, up to 64; `x` u32[size] holds 0, 1, …; `y` u32[4·size] gets four answers for each. Cost: nothing.
 */
export const selfTestShader = (size: number) => wgsl`
@group(0) @binding(0) var<storage, read> x: array<u32>;
@group(0) @binding(1) var<storage, read_write> y: array<u32>;

var<workgroup> shared_values: array<f32, ${size}>;

@compute @workgroup_size(${size})
fn main(@builtin(local_invocation_index) i: u32) {
  // The sum 0 + 1 + … + i as floats, exact.
  var sum = 0.0;
  for (var k = 0u; k <= x[i]; k++) { sum = fma(f32(x[k]), 1.0, sum); }
  y[i] = bitcast<u32>(sum);
  // The neighbour's value through workgroup memory.
  shared_values[i] = sum;
  workgroupBarrier();
  y[${size}u + i] = u32(shared_values[${size - 1}u - i]);
  // The neighbour's value through storage.
  storageBarrier();
  y[${2 * size}u + i] = y[${size}u + (i ^ 1u)] * 3u + 1u;
  // A function within its accuracy: exp(i / 64) in units of 1e-4, rounded.
  y[${3 * size}u + i] = u32(round(exp(f32(i) / 64.0) * 1.0e4));
}
`;
