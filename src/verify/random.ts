import type { RandomSource } from "../graph/tensor.ts";

/**
 * Random numbers for samples, the same in every run and on every machine: splitmix32 (after Steele, Lea and Flood, Fast Splittable
 * Pseudorandom Number Generators, 2014), normals by Marsaglia's polar method.
 */
export function seededRandom(seed: string): RandomSource {
  let state = 0x811c9dc5; // FNV-1a of the seed
  for (const letter of seed) state = Math.imul(state ^ letter.charCodeAt(0), 0x01000193);
  const uniform = (): number => {
    state = (state + 0x9e3779b9) | 0;
    let z = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return ((z ^ (z >>> 15)) >>> 0) / 2 ** 32;
  };
  const normal = (): number => {
    for (;;) {
      const x = 2 * uniform() - 1;
      const y = 2 * uniform() - 1;
      const s = x * x + y * y;
      if (s > 0 && s < 1) return x * Math.sqrt((-2 * Math.log(s)) / s);
    }
  };
  return { uniform, normal };
}
