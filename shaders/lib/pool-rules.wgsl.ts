import { type Declared, reads } from "./declare.ts";
import { aboveOrNan, chooseBits, isNan, magnitudeOf, passNan } from "./nan.wgsl.ts";
import type { Divisor } from "./pool.wgsl.ts";

/** f32 and u32, four channels at a time or one. */
export const floats = (vector: boolean) => (vector ? "vec4<f32>" : "f32");
export const words = (vector: boolean) => (vector ? "vec4<u32>" : "u32");

/** What shaders/pool does with the taps of a window: statements over `best`, which is of the type of x. */
export interface PoolRule {
  /** WGSL functions that the statements need. */
  readonly library: string;
  /** The type of the binding `winners`, where there is one. */
  readonly winners?: string;
  /** Declares `best`: from the value of the first tap and its position, or from nothing. */
  start(first: string, position: string): string;
  /** `start` has taken the first tap. */
  readonly startsWithTap: boolean;
  /** Takes in the tap with value `v` at `position`. */
  readonly take: string;
  /** Stores what has become of the window at `to`. */
  readonly store: string;
}

/** Rules that add up, from 0. */
const adding = (vector: boolean, rule: Pick<PoolRule, "library" | "take" | "store">): PoolRule => ({
  ...rule,
  startsWithTap: false,
  start: () => `var best = ${floats(vector)}(0.0);`,
});

/** `divisor(start_y, start_x)`: the taps of a window that count. */
const divisorLibrary = (divisor: Divisor): string =>
  divisor === "constant"
    ? ""
    : `fn counted(start: i32, k: u32, d: u32, n: u32, padded: u32) -> u32 {
  ${divisor === "padded" ? "return end_tap(start, k, d, padded);" : "return end_tap(start, k, d, n) - first_tap(start, d);"}
}
fn divisor(start_y: i32, start_x: i32) -> f32 {
  return f32(counted(start_y, params.kh, params.dh, params.h, params.bottom) *
    counted(start_x, params.kw, params.dw, params.w, params.right));
}`;

/** The sum of the taps, divided. */
export const averageRule = (vector: boolean, divisor: Divisor): PoolRule =>
  adding(vector, {
    library: divisorLibrary(divisor),
    take: "best += v;",
    store:
      divisor === "constant"
        ? "y[to] = best * params.scale;"
        : "y[to] = best / divisor(i32(oy * params.sh) - i32(params.top), i32(ox * params.sw) - i32(params.left));",
  });

/** x to a whole power, by squaring. */
function power(x: string, p: number): string {
  let result: string | undefined;
  for (let rest = p, factor = x; rest > 0; rest >>= 1) {
    if (rest & 1) result = result ? `(${result} * ${factor})` : factor;
    factor = `(${factor} * ${factor})`;
  }
  return result ?? "1.0";
}

/** The p-norm of the taps. */
export function lpRule(vector: boolean, p: number): PoolRule {
  const T = floats(vector);
  return adding(vector, {
    // The power's error grows with its exponent; a step of Newton's method takes most of it away.
    library:
      p > 2
        ? `fn root(s: ${T}) -> ${T} {
  let r = pow(max(s, ${T}(1.2e-38)), ${T}(${1 / p})); // NaN is passed on below
  let better = r - (r - s / (${power("r", p - 1)})) * ${1 / p};
  // 0, infinite and NaN are their own roots; by their bits, as a compiler may take it that none is NaN.
  let bits = bitcast<${words(vector)}>(s) & ${words(vector)}(0x7fffffffu);
  return ${chooseBits(`(bits == ${words(vector)}(0u)) | (bits >= ${words(vector)}(0x7f800000u))`, "s", "better", T)};
}`
        : "",
    take: `let a = abs(v); best += ${power("a", p)};`,
    store: `y[to] = ${p === 1 ? "best" : p === 2 ? passNan("best", "sqrt(best)", T) : "root(best)"};`,
  });
}

/** What shaders/pool_spread gives back to the pixels under a window. */
export interface SpreadRule {
  /** WGSL functions that the statements need. */
  readonly library: string;
  /** What is read, `values` among it. */
  readonly bindings: readonly Declared[];
  /** Statements that load what window `o` has to give. */
  readonly load: string;
  /** What of it the pixel at `to` gets, under the tap of this position, being the pixel of this number in its plane. */
  given(position: string, pixel: string): string;
}

/**
 * To the pixel that won. `indices`: winners are numbers of pixels, as i32. `gated`: a value counts as 0 where `gate`, which has the values'
 * shape, is 0 or less.
 */
export function maxSpread(vector: boolean, winners: "bytes" | "words" | "indices", gated: boolean): SpreadRule {
  const [T, U] = [floats(vector), words(vector)];
  const indices = winners === "indices";
  const word = indices ? (vector ? "vec4<i32>" : "i32") : winners === "bytes" ? "u32" : U;
  const bytes = "(vec4<u32>(winners[o]) >> vec4<u32>(0u, 8u, 16u, 24u)) & vec4<u32>(255u)";
  const at = winners === "bytes" ? bytes : indices ? `${U}(winners[o])` : "winners[o]";
  return {
    library: gated ? `fn gated(value: ${T}, gate: ${T}) -> ${T} {\n  return select(${T}(0.0), value, ${aboveOrNan("gate", T)});\n}` : "",
    bindings: [reads("values", T), reads("winners", word), ...(gated ? [reads("gate", T)] : [])],
    load: `let g = ${gated ? `gated(values[o], gate[o])` : "values[o]"}; let at = ${at};`,
    given: (position, pixel) => `select(${T}(0.0), g, at == ${U}(${indices ? pixel : position}))`,
  };
}

/** To each pixel its share. */
export const averageSpread = (vector: boolean, divisor: Divisor): SpreadRule => ({
  library: divisorLibrary(divisor),
  bindings: [reads("values", floats(vector))],
  load: `let g = ${divisor === "constant" ? "values[o] * params.scale" : "values[o] / divisor(start_y, start_x)"};`,
  given: () => "g",
});

/** By each pixel's part in the norm. */
export function lpSpread(vector: boolean, p: number): SpreadRule {
  const T = floats(vector);
  return {
    library: `fn share(v: ${T}, norm: ${T}, g: ${T}) -> ${T} {
  let number = (bitcast<${words(vector)}>(norm) & ${words(vector)}(0x7fffffffu)) <= ${words(vector)}(0x7f800000u);
  let ratio = select(norm, select(${T}(0.0), abs(v) / max(norm, ${T}(1.2e-38)), norm > ${T}(0.0)), number);
  let sign_of = ${chooseBits(isNan("v", T), `${T}(0.0)`, "sign(v)", T)};
  return select(sign_of * g * ${power("ratio", p - 1)}, ${T}(0.0), ${magnitudeOf("norm", T)} == ${words(vector)}(0u));
}`,
    bindings: [reads("x", T), reads("y", T), reads("values", T)],
    load: "let g = values[o]; let norm = y[o];",
    given: () => "share(x[to], norm, g)",
  };
}
