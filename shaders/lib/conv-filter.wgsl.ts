import { element } from "./conv.wgsl.ts";
import { paramsStruct } from "./params.wgsl.ts";

/** How the operands of a filter's gradient lie in memory, as far as it changes the code. */
export interface FilterLayout {
  /** Groups of input channels are multiples of 4: x is bound as vec4. */
  readonly vectorA: boolean;
  /** Groups of output channels are multiples of 4: the gradients of y and of the filter are bound as vec4. */
  readonly vectorB: boolean;
  /** The width of y is no multiple of 4. */
  readonly raggedK: boolean;
}

/** The params of the kernels for the filter's gradient, in order. */
export const filterParams = {
  /** Contiguous elements (tap and channel) of a segment, and channels of a group in y. */
  m: "u32",
  n: "u32",
  /** Width of y: the terms of the innermost sum. */
  k: "u32",
  segments: "u32",
  /** Segments along x: 1 where a segment is a whole row of taps, else the width of the filter. */
  segments_x: "u32",
  /** Lines of all images of y, of which a split sums `lines_split`. */
  lines: "u32",
  lines_split: "u32",
  splits: "u32",
  groups: "u32",
  group_k: "u32",
  in_h: "u32",
  in_w: "u32",
  in_c: "u32",
  out_h: "u32",
  out_c: "u32",
  step_y: "u32",
  step_x: "u32",
  offset_y: "i32",
  offset_x: "i32",
  tap_y: "i32",
  tap_x: "i32",
} as const;

export const filterBindings = ({ vectorA, vectorB }: FilterLayout): string => `
@group(0) @binding(0) var<storage, read> a: array<${element(vectorA)}>;
@group(0) @binding(1) var<storage, read> b: array<${element(vectorB)}>;
@group(0) @binding(2) var<storage, read_write> c: array<${element(vectorB)}>;
${paramsStruct(filterParams)}
@group(0) @binding(3) var<uniform> params: Params;
`;

/** Which tile the number `index` stands for: columns run fastest, then rows of a segment, segments, groups, splits. */
export const filterTile = `
struct Tile {
  row: u32,
  column: u32,
  segment: u32,
  group: u32,
  split: u32,
  line_begin: u32,
  line_end: u32,
  inside: bool,
}
fn tile_of(index: u32, tile_rows: u32, tile_columns: u32) -> Tile {
  let across = (params.n + tile_columns - 1u) / tile_columns;
  let down = (params.m + tile_rows - 1u) / tile_rows;
  let plane = index / (across * down);
  let split = plane / (params.segments * params.groups);
  var tile: Tile;
  tile.row = ((index / across) % down) * tile_rows;
  tile.column = (index % across) * tile_columns;
  tile.segment = plane % params.segments;
  tile.group = (plane / params.segments) % params.groups;
  tile.split = split;
  tile.line_begin = min(split * params.lines_split, params.lines);
  tile.line_end = min(tile.line_begin + params.lines_split, params.lines);
  tile.inside = split < params.splits;
  return tile;
}
`;

/**
 * `line_of(tile, line)`: where the line of x that meets line number \`line\` of y begins, and in y whether it exists.
 * `start_of(tile)`: where in it the segment begins for the first pixel of y (wrapping below 0). `load_a(start, row)` with row = (line,
 * place in the segment, length of the line): four elements of the segment, 0 outside of the line. `columns_of`, `load_b` and
 * `place_of(tile, row)`, where the row of the result begins: in elements.
 */
export function filterLoads({ vectorA, vectorB }: FilterLayout): string {
  const unit = vectorA ? 4 : 1;
  const load = vectorA
    ? `
  let at = start + row.y;
  let inside = at < row.z;
  return select(vec4<f32>(), a[select(0u, row.x + at, inside)], inside);`
    : `
  let at = start + row.y + vec4<u32>(0u, 1u, 2u, 3u);
  let inside = at < vec4<u32>(row.z);
  let index = select(vec4<u32>(), row.x + at, inside);
  return select(vec4<f32>(), vec4<f32>(a[index.x], a[index.y], a[index.z], a[index.w]), inside);`;
  return `
fn line_of(tile: Tile, line: u32) -> vec2<u32> {
  let ky = i32(tile.segment / params.segments_x);
  let y = u32(i32((line % params.out_h) * params.step_y) + params.offset_y + ky * params.tap_y);
  let start = ((line / params.out_h) * params.in_h + y) * (params.in_w * params.in_c / ${unit}u);
  return vec2<u32>(start, select(0u, 1u, y < params.in_h));
}
fn start_of(tile: Tile) -> u32 {
  let x = u32(params.offset_x + i32(tile.segment % params.segments_x) * params.tap_x);
  return x * (params.in_c / ${unit}u) + tile.group * (params.group_k / ${unit}u);
}
fn load_a(start: u32, row: vec3<u32>) -> vec4<f32> {${load}
}
${
  vectorB
    ? "fn load_b(start: u32, column: vec2<u32>) -> vec4<f32> { return b[start + column.x]; }"
    : `fn load_b(start: u32, column: vec2<u32>) -> vec4<f32> {
  return vec4<f32>(${[0, 1, 2, 3].map((i) => `b[start + min(column.x + ${i}u, column.y)]`).join(", ")});
}`
}
fn columns_of(group: u32, column: u32) -> vec2<u32> {
  let first = group * params.n;
${
  vectorB
    ? "  return vec2<u32>((first + min(column, params.n - 4u)) / 4u, 0u);"
    : "  return vec2<u32>(first + column, first + params.n - 1u);"
}
}
fn place_of(tile: Tile, row: u32) -> u32 {
  return ((tile.split * params.segments + tile.segment) * params.m + row) * params.out_c + tile.group * params.n;
}
`;
}
