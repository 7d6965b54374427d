import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";

export interface ImageReadOptions {
  readonly filter: "nearest" | "bilinear" | "area";
  readonly channels: 1 | 3 | 4;
  /** Colours are blended over `params.background` by their alpha, texel by texel. */
  readonly blended: boolean;
  /** The image is an external texture (a frame of a video) in which the crop begins at `params.x`, `params.y`; otherwise a texture that begins with the crop. */
  readonly external: boolean;
}

/** The fields of the uniform, in order, 4 bytes each. */
export const IMAGE_READ_PARAMS = 24;

/**
 * y[offset + (i·width + j)·channels + c] = value · factor[c] + shift[c], where `value`, from 0 to 255, is the crop of an image resampled
 * to height × width. For size `n` of the crop and `m` of the result, along each side:
 *
 *     nearest   the texel ⌊(2i + 1)·n / 2m⌋
 *     bilinear  p = max(0, ((2i + 1)·n − m) / 2m) between the texels ⌊p⌋ and ⌊p⌋ + 1, clamped to the crop
 *     area      the mean over the interval [i·n/m, (i + 1)·n/m]
 *
 * Places are computed in integers, so that no rounding chooses another texel. One channel is grey: 0.299 R + 0.587 G + 0.114 B of the
 * values as they are stored (Rec. ITU-R BT.601). Texels of 8 bits are taken back to the whole numbers that they are.
 *
 * A crop may hold several images side by side, `columns` of them in a row: image number z of them is read by the workgroups with that z.
 *
 * Layout: y is NHWC. Workgroup: 8 × 8 pixels of the result, one invocation each. Cost: 1, 4 or n²/m² texels and `channels` stores a
 * pixel.
 */
export const imageReadShader = ({ filter, channels, blended, external }: ImageReadOptions) => wgsl`
struct Params {
  x: u32,
  y: u32,
  crop_width: u32,
  crop_height: u32,
  source_width: u32,
  source_height: u32,
  width: u32,
  height: u32,
  offset: u32,
  columns: u32,
  unused_1: u32,
  unused_2: u32,
  factor: vec4<f32>,
  shift: vec4<f32>,
  background: vec4<f32>,
}
@group(0) @binding(0) var image: ${external ? "texture_external" : "texture_2d<f32>"};
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<uniform> params: Params;

/** Where the image begins in the texture. */
var<private> origin: vec2<u32>;

fn texel(x: u32, y: u32) -> vec4<f32> {
#if ${external}
  // A texture of another size than the video says is stretched over it.
  let size = textureDimensions(image);
  let at = (vec2<u32>(params.x + x, params.y + y) + origin) * size / vec2<u32>(params.source_width, params.source_height);
  // Colours that sRGB cannot show come with parts below 0 or above 1. Alpha is what fills up the pixels of an opaque frame: nothing.
  let color = clamp(textureLoad(image, min(at, size - vec2<u32>(1u))).rgb, vec3<f32>(0.0), vec3<f32>(1.0));
  let value = vec4<f32>(color * 255.0, 255.0);
#else
  let value = round(textureLoad(image, vec2<u32>(x, y) + origin, 0) * 255.0);
#endif
#if ${blended}
  let part = value.a / 255.0;
  return vec4<f32>(value.rgb * part + params.background.rgb * (1.0 - part), value.a);
#else
  return value;
#endif
}

#if ${filter === "nearest"}
fn sample(i: u32, j: u32) -> vec4<f32> {
  return texel((2u * j + 1u) * params.crop_width / (2u * params.width), (2u * i + 1u) * params.crop_height / (2u * params.height));
}
#elif ${filter === "bilinear"}
/** The place of output i in texels times 2 · size. */
fn place(i: u32, crop: u32, size: u32) -> u32 {
  let at = (2u * i + 1u) * crop;
  return select(0u, at - size, at > size);
}
fn sample(i: u32, j: u32) -> vec4<f32> {
  let px = place(j, params.crop_width, params.width);
  let py = place(i, params.crop_height, params.height);
  let x = px / (2u * params.width);
  let y = py / (2u * params.height);
  let right = min(x + 1u, params.crop_width - 1u);
  let below = min(y + 1u, params.crop_height - 1u);
  let u = f32(px % (2u * params.width)) / f32(2u * params.width);
  let v = f32(py % (2u * params.height)) / f32(2u * params.height);
  let upper = texel(x, y) * (1.0 - u) + texel(right, y) * u;
  let lower = texel(x, below) * (1.0 - u) + texel(right, below) * u;
  return upper * (1.0 - v) + lower * v;
}
#else
/** How much of texel x lies between from and to, all times size. */
fn overlap(x: u32, size: u32, range: vec2<u32>) -> f32 {
  return f32(min(range.y, (x + 1u) * size) - max(range.x, x * size));
}
fn sample(i: u32, j: u32) -> vec4<f32> {
  let columns = vec2<u32>(j, j + 1u) * params.crop_width;
  let rows = vec2<u32>(i, i + 1u) * params.crop_height;
  var total = vec4<f32>(0.0);
  for (var y = rows.x / params.height; y * params.height < rows.y; y++) {
    var line = vec4<f32>(0.0);
    for (var x = columns.x / params.width; x * params.width < columns.y; x++) {
      line += texel(x, y) * overlap(x, params.width, columns);
    }
    total += line / f32(params.crop_width) * overlap(y, params.height, rows);
  }
  return total / f32(params.crop_height);
}
#endif

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= params.width || id.y >= params.height) {
    return;
  }
  origin = vec2<u32>(id.z % params.columns, id.z / params.columns) * vec2<u32>(params.crop_width, params.crop_height);
  let value = sample(id.y, id.x);
  let first = params.offset + ((id.z * params.height + id.y) * params.width + id.x) * ${channels}u;
#if ${channels === 1}
  // Written so that a grey pixel keeps its value to the bit.
  let grey = value.g + 0.299 * (value.r - value.g) + 0.114 * (value.b - value.g);
  y[first] = grey * params.factor.x + params.shift.x;
#else
  let result = value * params.factor + params.shift;
  y[first] = result.r;
  y[first + 1u] = result.g;
  y[first + 2u] = result.b;
#endif
#if ${channels === 4}
  y[first + 3u] = result.a;
#endif
}
`;
