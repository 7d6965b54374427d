import { chooseBits, isNan } from "./nan.wgsl.ts";
import { floats, type PoolRule, words } from "./pool-rules.wgsl.ts";

export interface MaxPoolRule {
  readonly vector: boolean;
  /** How winners are stored. */
  readonly winners: "bytes" | "words";
  /** Applied to the maximum. */
  readonly activation?: { readonly library: string; readonly expression: string };
}

/**
 * The largest tap, the first of equal ones, and its position. NaN is larger than every number, and of several NaN the last wins, as in
 * PyTorch.
 */
export function maxRule({ vector, winners, activation }: MaxPoolRule): PoolRule {
  const U = words(vector);
  const bytes = winners === "bytes";
  const value = activation
    ? vector
      ? "vec4<f32>(activate(best.x), activate(best.y), activate(best.z), activate(best.w))"
      : "activate(best)"
    : "best";
  return {
    library: activation ? `${activation.library}\nfn activate(x: f32) -> f32 { return ${activation.expression}; }` : "",
    winners: bytes ? "u32" : U,
    startsWithTap: true,
    start: (first, position) => `var best = ${first};\n  var at = ${U}(${position});`,
    take: `let wins = (v > best) ${vector ? "|" : "||"} ${isNan("v", floats(vector))}; best = ${chooseBits("wins", "v", "best", floats(vector))}; at = select(at, ${U}(position), wins);`,
    store: `y[to] = ${value};
  winners[to] = ${bytes ? "at.x | (at.y << 8u) | (at.z << 16u) | (at.w << 24u)" : "at"};`,
  };
}
