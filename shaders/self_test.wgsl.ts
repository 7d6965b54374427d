import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";

/** Steps of the walk. */
export const SELF_TEST_STEPS = 3;
/** Words of `y` for each invocation. */
export const SELF_TEST_ANSWERS = 5;

/**
 * Computes things with one right answer, in the ways that our kernels rely on, so that an adapter that computes wrong values is found
 * before a network trains on it: integer and float arithmetic, a loop with a bound from a buffer, workgroup memory behind barriers,
 * storage written by one invocation and read by another behind a barrier, bit casts; a walk back through time and an update by the
 * gradient that it ends with; NaN that is found and chosen by its bits, and kept by sums.
 *
 * One workgroup of `size` invocations, up to 64; `x` f32[size + 1] holds 0, 1, … and a NaN; `state` f32[4·size] is the walk's and holds 0;
 * `y` u32[5·size] gets five answers for each. Cost: nothing. What it takes to compile grows with the number of its loads and stores.
 */
export const selfTestShader = (size: number) => wgsl`
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> state: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<u32>;

var<workgroup> shared_values: array<f32, ${size}>;

@compute @workgroup_size(${size})
fn main(@builtin(local_invocation_index) i: u32) {
  // The sum 0 + 1 + … + i as floats, exact.
  var sum = 0.0;
  for (var k = 0u; k <= i; k++) { sum = fma(x[k], 1.0, sum); }
  y[i] = bitcast<u32>(sum);
  // The neighbour's value through workgroup memory.
  shared_values[i] = sum;
  workgroupBarrier();
  y[${size}u + i] = u32(shared_values[${size - 1}u - i]);
  // A function within its accuracy: exp(i / 64) in units of 1e-4, rounded.
  y[${3 * size}u + i] = u32(round(exp(f32(i) / 64.0) * 1.0e4));
  // A number at even places and NaN at odd ones, found as an integer and chosen as an integer, as in front of a clamp.
  let n = x[select(i, ${size}u, (i & 1u) == 1u)];
  let is_nan = (bitcast<u32>(n) & 0x7fffffffu) > 0x7f800000u;
  let addend = bitcast<f32>(select(bitcast<u32>(clamp(n, -2.5, 2.5)), bitcast<u32>(n), is_nan));
  // A walk back through time, as rnn_walk takes it: state[t] = (addend + 2 · state[t + 1][i] + state[t + 1][i ^ 2]) · (2 − t / 2).
  for (var t = ${SELF_TEST_STEPS}u; t > 0u; ) {
    let v = addend + 2.0 * state[t * ${size}u + i] + state[t * ${size}u + (i ^ 2u)];
    t--;
    state[t * ${size}u + i] = v * (2.0 - f32(t) * 0.5);
    storageBarrier();
  }
  // The neighbour's value through storage.
  y[${2 * size}u + i] = y[${size}u + (i ^ 1u)] * 3u + 1u;
  // The update that this gradient asks for, as Adam takes it: p − 0.5 · m / (√v + 1), in units of 1e-3, rounded; and whether it is NaN.
  let g = state[i ^ 2u];
  let p = u32(round((f32(i) + 2.0 - 0.5 * g / (sqrt(g * g) + 1.0)) * 1.0e3));
  y[${4 * size}u + i] = select(p, 1u, (bitcast<u32>(g) & 0x7fffffffu) > 0x7f800000u);
}
`;
