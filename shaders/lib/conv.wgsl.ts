import { declare, reads, writes } from "./declare.ts";
import { activated, type Epilogue, epilogueLibrary, matmulStore } from "./matmul.wgsl.ts";
import { chooseBits, isNan } from "./nan.wgsl.ts";
import { paramsStruct } from "./params.wgsl.ts";

/** How the operands of a gathering convolution lie in memory, as far as it changes the code. */
export interface GatherLayout {
  /** Groups of source channels are multiples of 4, so that the source is bound as vec4. */
  readonly vectorA: boolean;
  /** Groups of destination channels are multiples of 4: filter, bias and destination are bound as vec4. */
  readonly vectorB: boolean;
  /** The contiguous terms of a segment are no multiple of 4. */
  readonly raggedK: boolean;
  /** Some tap of some pixel lies outside of the source. */
  readonly padded: boolean;
  /** The source is strided: only some taps meet a pixel, others for each phase. */
  readonly phased: boolean;
  /** A row is a window of 2 × 2 pixels, of which the maximum and its position are stored. Needs `vectorB`. */
  readonly pooled: boolean;
}

/** The params of the kernels that gather, in order. */
export const gatherParams = {
  /** Pixels of the destination in one phase, batch · plane_h · plane_w; pooled, windows. */
  m: "u32",
  /** Destination channels of a group. */
  n: "u32",
  /** Contiguous terms of a segment; of these a unit takes `k_split`, a segment has `chunks` units. */
  k: "u32",
  k_split: "u32",
  chunks: "u32",
  units: "u32",
  units_split: "u32",
  splits: "u32",
  /** Segments of the filter along x: 1 where a segment is a whole row of taps, else its width. */
  segments_x: "u32",
  groups: "u32",
  group_k: "u32",
  batch: "u32",
  source_h: "u32",
  source_w: "u32",
  source_c: "u32",
  target_h: "u32",
  target_w: "u32",
  target_c: "u32",
  plane_h: "u32",
  plane_w: "u32",
  /** Source = (target · step + offset + tap · tap number) / up, where that is whole. */
  step_y: "u32",
  step_x: "u32",
  up_y: "u32",
  up_x: "u32",
  offset_y: "i32",
  offset_x: "i32",
  tap_y: "i32",
  tap_x: "i32",
} as const;

export const element = (vector: boolean): string => (vector ? "vec4<f32>" : "f32");

/** Bindings a (source), b (filter), (bias), c (destination), (winners) and params. */
export const gatherBindings = ({ vectorA, vectorB, pooled }: GatherLayout, bias: boolean): string => `
${declare([
  reads("a", element(vectorA)),
  reads("b", element(vectorB)),
  bias && reads("bias", element(vectorB)),
  writes("c", element(vectorB)),
  pooled && writes("winners", "u32"),
])}
${paramsStruct(gatherParams)}
`;

/**
 * Which tile the number `index` stands for: columns (channels of a group) run fastest, then rows (pixels), phases, groups, splits.
 * Of a tile, all pixels are in one phase: their distances to the pixels that a transposed stride skips are the same.
 */
export const gatherTile = `
struct Tile {
  row: u32,
  column: u32,
  group: u32,
  phase: vec2<u32>,
  split: u32,
  unit_begin: u32,
  unit_end: u32,
  inside: bool,
}
fn tile_of(index: u32, tile_rows: u32, tile_columns: u32) -> Tile {
  let across = (params.n + tile_columns - 1u) / tile_columns;
  let down = (params.m + tile_rows - 1u) / tile_rows;
  let plane = index / (across * down);
  let phases = params.up_y * params.up_x;
  let phase = plane % phases;
  let split = plane / (phases * params.groups);
  var tile: Tile;
  tile.row = ((index / across) % down) * tile_rows;
  tile.column = (index % across) * tile_columns;
  tile.group = (plane / phases) % params.groups;
  tile.phase = vec2<u32>(phase / params.up_x, phase % params.up_x);
  tile.split = split;
  tile.unit_begin = min(split * params.units_split, params.units);
  tile.unit_end = min(tile.unit_begin + params.units_split, params.units);
  tile.inside = split < params.splits;
  return tile;
}
`;

/**
 * `pixel_of(row)`: image, y and x of a pixel in the plane of one phase; `pixel_after` the next one, without a division. `place_of(pixel, group)`:
 * where the pixel lies in the source before a tap is added: start of its line, y, and place in the line, in units of what is bound.
 * `shift_of(tile, segment)`: what a segment adds to these, in w whether its taps meet the phase at all. `line_of(place, shift)`: where the
 * terms of a pixel lie for one segment: the start of the line, the place in it (wrapping below 0) and its length, 0 outside of the image.
 * `load_a(line, j)`: four terms from the j-th unit on, 0 outside of the line. `target_of(tile, row, pixel)`: the pixel's number in the
 * destination, NOWHERE if there is none.
 */
export function gatherLoads({ vectorA, vectorB, padded, phased, pooled }: GatherLayout): string {
  const unit = vectorA ? 4 : 1;
  const four = (at: string) => `vec4<f32>(${[0, 1, 2, 3].map((i) => `a[${at}${vectorA ? "" : `.${"xyzw"[i]}`}]`).join(", ")})`;
  const inside = vectorA
    ? `
  let at = line.y + j;
  let inside = at < line.z;
  return select(vec4<f32>(), a[select(0u, line.x + at, inside)], inside);`
    : `
  let at = line.y + vec4<u32>(j, j + 1u, j + 2u, j + 3u);
  let inside = at < vec4<u32>(line.z);
  let index = select(vec4<u32>(), line.x + at, inside);
  return select(vec4<f32>(), ${four("index")}, inside);`;
  const anywhere = vectorA
    ? "return a[line.x + line.y + j];"
    : `let index = line.x + line.y + vec4<u32>(j, j + 1u, j + 2u, j + 3u);
  return ${four("index")};`;
  return `
const NOWHERE = 0xffffffffu;
fn pixel_of(row: u32) -> vec3<u32> {
  let line = row / params.plane_w;
  let image = line / params.plane_h;
  return vec3<u32>(image, line - image * params.plane_h, row - line * params.plane_w);
}
fn pixel_after(pixel: vec3<u32>) -> vec3<u32> {
  let x = pixel.z + 1u;
  let y = pixel.y + select(0u, 1u, x == params.plane_w);
  let below = y == params.plane_h;
  return vec3<u32>(pixel.x + select(0u, 1u, below), select(y, 0u, below), select(x, 0u, x == params.plane_w));
}
${
  pooled
    ? `// Pixel t of the window with this place in the plane of windows.
fn tap_of(window: vec3<u32>, t: u32) -> vec3<u32> {
  return vec3<u32>(window.x, 2u * window.y + t / 2u, 2u * window.z + t % 2u);
}`
    : ""
}
fn place_of(pixel: vec3<u32>, group: u32) -> vec3<u32> {
  let y = pixel.y * params.step_y;
  let line = (pixel.x * params.source_h + y) * (params.source_w * params.source_c / ${unit}u);
  return vec3<u32>(line, y, pixel.z * params.step_x * (params.source_c / ${unit}u) + group * (params.group_k / ${unit}u));
}
fn shift_of(tile: Tile, segment: u32) -> vec4<u32> {
  let ky = segment / params.segments_x;
  var shift = vec2<i32>(params.offset_y, params.offset_x) + vec2<i32>(vec2<u32>(ky, segment - ky * params.segments_x)) * vec2<i32>(params.tap_y, params.tap_x);
${
  phased
    ? `  shift += vec2<i32>(tile.phase);
  let up = vec2<i32>(vec2<u32>(params.up_y, params.up_x));
  let whole = shift / up;
  let meets = select(0u, 1u, all(whole * up == shift));
  let by = vec2<u32>(whole);`
    : `  let meets = 1u;
  let by = vec2<u32>(shift);`
}
  return vec4<u32>(by.x * (params.source_w * params.source_c / ${unit}u), by.x, by.y * (params.source_c / ${unit}u), meets);
}
fn line_of(place: vec3<u32>, shift: vec4<u32>) -> vec3<u32> {
  let sum = place + shift.xyz;
${padded ? `  return vec3<u32>(sum.x, sum.z, select(0u, params.source_w * params.source_c / ${unit}u, sum.y < params.source_h));` : "  return vec3<u32>(sum.x, sum.z, 0u);"}
}
fn target_of(tile: Tile, row: u32, pixel: vec3<u32>) -> u32 {
${
  phased
    ? `  let y = pixel.y * params.up_y + tile.phase.x;
  let x = pixel.z * params.up_x + tile.phase.y;
  let exists = row < params.m && y < params.target_h && x < params.target_w;
  return select(NOWHERE, ((tile.split * params.batch + pixel.x) * params.target_h + y) * params.target_w + x, exists);`
    : "  return select(NOWHERE, tile.split * params.m + row, row < params.m);"
}
}
fn load_a(line: vec3<u32>, j: u32) -> vec4<f32> {
  ${padded ? inside : anywhere}
}
${
  vectorB
    ? "fn load_b(start: u32, column: vec2<u32>) -> vec4<f32> { return b[start + column.x]; }"
    : `fn load_b(start: u32, column: vec2<u32>) -> vec4<f32> {
  return vec4<f32>(${[0, 1, 2, 3].map((i) => `b[start + min(column.x + ${i}u, column.y)]`).join(", ")});
}`
}
// Four columns of a group from \`column\` on, and the last that it has, in units of what is bound.
fn columns_of(group: u32, column: u32) -> vec2<u32> {
  let first = group * params.n;
${
  vectorB
    ? "  return vec2<u32>((first + min(column, params.n - 4u)) / 4u, 0u);"
    : "  return vec2<u32>(first + column, first + params.n - 1u);"
}
}
`;
}

/** `store` and `addend` of shaders/lib/matmul for as many biases as there are channels; pooled, `store` of four sums instead. */
export const gatherStore = ({ vectorB, pooled }: GatherLayout, epilogue: Epilogue): string =>
  pooled ? epilogueLibrary(true, epilogue, "target_c") + storeWindow(epilogue) : matmulStore(vectorB, epilogue, "target_c");

/** The first maximum of four sums, as shaders/pool finds it, and its position, of four channels in a word. */
export const storeWindow = (epilogue: Epilogue): string => `
fn store(at: u32, column: u32, sums: array<vec4<f32>, 4>, addends: vec4<f32>) {
  if (column >= params.n) { return; }
  var best = sums[0]${epilogue.bias ? " + addends" : ""};
  var won = vec4<u32>();
${[1, 2, 3]
  .map(
    (tap) => `  {
    let v = sums[${tap}]${epilogue.bias ? " + addends" : ""};
    let wins = (v > best) | ${isNan("v", "vec4<f32>")};
    best = ${chooseBits("wins", "v", "best", "vec4<f32>")};
    won = select(won, vec4<u32>(${tap}u), wins);
  }`,
  )
  .join("\n")}
  c[at / 4u] = ${activated(epilogue, "best")};
  winners[at / 4u] = won.x | (won.y << 8u) | (won.z << 16u) | (won.w << 24u);
}
`;
