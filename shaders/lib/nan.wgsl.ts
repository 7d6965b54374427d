/**
 * NaN in WGSL. A compiler may take it that no float is NaN: `x != x` may be false, and `min`, `max`, `clamp`, a comparison or a built-in
 * function may give any number for NaN. So NaN is found by bits, as an integer, and passed on by a select of integers.
 */

/** The type of the bits of f32, of vec4<f32>, or of an alias V of one of them: U. */
const wordsOf = (type: string): string => (type === "V" ? "U" : type.replace("f32", "u32"));

/** WGSL: the bits of `x` without its sign. */
export const magnitudeOf = (x: string, type = "f32"): string => `(bitcast<${wordsOf(type)}>(${x}) & ${wordsOf(type)}(0x7fffffffu))`;

/** WGSL: whether `x` is NaN. */
export const isNan = (x: string, type = "f32"): string => `(${magnitudeOf(x, type)} > ${wordsOf(type)}(0x7f800000u))`;

/** WGSL: `x` where `condition` (an expression without floats, or {@link isNan}) holds, else `y`, chosen as integers. */
export const chooseBits = (condition: string, x: string, y: string, type = "f32"): string =>
  `bitcast<${type}>(select(bitcast<${wordsOf(type)}>(${y}), bitcast<${wordsOf(type)}>(${x}), ${condition}))`;

/** WGSL: `x` where it is NaN, else `y`. `x` is written twice: a name, not an expression. */
export const passNan = (x: string, y: string, type = "f32"): string => chooseBits(isNan(x, type), x, y, type);

/** WGSL: `y`, a function that is defined for x ≥ 0 alone, and NaN where `x` is less than 0 or NaN. `x` is a name. */
export const nanBelowZero = (x: string, y: string, type = "f32"): string => {
  const [words, bits] = [wordsOf(type), `bitcast<${wordsOf(type)}>(${x})`];
  const both = type === "f32" ? "&&" : "&";
  const nan = `bitcast<${type}>(${bits} | ${words}(0x7fc00000u))`;
  return chooseBits(`(${bits} > ${words}(0x7f800000u)) ${both} (${bits} != ${words}(0x80000000u))`, nan, y, type);
};

/** WGSL: whether `x` is less than 0 and no NaN, by its bits; −0 is not. */
export const isNegative = (x: string): string => `(bitcast<u32>(${x}) - 0x80000001u <= 0x7f7fffffu)`;

/** WGSL: whether `x` is more than 0 and no NaN, by its bits. */
export const isPositive = (x: string, type = "f32"): string =>
  `(bitcast<${wordsOf(type)}>(${x}) - ${wordsOf(type)}(1u) < ${wordsOf(type)}(0x7f800000u))`;

/** WGSL: whether `x` is more than 0, or NaN: what the gradient of relu lets through, as in PyTorch. */
export const aboveOrNan = (x: string, type = "f32"): string =>
  type === "f32" ? `(${x} > 0.0 || ${isNan(x)})` : `((${x} > ${type}(0.0)) | ${isNan(x, type)})`;

/** WGSL of a NaN, from a name of a u32 that is not known when the shader is compiled (a constant NaN is an error in WGSL). */
export const nanFrom = (word: string): string => `bitcast<f32>(0x7fc00000u | (${word} & 1u))`;
