import { check, checkOptions } from "../../errors.ts";
import { type ColorMap, checkColors, greyColors } from "./colors.ts";
import { checkWord, format, isCount, MAX_SIDE, MAX_TILES, rgb } from "./options.ts";

export interface ImageWriterOptions {
  /** Of the tensor: [height, width], [height, width, channels] or [images, height, width, channels]. */
  readonly shape: readonly number[];
  /**
   * What is drawn side by side: all images of the tensor, or all channels of one, each in the colours of the map. Without it, one image is
   * drawn. (The filters of a convolution, [height, width, in, out], are the channels of [height, width, in · out].)
   */
  readonly tiles?: "images" | "channels";
  /** Tiles in a row. Default: about as many as rows. */
  readonly columns?: number;
  /** Pixels between tiles. Default 1. */
  readonly gap?: number;
  /** Pixels of the picture for each value, along each side. Default 1. */
  readonly zoom?: number;
  /**
   * The values that are drawn with the first and the last colour. Default [0, 1]. `"auto"` takes the smallest and the largest of each tile,
   * `"symmetric"` the largest magnitude of each, with 0 in the middle; both are found on the GPU.
   */
  readonly range?: readonly [number, number] | "auto" | "symmetric";
  /** Colours for single channels. Default: from black to white. See viridis and diverging. */
  readonly colors?: ColorMap;
  /** What lies between tiles: [red, green, blue], or one grey, from 0 to 1. Default: nothing, the page shows through. */
  readonly background?: number | readonly [number, number, number];
}

export interface DrawOptions {
  /** Which image of the tensor; with tiles of images, the first. Default 0. */
  readonly index?: number;
  /** Draws one channel in the colours of the map, instead of three or four as a colour. */
  readonly channel?: number;
}

/** Options that were checked. */
export interface WriteSpec {
  readonly images: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly tiles: "images" | "channels" | undefined;
  readonly columns: number | undefined;
  readonly gap: number;
  readonly zoom: number;
  readonly range: readonly [number, number] | "auto" | "symmetric";
  readonly colors: ColorMap;
  /** Red, green, blue, alpha. */
  readonly background: readonly number[];
}

const OPTIONS = ["shape", "tiles", "columns", "gap", "zoom", "range", "colors", "background"];

/** @throws UnrollError `argument`, `shape`, `name` */
export function writeSpec(name: string, options: ImageWriterOptions): WriteSpec {
  checkOptions(name, options, OPTIONS);
  const { shape, tiles, columns, gap = 1, zoom = 1, range = [0, 1], colors = greyColors, background } = options;
  check(
    Array.isArray(shape) && shape.length >= 2 && shape.length <= 4 && shape.every(isCount),
    "shape",
    () => `${name}: shape must be [height, width], [height, width, channels] or [images, height, width, channels], not ${format(shape)}`,
  );
  const [images, height, width, channels] = shape.length === 4 ? shape : [1, shape[0], shape[1], shape[2] ?? 1];
  if (tiles !== undefined) checkWord(name, "tiles", tiles, ["images", "channels"]);
  check(
    columns === undefined || isCount(columns),
    "argument",
    () => `${name}: columns must be a whole number from 1, not ${format(columns)}`,
  );
  check(gap === 0 || isCount(gap), "argument", () => `${name}: gap must be a whole number of pixels, not ${format(gap)}`);
  check(isCount(zoom), "argument", () => `${name}: zoom must be a whole number from 1, not ${format(zoom)}`);
  check(
    range === "auto" ||
      range === "symmetric" ||
      (Array.isArray(range) && range.length === 2 && range.every(Number.isFinite) && range[0] !== range[1]),
    "argument",
    () => `${name}: range must be [low, high] with different numbers, "auto" or "symmetric", not ${format(range)}`,
  );
  return {
    images,
    height,
    width,
    channels,
    tiles,
    columns,
    gap,
    zoom,
    range,
    colors: checkColors(name, colors),
    background: background === undefined ? [0, 0, 0, 0] : [...rgb(name, "background", background), 1],
  };
}

/** What one call draws. Strides and places are in elements of the tensor. */
export interface Drawing {
  readonly colors: "map" | "rgb" | "rgba";
  readonly tiles: number;
  readonly columns: number;
  readonly first: number;
  readonly tileStride: number;
  readonly pixelStride: number;
  /** Of the picture. */
  readonly width: number;
  readonly height: number;
}

/** @throws UnrollError `argument`, `limit` */
export function drawingOf(name: string, spec: WriteSpec, options: DrawOptions): Drawing {
  checkOptions(name, options, ["index", "channel"]);
  const { index = 0, channel } = options;
  const { images, channels, height, width } = spec;
  const among = (value: unknown, count: number) => value === 0 || (isCount(value) && value < count);
  check(among(index, images), "argument", () => `${name}: index must be a whole number from 0 to ${images - 1}, not ${format(index)}`);
  check(
    channel === undefined || among(channel, channels),
    "argument",
    () => `${name}: channel must be a whole number from 0 to ${channels - 1}, not ${format(channel)}`,
  );
  const image = height * width * channels;
  const first = index * image;
  if (spec.tiles === "channels") {
    check(channel === undefined, "argument", () => `${name}: all channels are drawn as tiles: there is none to choose`);
    return layOut(name, spec, { colors: "map", tiles: channels, first, tileStride: 1, pixelStride: channels });
  }
  const mapped = channels === 1 || channel !== undefined;
  check(
    mapped || channels === 3 || channels === 4,
    "argument",
    () => `${name}: ${channels} channels are no colour: choose a channel, or make the writer with tiles: "channels"`,
  );
  const colors = mapped ? "map" : channels === 3 ? "rgb" : "rgba";
  const tiles = spec.tiles === "images" ? images - index : 1;
  return layOut(name, spec, { colors, tiles, first: first + (channel ?? 0), tileStride: image, pixelStride: channels });
}

function layOut(name: string, spec: WriteSpec, what: Omit<Drawing, "columns" | "width" | "height">): Drawing {
  const { gap, zoom } = spec;
  check(what.tiles <= MAX_TILES, "limit", () => `${name}: ${what.tiles} tiles are more than the ${MAX_TILES} that can be drawn at once`);
  const columns = Math.min(what.tiles, spec.columns ?? Math.ceil(Math.sqrt(what.tiles)));
  const width = columns * (spec.width * zoom + gap) - gap;
  const height = Math.ceil(what.tiles / columns) * (spec.height * zoom + gap) - gap;
  check(
    width <= MAX_SIDE && height <= MAX_SIDE,
    "limit",
    () => `${name}: the picture would have ${width} × ${height} pixels; the most is ${MAX_SIDE} a side`,
  );
  return { ...what, columns, width, height };
}
