import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { imageTilesLibrary } from "./lib/image-tiles.wgsl.ts";

export interface ImageRangeOptions {
  /** ranges[tile] = [−m, m] with m the largest magnitude, instead of [smallest, largest]. */
  readonly symmetric: boolean;
}

/**
 * ranges[tile] = [smallest, largest] of the values of each tile, for image_draw. Where both are equal, the largest becomes larger, so
 * that nothing is divided by 0.
 *
 * Layout as in image_draw; `depth` values of each pixel count. Workgroup: 64 invocations for one tile, each a stride of 64 pixels, then a tree. Cost: each value once.
 */
export const imageRangeShader = ({ symmetric }: ImageRangeOptions) => wgsl`
${imageTilesLibrary}
@group(0) @binding(0) var<storage, read> values: array<f32>;
@group(0) @binding(1) var<storage, read_write> ranges: array<vec2<f32>>;
@group(0) @binding(2) var<uniform> params: Params;

var<workgroup> parts: array<vec2<f32>, 64>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let begin = params.first + id.x * params.tile_stride;
  let count = params.width * params.height * params.depth;
  var range = vec2<f32>(values[begin]);
  for (var i = lane; i < count; i += 64u) {
    let value = values[begin + i / params.depth * params.pixel_stride + i % params.depth];
    range = vec2<f32>(min(range.x, value), max(range.y, value));
  }
  parts[lane] = range;
  workgroupBarrier();
  for (var half = 32u; half > 0u; half >>= 1u) {
    if (lane < half) {
      let other = parts[lane + half];
      parts[lane] = vec2<f32>(min(parts[lane].x, other.x), max(parts[lane].y, other.y));
    }
    workgroupBarrier();
  }
  if (lane == 0u) {
    var result = parts[0];
#if ${symmetric}
    let most = max(abs(result.x), abs(result.y));
    result = vec2<f32>(-most, most);
#endif
    if (result.x == result.y) {
      result.y = result.x + max(1.0, abs(result.x));
    }
    ranges[id.x] = result;
  }
}
`;
