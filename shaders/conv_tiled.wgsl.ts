import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { type GatherLayout, gatherBindings, gatherLoads, gatherStore, gatherTile } from "./lib/conv.wgsl.ts";
import { gridLibrary } from "./lib/grid.wgsl.ts";
import type { Epilogue } from "./lib/matmul.wgsl.ts";
import { each } from "./lib/matmul-step.wgsl.ts";
import { TERMS, tileMemory, tileProducts, tileSlot } from "./lib/tile64.wgsl.ts";

export interface ConvTiledOptions {
  readonly layout: GatherLayout;
  readonly epilogue: Epilogue;
}

/**
 * The convolution of conv_gather, and the gradient of its input, through workgroup memory, for real GPUs: an implicit matrix product of
 * pixels × channels. Shapes and splits as there.
 *
 * A workgroup of 16 × 16 invocations computes 64 pixels × 64 channels. Within each segment it takes 8 terms at a time: each
 * invocation loads four terms of its pixel, or four channels of its term of the filter, into 4 KiB of workgroup memory, then adds
 * 4 × 4 products per term to its sums.
 * Cost: 32 multiply-adds for each element loaded from memory, 8 for each vec4 read from workgroup memory.
 */
export function convTiled({ layout, epilogue }: ConvTiledOptions): string {
  const [unitA, unitB] = [layout.vectorA ? 4 : 1, layout.vectorB ? 4 : 1];
  return wgsl`
${gatherBindings(layout, epilogue.bias)}
${gridLibrary}
${gatherTile}
${gatherStore(layout, epilogue)}
${gatherLoads(layout)}
${tileMemory}
// Image, line and column of a pixel of a phase.
fn pixel_at(row: u32) -> vec3<u32> {
  let line = row / params.plane_w;
  return vec3<u32>(line / params.plane_h, line % params.plane_h, row % params.plane_w);
}
@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let tile = tile_of(linear_workgroup(workgroup, workgroups), 64u, 64u);
  if (!tile.inside) { return; }
  let x = local % 16u;
  let y = local / 16u;
  let number = local % 128u;
  let length = params.source_w * params.source_c / ${unitA}u;
  let pixel = pixel_at(min(tile.row + number / 2u, params.m - 1u));
  let loaded = columns_of(tile.group, tile.column + 4u * (number % 16u));
  let up = vec2<i32>(i32(params.up_y), i32(params.up_x));
${each(4, (r) => `  var c${r} = vec4<f32>();`)}
  for (var unit = tile.unit_begin; unit < tile.unit_end; unit += 1u) {
    let segment = unit / params.chunks;
    let shift = vec2<i32>(tile.phase) + vec2<i32>(params.offset_y, params.offset_x) +
      vec2<i32>(i32(segment / params.segments_x) * params.tap_y, i32(segment % params.segments_x) * params.tap_x);
    let whole = shift / up;
    if (any(whole * up != shift)) { continue; }
    let line = pixel.y * params.step_y + u32(whole.x);
    let place = (pixel.z * params.step_x + u32(whole.y)) * (params.source_c / ${unitA}u) + tile.group * (params.group_k / ${unitA}u);
    let row = vec3<u32>((pixel.x * params.source_h + line) * length, place, select(0u, length, line < params.source_h));
    let k_begin = (unit % params.chunks) * params.k_split;
    let k_end = min(k_begin + params.k_split, params.k);
    for (var k = k_begin; k < k_end; k += ${TERMS}u) {
      if (local < 128u) {
        let term = k + 4u * (number % 2u);
        let inside = vec4<u32>(term, term + 1u, term + 2u, term + 3u) < vec4<u32>(k_end);
        tile_a[${tileSlot(true)}] = select(vec4<f32>(), load_a(row, term / ${unitA}u), inside);
      } else {
        let term = k + number / 16u;
        let start = (segment * params.k + min(term, params.k - 1u)) * (params.target_c / ${unitB}u);
        tile_b[${tileSlot(false)}] = select(vec4<f32>(), load_b(start, loaded), term < k_end);
      }
${tileProducts(true, false)}
    }
  }
  let column = tile.column + 4u * x;
  let addends = addend(tile.group * params.n + column);
${each(
  4,
  (r) => `  {
    let row = tile.row + 4u * y + ${r}u;
    let pixel = pixel_at(row);
    let target_y = pixel.y * params.up_y + tile.phase.x;
    let target_x = pixel.z * params.up_x + tile.phase.y;
    if (row < params.m && target_y < params.target_h && target_x < params.target_w) {
      let number = ((tile.split * params.batch + pixel.x) * params.target_h + target_y) * params.target_w + target_x;
      store(number * params.target_c + tile.group * params.n + column, column, c${r}, addends);
    }
  }`,
)}
}
`;
}
