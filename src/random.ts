import type { RandomSource } from "./graph/tensor.ts";

/**
 * Counter-based random numbers: Philox4x32-10 of Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3",
 * SC 2011. Its twin in WGSL, shaders/lib/random.wgsl.ts, gives the same bits.
 */
export type Words = readonly [number, number, number, number];

/** The upper 32 bits of a · b, by 16-bit halves, none of whose sums overflows 32 bits (written as WGSL has to write it). */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = Math.imul(aHigh, bLow) + (Math.imul(aLow, bLow) >>> 16);
  const carry = Math.imul(aLow, bHigh) + (middle & 0xffff);
  return (Math.imul(aHigh, bHigh) + (middle >>> 16) + (carry >>> 16)) >>> 0;
}

/** Four random u32 from a counter of four u32 and a key of two. */
export function philox(counter: Words, key: readonly [number, number]): Words {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < 10; round++) {
    const high0 = multiplyHigh(0xd2511f53, c0);
    const low0 = Math.imul(0xd2511f53, c0) >>> 0;
    const high1 = multiplyHigh(0xcd9e8d57, c2);
    const low1 = Math.imul(0xcd9e8d57, c2) >>> 0;
    c0 = (high1 ^ c1 ^ k0) >>> 0;
    c1 = low1;
    c2 = (high0 ^ c3 ^ k1) >>> 0;
    c3 = low0;
    k0 = (k0 + 0x9e3779b9) >>> 0;
    k1 = (k1 + 0xbb67ae85) >>> 0;
  }
  return [c0, c1, c2, c3];
}

/** What the random ops draw for elements 4·`block` … 4·`block` + 3 in run number `run`. */
export const drawWords = (seed: number, stream: number, run: number, block: number): Words => philox([block, run, 0, 0], [seed, stream]);

/** Uniform in [0, 1) from the upper 24 bits of a word: a multiple of 2⁻²⁴, exact in f32. */
export const uniformFromWord = (word: number): number => (word >>> 8) * 2 ** -24;

/**
 * Standard normal from one word: the upper 23 bits choose the middle p of one of 2²³ equal slices of (0, ½), which f32 holds
 * exactly, the lowest bit chooses the sign. The largest magnitude is 5.42.
 */
export function normalFromWord(word: number): number {
  const z = lowerNormalQuantile(((word >>> 9) + 0.5) * 2 ** -24);
  return (word & 1) === 1 ? -z : z;
}

/**
 * The quantile of the normal distribution, Φ⁻¹(p), for 2⁻²⁵ ≤ p ≤ ½, to about 7 digits: PPND7 of Wichura, "Algorithm AS 241: the
 * percentage points of the normal distribution", Applied Statistics 37 (1988). Its far tail, below exp(-25), is left out.
 */
export function lowerNormalQuantile(p: number): number {
  const q = p - 0.5;
  if (q >= -0.425) {
    const r = 0.180625 - q * q;
    const above = ((59.10937472 * r + 159.29113202) * r + 50.434271938) * r + 3.3871327179;
    const below = ((67.1875636 * r + 78.757757664) * r + 17.895169469) * r + 1;
    return (q * above) / below;
  }
  const r = Math.sqrt(-Math.log(p)) - 1.6;
  const above = ((0.17023821103 * r + 1.3067284816) * r + 2.75681539) * r + 1.4234372777;
  const below = (0.12021132975 * r + 0.7370016425) * r + 1;
  return -above / below;
}

/** A u32 from a string: FNV-1a over its UTF-16 code units, then MurmurHash3's final mixing. */
export function hashString(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** A stream of random numbers: the same `seed` (its lower 32 bits count) and `name` give the same numbers on every machine. */
export function randomSource(seed: number, name = ""): RandomSource {
  const stream = hashString(name);
  let drawn = 0;
  let words: Words = [0, 0, 0, 0];
  const next = (): number => {
    if (drawn % 4 === 0) {
      const block = drawn / 4;
      words = philox([block >>> 0, Math.floor(block / 2 ** 32), 1, 0], [seed >>> 0, stream]);
    }
    return words[drawn++ % 4];
  };
  return { uniform: () => uniformFromWord(next()), normal: () => normalFromWord(next()) };
}
