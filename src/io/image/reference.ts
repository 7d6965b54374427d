import type { Crop, PixelData, ReadSpec } from "./options.ts";

type Texel = readonly [red: number, green: number, blue: number, alpha: number];

/**
 * What a reader makes of pixels, in f64: the formula of shaders/image_read.wgsl.ts, to be read beside it. Gives [height, width, channels].
 */
export function readPixels({ data, width }: PixelData, crop: Crop, spec: ReadSpec): Float64Array {
  const { channels, background } = spec;
  const texel = (x: number, y: number): Texel => {
    const at = 4 * ((crop.y + y) * width + crop.x + x);
    const [red, green, blue, alpha] = data.subarray(at, at + 4);
    if (!background) return [red, green, blue, alpha];
    const part = alpha / 255;
    const over = (value: number, c: number) => value * part + background[c] * (1 - part);
    return [over(red, 0), over(green, 1), over(blue, 2), alpha];
  };
  const rows = taps(crop.height, spec.height, spec.filter);
  const columns = taps(crop.width, spec.width, spec.filter);
  const result = new Float64Array(spec.height * spec.width * channels);
  rows.forEach((row, i) => {
    columns.forEach((column, j) => {
      const sum = [0, 0, 0, 0];
      for (const [y, wy] of row)
        for (const [x, wx] of column)
          texel(x, y).forEach((value, c) => {
            sum[c] += wx * wy * value;
          });
      const values = channels === 1 ? [0.299 * sum[0] + 0.587 * sum[1] + 0.114 * sum[2]] : sum.slice(0, channels);
      values.forEach((value, c) => {
        result[(i * spec.width + j) * channels + c] = value * spec.factor[c] + spec.shift[c];
      });
    });
  });
  return result;
}

/** For each of `size` outputs, the places among `crop` inputs that it is made of, with their weights. */
export function taps(
  crop: number,
  size: number,
  filter: ReadSpec["filter"],
): readonly (readonly (readonly [place: number, weight: number])[])[] {
  return Array.from({ length: size }, (_, i) => {
    if (filter === "nearest") return [[Math.floor(((2 * i + 1) * crop) / (2 * size)), 1]];
    if (filter === "bilinear") {
      const place = Math.max(0, ((2 * i + 1) * crop - size) / (2 * size));
      const first = Math.floor(place);
      return [
        [first, 1 - (place - first)],
        [Math.min(first + 1, crop - 1), place - first],
      ];
    }
    const from = (i * crop) / size;
    const to = ((i + 1) * crop) / size;
    const first = Math.floor((i * crop) / size);
    const places = Array.from({ length: Math.ceil(to) - first }, (_, k) => first + k);
    return places.map((place) => [place, ((Math.min(to, place + 1) - Math.max(from, place)) * size) / crop]);
  });
}
