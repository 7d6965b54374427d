import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { imageTilesLibrary } from "./lib/image-tiles.wgsl.ts";

export interface ImageDrawOptions {
  /** Values of one channel go through a map of colours; three and four are colours themselves. */
  readonly colors: "map" | "rgb" | "rgba";
  /** For a canvas whose pixels are premultiplied by alpha. */
  readonly premultiplied: boolean;
}

/**
 * Draws tiles of values[…, height, width, channels] in a grid of `columns`, `gap` pixels apart, each value `zoom` × `zoom` pixels.
 *
 *     t = clamp((value − low) / (high − low), 0, 1), [low, high] = ranges[0], or ranges[tile] of the tile's own
 *     map: colour = the stops at t·(stops − 1), linear between neighbours; rgb and rgba: colour = t
 *
 * Tile n begins at element `first + n·tile_stride`, and its pixels are `pixel_stride` elements apart. What lies between and behind the
 * tiles is `background`, the last of the stops. Colours are rounded to 8 bits here, half up, because the rounding of a render target is
 * the driver's.
 *
 * A vertex stage of one triangle over the whole target; the fragment stage is one invocation a pixel. Cost: one value and two stops,
 * or 3 or 4 values, a pixel.
 */
export const imageDrawShader = ({ colors, premultiplied }: ImageDrawOptions) => wgsl`
${imageTilesLibrary}
@group(0) @binding(0) var<storage, read> values: array<f32>;
@group(0) @binding(1) var<storage, read> stops: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> ranges: array<vec2<f32>>;
@group(0) @binding(3) var<uniform> params: Params;

@vertex
fn corner(@builtin(vertex_index) i: u32) -> @builtin(position) vec4<f32> {
  return vec4<f32>(f32(i & 1u) * 4.0 - 1.0, f32(i >> 1u) * 4.0 - 1.0, 0.0, 1.0);
}

fn part(element: u32, range: vec2<f32>) -> f32 {
  return clamp((values[element] - range.x) / (range.y - range.x), 0.0, 1.0);
}

fn color_at(at: vec2<u32>) -> vec4<f32> {
  let pitch = vec2<u32>(params.width, params.height) * params.zoom + vec2<u32>(params.gap);
  let cell = at / pitch;
  let pixel = (at % pitch) / params.zoom;
  let tile = cell.y * params.columns + cell.x;
  if (cell.x >= params.columns || tile >= params.tiles || pixel.x >= params.width || pixel.y >= params.height) {
    return params.background;
  }
  let element = params.first + tile * params.tile_stride + (pixel.y * params.width + pixel.x) * params.pixel_stride;
  let range = ranges[min(tile, params.ranges - 1u)];
#if ${colors === "map"}
  let place = part(element, range) * f32(params.stops - 1u);
  let stop = min(u32(place), params.stops - 1u);
  let next = min(stop + 1u, params.stops - 1u);
  return mix(stops[stop], stops[next], place - f32(stop));
#elif ${colors === "rgb"}
  return vec4<f32>(part(element, range), part(element + 1u, range), part(element + 2u, range), 1.0);
#else
  return vec4<f32>(part(element, range), part(element + 1u, range), part(element + 2u, range), part(element + 3u, range));
#endif
}

@fragment
fn paint(@builtin(position) position: vec4<f32>) -> @location(0) vec4<f32> {
  let color = color_at(vec2<u32>(position.xy));
#if ${premultiplied}
  return vec4<f32>(color.rgb * color.a, color.a);
#else
  return floor(color * 255.0 + 0.5) / 255.0;
#endif
}
`;
