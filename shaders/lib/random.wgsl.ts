/**
 * Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011), the same bits as src/random.ts.
 * `draw_words(seed, stream, run, block)` gives the words of elements 4·block … 4·block + 3. WGSL has no 64-bit product: its upper
 * half is put together from 16-bit halves. About 300 integer operations for four numbers.
 */
export const randomLibrary = `
fn multiply_high(a: u32, b: u32) -> u32 {
  let a_low = a & 0xffffu;
  let a_high = a >> 16u;
  let b_low = b & 0xffffu;
  let b_high = b >> 16u;
  let middle = a_high * b_low + ((a_low * b_low) >> 16u);
  let carry = a_low * b_high + (middle & 0xffffu);
  return a_high * b_high + (middle >> 16u) + (carry >> 16u);
}

fn draw_words(seed: u32, stream: u32, run: u32, block: u32) -> vec4<u32> {
  var c = vec4<u32>(block, run, 0u, 0u);
  var key = vec2<u32>(seed, stream);
  for (var round = 0u; round < 10u; round++) {
    let high0 = multiply_high(0xd2511f53u, c.x);
    let high1 = multiply_high(0xcd9e8d57u, c.z);
    c = vec4<u32>(high1 ^ c.y ^ key.x, 0xcd9e8d57u * c.z, high0 ^ c.w ^ key.y, 0xd2511f53u * c.x);
    key += vec2<u32>(0x9e3779b9u, 0xbb67ae85u);
  }
  return c;
}
`;

/** Uniform in [0, 1): the upper 24 bits of each word times 2⁻²⁴, exact. */
export const uniformLibrary = `
fn uniform_from_words(words: vec4<u32>) -> vec4<f32> {
  return vec4<f32>(words >> vec4<u32>(8u)) * 5.9604644775390625e-8;
}
`;

/**
 * Standard normal from one word, without sine and cosine: PPND7 of Wichura's Algorithm AS 241 (Applied Statistics 37, 1988) at
 * p = (upper 23 bits + ½) · 2⁻²⁴, exact in f32; the lowest bit is the sign. See src/random.ts.
 */
export const normalLibrary = `
fn normal_from_word(word: u32) -> f32 {
  let p = (f32(word >> 9u) + 0.5) * 5.9604644775390625e-8;
  let q = p - 0.5;
  let s = 0.180625 - q * q;
  let middle = q * (((59.10937472 * s + 159.29113202) * s + 50.434271938) * s + 3.3871327179)
    / (((67.1875636 * s + 78.757757664) * s + 17.895169469) * s + 1.0);
  let r = sqrt(-log(p)) - 1.6;
  let tail = -(((0.17023821103 * r + 1.3067284816) * r + 2.75681539) * r + 1.4234372777)
    / ((0.12021132975 * r + 0.7370016425) * r + 1.0);
  let z = select(tail, middle, q >= -0.425); // never NaN
  return select(z, -z, (word & 1u) == 1u);
}

fn normal_from_words(words: vec4<u32>) -> vec4<f32> {
  return vec4<f32>(normal_from_word(words.x), normal_from_word(words.y), normal_from_word(words.z), normal_from_word(words.w));
}
`;
