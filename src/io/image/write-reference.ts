import type { Drawing, WriteSpec } from "./write-options.ts";

/** What a writer makes of values, in f64: the formula of shaders/image_draw.wgsl.ts, to be read beside it. 4 bytes a pixel, alpha not multiplied in. */
export function drawPixels(values: ArrayLike<number>, spec: WriteSpec, drawing: Drawing): Uint8ClampedArray<ArrayBuffer> {
  const { colors, columns, tiles, first, tileStride, pixelStride, width, height } = drawing;
  const { zoom, gap, background } = spec;
  const result = new Uint8ClampedArray(4 * width * height);
  const ranges = Array.from({ length: tiles }, (_, tile) => rangeOf(values, spec, drawing, tile));
  const colorAt = (x: number, y: number): readonly number[] => {
    const pitch = [spec.width * zoom + gap, spec.height * zoom + gap];
    const tile = Math.floor(y / pitch[1]) * columns + Math.floor(x / pitch[0]);
    const column = Math.floor((x % pitch[0]) / zoom);
    const row = Math.floor((y % pitch[1]) / zoom);
    if (tile >= tiles || column >= spec.width || row >= spec.height) return background;
    const element = first + tile * tileStride + (row * spec.width + column) * pixelStride;
    const [low, high] = ranges[tile];
    const part = (c: number) => Math.min(1, Math.max(0, (values[element + c] - low) / (high - low)));
    if (colors === "rgb") return [part(0), part(1), part(2), 1];
    if (colors === "rgba") return [part(0), part(1), part(2), part(3)];
    const place = part(0) * (spec.colors.length - 1);
    const stop = Math.floor(place);
    const next = Math.min(stop + 1, spec.colors.length - 1);
    return [...spec.colors[stop].map((value, c) => value + (spec.colors[next][c] - value) * (place - stop)), 1];
  };
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      result.set(
        colorAt(x, y).map((part) => Math.floor(255 * part + 0.5)),
        4 * (y * width + x),
      );
  return result;
}

function rangeOf(values: ArrayLike<number>, spec: WriteSpec, drawing: Drawing, tile: number): readonly [number, number] {
  if (Array.isArray(spec.range)) return spec.range as readonly [number, number];
  let [low, high] = [Infinity, -Infinity];
  for (let i = 0; i < spec.height * spec.width; i++) {
    // a colour has a range over all its parts
    for (let c = 0; c < (drawing.colors === "map" ? 1 : drawing.pixelStride); c++) {
      const value = values[drawing.first + tile * drawing.tileStride + i * drawing.pixelStride + c];
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  if (spec.range === "symmetric") {
    high = Math.max(Math.abs(low), Math.abs(high));
    low = 0 - high;
  }
  return low === high ? [low, low + Math.max(1, Math.abs(low))] : [low, high];
}
