import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { list } from "./lib/conv-direct.wgsl.ts";
import { declare, reads, writes } from "./lib/declare.ts";
import { gridLibrary } from "./lib/grid.wgsl.ts";
import { type Epilogue, matmulStore } from "./lib/matmul.wgsl.ts";
import { each } from "./lib/matmul-step.wgsl.ts";
import { paramsStruct } from "./lib/params.wgsl.ts";
import { storeAll } from "./lib/store-all.wgsl.ts";

export interface ConvNarrowOptions {
  readonly epilogue: Epilogue;
  /** Channels of the destination, at most 4. */
  readonly channels: number;
  /** Taps of a row, and how far neighbouring taps and neighbouring pixels are apart in the source, in pixels; `tap` may be negative. */
  readonly taps: number;
  readonly tap: number;
  readonly step: number;
  /** Neighbouring pixels of a line for each invocation. */
  readonly pixels: number;
  /** The filter holds [KH, KW, C', C] instead of [KH, KW, C, C']. */
  readonly transposed: boolean;
  /** Some tap of some pixel lies outside of the source. */
  readonly padded: boolean;
}

export const NARROW_INVOCATIONS = 32;

/** The params of conv_narrow, in order. */
export const narrowParams = {
  /** Invocations that have something to do: lines · tiles. */
  size: "u32",
  tiles: "u32",
  n: "u32",
  kh: "u32",
  /** Channels of the source, in vec4. */
  blocks: "u32",
  in_h: "u32",
  in_w: "u32",
  out_h: "u32",
  out_w: "u32",
  step_y: "u32",
  tap_y: "i32",
  offset_y: "i32",
  /** From the first pixel of a line to the leftmost pixel that its taps see. */
  offset_x: "i32",
} as const;

/**
 * y[n, oy, ox, co] = f(bias[co] + Σ x[n, oy·s − p + ky·d, ox·s − p + kx·d, ci]·w[ky, kx, ci, co]) into few channels co, and the same for the
 * gradient of x, whose filter is `transposed`. A tile of pixels × channels would be mostly empty, so that the lanes of a vec4 are four
 * channels of the source instead: each keeps a sum of its own, and they are added up at the end.
 *
 * Shapes: a (source) [N, H, W, C], b (filter) [KH, KW, C, C'] or transposed, C a multiple of 4, c [N, OH, OW, C'].
 * Cost of a row of taps for four channels: as many loads of vec4 as its pixels' taps see pixels, and taps · channels of the filter, for
 * 4 · taps · pixels · channels multiply-adds.
 */
export function convNarrow({ epilogue, channels, taps, tap, step, pixels, transposed, padded }: ConvNarrowOptions): string {
  const leftmost = Math.min(0, (taps - 1) * tap);
  /** The pixel of the source, from the leftmost on, that tap `k` of pixel `p` sees. */
  const seen = (p: number, k: number): number => p * step + k * tap - leftmost;
  const places = [...new Set(list(pixels).flatMap((p) => list(taps).map((k) => seen(p, k))))].sort((a, b) => a - b);
  const sums = list(pixels).flatMap((p) => list(channels).map((n) => `c${p}_${n}`));
  const weights = (k: number): string => {
    const loads = each(
      channels,
      (n) => `let q${k}_${n} = b[weight + ${transposed ? `${k * channels + n}u * params.blocks` : `${k}u * stride + ${n}u`}];`,
    );
    // [C, C']: the four channels of the source for one of the destination are C' apart
    const lane = (n: number, i: number) => `q${k}_${Math.floor((i * channels + n) / 4)}.${"xyzw"[(i * channels + n) % 4]}`;
    return `${loads}
${each(
  channels,
  (n) =>
    `let w${k}_${n} = ${
      transposed
        ? `q${k}_${n}`
        : `vec4<f32>(${list(4)
            .map((i) => lane(n, i))
            .join(", ")})`
    };`,
)}`;
  };
  const load = (e: number): string =>
    padded ? `select(vec4<f32>(), a[line + at${e} + block], inside && inside_x${e})` : `a[line + at${e} + block]`;
  return wgsl`${declare([reads("a", "vec4<f32>"), reads("b", "vec4<f32>"), epilogue.bias && reads("bias", "f32"), writes("c", "f32")])}
${paramsStruct(narrowParams)}
${matmulStore(false, epilogue)}
${gridLibrary}
@compute @workgroup_size(${NARROW_INVOCATIONS})
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let index = linear_workgroup(workgroup, workgroups) * ${NARROW_INVOCATIONS}u + local;
  if (index >= params.size) { return; }
  let target_line = index / params.tiles;
  let target_x = (index - target_line * params.tiles) * ${pixels}u;
  let image = target_line / params.out_h;
  let oy = target_line - image * params.out_h;
  let first_x = target_x * ${step}u + u32(params.offset_x);
${places
  .map((e) =>
    padded
      ? `  let inside_x${e} = first_x + ${e}u < params.in_w;
  let at${e} = select(0u, first_x + ${e}u, inside_x${e}) * params.blocks;`
      : // pixels beyond a line's end exist where tiles do not fit; what they load is not used
        `  let at${e} = min(first_x + ${e}u, params.in_w - 1u) * params.blocks;`,
  )
  .join("\n")}
  let stride = params.blocks * ${channels}u;
${each(sums.length, (i) => `  var ${sums[i]} = vec4<f32>();`)}
  for (var ky = 0u; ky < params.kh; ky++) {
    let y = oy * params.step_y + u32(params.offset_y) + ky * u32(params.tap_y);
${
  padded
    ? `    let inside = y < params.in_h;
    let line = (image * params.in_h + select(0u, y, inside)) * params.in_w * params.blocks;`
    : "    let line = (image * params.in_h + y) * params.in_w * params.blocks;"
}
    let row = ky * ${taps}u * stride;
    for (var block = 0u; block < params.blocks; block++) {
      let weight = row + block${transposed ? "" : ` * ${channels}u`};
${places.map((e) => `      let x${e} = ${load(e)};`).join("\n")}
${each(taps, (k) => `${weights(k)}\n${each(sums.length, (i) => `${sums[i]} = fma(x${seen(Math.floor(i / channels), k)}, w${k}_${i % channels}, ${sums[i]});`)}`)}
    }
  }
  let to = (target_line * params.out_w + target_x) * params.n;
${storeAll({
  count: pixels,
  each: 1,
  sums: (p) =>
    `vec4<f32>(${list(4)
      .map((n) => (n < channels ? `dot(c${p}_${n}, vec4<f32>(1.0))` : "0.0"))
      .join(", ")})`,
  body: (value) => `if (target_x + i < params.out_w) { store(to + i * params.n, 0u, ${value}, addend(0u)); }`,
})}
}
`;
}
