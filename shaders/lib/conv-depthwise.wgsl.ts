import type { Epilogue } from "./matmul.wgsl.ts";

/** The params of the depthwise kernels that walk down strips, in order; channels in units of what is bound. */
export const stripParams = {
  /** Invocations that have something to do. */
  size: "u32",
  /** Strips beside each other, and chunks of `rows` lines below each other, of one image and phase; strips in all. */
  strips: "u32",
  chunks: "u32",
  rows: "u32",
  items: "u32",
  /** Filter's gradient: strips that one invocation sums. */
  items_split: "u32",
  source_h: "u32",
  source_w: "u32",
  source_c: "u32",
  target_h: "u32",
  target_w: "u32",
  target_c: "u32",
  multiplier: "u32",
  /** Dilation. */
  gap_y: "u32",
  gap_x: "u32",
  offset_y: "i32",
  offset_x: "i32",
  /** The number of the first tap, and the steps from tap to tap: -1 where they are turned around. */
  tap_first: "i32",
  tap_step: "i32",
} as const;

export const typeOf = (vector: boolean): string => (vector ? "vec4<f32>" : "f32");

/**
 * `strip_of(item)`: where a strip of `span` columns begins in source and target (in the source wrapping below 0), and behind which line
 * of the target it ends. With a dilation of d (then the stride is 1), its columns and lines are d apart: these share sources.
 */
export const stripLibrary = (span: number, [down, right]: readonly [number, number]): string => `
struct Strip {
  image: u32,
  source_y: u32,
  source_x: u32,
  target_y: u32,
  target_x: u32,
  end_y: u32,
}
fn strip_of(item: u32) -> Strip {
  let column = (item % params.strips) * ${span}u;
  let part = item / params.strips;
  let row = (part % params.chunks) * params.rows;
  let plane = part / params.chunks;
  let phase_y = (plane / params.gap_x) % params.gap_y;
  let phase_x = plane % params.gap_x;
  var strip: Strip;
  strip.image = plane / (params.gap_x * params.gap_y);
  strip.target_y = phase_y + params.gap_y * row;
  strip.target_x = phase_x + params.gap_x * column;
  strip.source_y = u32(params.offset_y + i32(phase_y + params.gap_y * row * ${down}u));
  strip.source_x = u32(params.offset_x + i32(phase_x + params.gap_x * column * ${right}u));
  strip.end_y = min(strip.target_y + params.gap_y * params.rows, params.target_h);
  return strip;
}
`;

/** `finish(sum, addend)`: what is stored. */
export function depthwiseFinish(vector: boolean, { bias, activation }: Epilogue): string {
  const T = typeOf(vector);
  const all = vector ? "vec4<f32>(activate(z.x), activate(z.y), activate(z.z), activate(z.w))" : "activate(z)";
  return `
${activation ? `${activation.library}\nfn activate(x: f32) -> f32 { return ${activation.expression}; }` : ""}
fn finish(sum: ${T}, addend: ${T}) -> ${T} {
  let z = sum${bias ? " + addend" : ""};
  return ${activation ? all : "z"};
}`;
}
