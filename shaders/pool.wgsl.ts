import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { gridLibrary } from "./lib/grid.wgsl.ts";
import { paramsStruct } from "./lib/params.wgsl.ts";
import { type Divisor, neighbours, poolParams, tapsLibrary } from "./lib/pool.wgsl.ts";

export interface PoolShaderOptions {
  readonly kind: "max" | "average" | "lp";
  /** Four channels for each invocation. */
  readonly vector: boolean;
  /** Max: how winners are stored. */
  readonly winners?: "bytes" | "words";
  /** Average. */
  readonly divisor?: Divisor;
  /** Lp. */
  readonly p?: number;
  /** All windows lie inside the input, and have this size, small enough to be written out tap by tap. */
  readonly unrolled?: readonly [number, number];
  /** Windows tile the plane, without dilation, padding and rest. Needs `unrolled`. */
  readonly tiles: boolean;
  /** Neighbouring windows for each invocation; they divide OW. */
  readonly span: number;
  /** Max: applied to the maximum. */
  readonly activation?: { readonly library: string; readonly expression: string };
}

/** x to a whole power, by squaring. */
export function power(x: string, p: number): string {
  const steps: string[] = [];
  let result: string | undefined;
  for (let rest = p, factor = x; rest > 0; rest >>= 1) {
    if (rest & 1) result = result ? `(${result} * ${factor})` : factor;
    factor = `(${factor} * ${factor})`;
    steps.push(factor);
  }
  return result ?? "1.0";
}

/**
 * Pooling: y[n, oy, ox, c] = the maximum, average or p-norm of x[n, iy, ix, c] over the window's taps
 * iy = oy·sh − top + ky·dh, ix = ox·sw − left + kx·dw that lie inside.
 *
 * x [N, H, W, C], y [N, OH, OW, C]; max: winners, the position ky·KW + kx of the first maximum, u32[N, OH, OW, C], or with `bytes`
 * four channels to a word. One invocation computes `span` neighbours of y, each one element or with `vector` four
 * channels; workgroups of 64 over a folded grid.
 * Cost: KH·KW operations for each element of y; every element of x is read once where windows do not overlap.
 */
export function poolShader(options: PoolShaderOptions) {
  const { kind, vector, winners, divisor = "constant", p = 1, unrolled, tiles, span, activation } = options;
  const T = vector ? "vec4<f32>" : "f32";
  const U = vector ? "vec4<u32>" : "u32";
  const max = kind === "max";
  const bytes = winners === "bytes";
  const take = {
    max: `let wins = v > best; best = select(best, v, wins); at = select(at, ${U}(position), wins);`,
    average: "best += v;",
    lp: `let a = abs(v); best += ${power("a", p)};`,
  }[kind];
  const taps = (unrolled ? Array.from({ length: unrolled[0] * unrolled[1] }, (_, i) => i) : []).map((i) => {
    const [ky, kx] = [Math.floor(i / (unrolled?.[1] ?? 1)), i % (unrolled?.[1] ?? 1)];
    const at = tiles ? `base + ${ky}u * row + ${kx}u * params.c` : `base + ${ky}u * params.dh * row + ${kx}u * params.dw * params.c`;
    return i === 0 && max ? "" : `{ let v = x[${at}]; let position = ${i}u; ${take} }`;
  });
  const root = p === 1 ? "best" : p === 2 ? "sqrt(best)" : "root(best)";
  const window = (k: number) => wgsl`  let ox = begin + ${k}u;
  let to = (line * params.ow + ox) * params.c + c;
#if ${unrolled !== undefined}
#if ${tiles}
  let base = line * ${unrolled?.[0]}u * row + ox * ${unrolled?.[1]}u * params.c + c;
#else
  let base = (image * params.h + oy * params.sh) * row + ox * params.sw * params.c + c;
#endif
#if ${max}
  var best = x[base];
  var at = ${U}(0u);
#else
  var best = ${T}(0.0);
#endif
  ${taps.join("\n  ")}
#else
  let start_y = i32(oy * params.sh) - i32(params.top);
  let start_x = i32(ox * params.sw) - i32(params.left);
  let top = first_tap(start_y, params.dh);
  let bottom = end_tap(start_y, params.kh, params.dh, params.h);
  let left = first_tap(start_x, params.dw);
  let right = end_tap(start_x, params.kw, params.dw, params.w);
  // what a start before the input takes away, a tap gives back: u32 arithmetic wraps around
  let base = (image * params.h + u32(start_y)) * row + u32(start_x) * params.c + c;
#if ${max}
  var best = x[base + top * params.dh * row + left * params.dw * params.c];
  var at = ${U}(top * params.kw + left);
#else
  var best = ${T}(0.0);
#endif
  for (var ky = top; ky < bottom; ky++) {
    for (var kx = left; kx < right; kx++) {
      let v = x[base + ky * params.dh * row + kx * params.dw * params.c];
      let position = ky * params.kw + kx;
      ${take}
    }
  }
#endif
#if ${max}
#if ${activation !== undefined}
  y[to] = ${vector ? "vec4<f32>(activate(best.x), activate(best.y), activate(best.z), activate(best.w))" : "activate(best)"};
#else
  y[to] = best;
#endif
  winners[to] = ${bytes ? "at.x | (at.y << 8u) | (at.z << 16u) | (at.w << 24u)" : "at"};
#elif ${kind === "lp"}
  y[to] = ${root};
#elif ${divisor === "constant"}
  y[to] = best * params.scale;
#else
  y[to] = best / divisor(i32(oy * params.sh) - i32(params.top), i32(ox * params.sw) - i32(params.left));
#endif`;
  return wgsl`
${paramsStruct(poolParams)}
@group(0) @binding(0) var<storage, read> x: array<${T}>;
@group(0) @binding(1) var<storage, read_write> y: array<${T}>;
#if ${max}
@group(0) @binding(2) var<storage, read_write> winners: array<${bytes || !vector ? "u32" : U}>;
@group(0) @binding(3) var<uniform> params: Params;
#else
@group(0) @binding(2) var<uniform> params: Params;
#endif
${gridLibrary}
${tapsLibrary(divisor)}
#if ${activation !== undefined}
${activation?.library}
fn activate(x: f32) -> f32 { return ${activation?.expression}; }
#endif
#if ${kind === "lp" && p > 2}
// The power's error grows with its exponent; a step of Newton's method takes most of it away.
fn root(s: ${T}) -> ${T} {
  let r = pow(max(s, ${T}(1.2e-38)), ${T}(${1 / p}));
  let better = r - (r - s / (${power("r", p - 1)})) * ${1 / p};
  return select(${T}(0.0), better, s > ${T}(0.0));
}
#endif
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(num_workgroups) count: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let i = linear_workgroup(id, count) * 64u + lane;
  if (i >= params.size) { return; }
  let group = i / params.c;
  let c = i - group * params.c;
  let line = group / params.groups;
  let begin = (group - line * params.groups) * ${span}u;
  let image = line / params.oh;
  let oy = line - image * params.oh;
  let row = params.w * params.c;
${neighbours(span, window)}
}
`;
}
