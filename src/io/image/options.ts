import { check, checkOptions } from "../../errors.ts";

/** Pixels of an image: 4 bytes each (red, green, blue, alpha not multiplied in), row by row from the top. `ImageData` is one. */
export interface PixelData {
  readonly data: Uint8ClampedArray | Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** A rectangle of an image in whole pixels, from the upper left corner. */
export interface Crop {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface ImageReaderOptions {
  /** [height, width] of what comes out. */
  readonly size: readonly [number, number];
  /** 1: grey, 0.299 R + 0.587 G + 0.114 B of the stored values (Rec. ITU-R BT.601); 3: RGB, the default; 4: RGBA. */
  readonly channels?: 1 | 3 | 4;
  /** Images that the buffer holds. Default 1. */
  readonly batch?: number;
  /**
   * How the image is resized. `nearest` takes the pixel at the centre; `bilinear`, the default, interpolates between the 4 around it
   * (pixel centres at ½, edges repeated); `area` takes the mean of the pixels beneath, which loses nothing when an image gets much smaller.
   */
  readonly filter?: "nearest" | "bilinear" | "area";
  /** What is read of the image. Default: all. Pixels outside never count. */
  readonly crop?: Crop;
  /** `fill`, the default, stretches; `cover` keeps the shape of things, and reads the largest part in the middle that has the shape of `size`. */
  readonly fit?: "fill" | "cover";
  /** What comes out is (value · scale − mean) / std, with values from 0 to 1. Default 1; 255 gives the bytes; −1 with mean −1 inverts. */
  readonly scale?: number;
  /** One number, or one for each channel. Default 0. */
  readonly mean?: number | readonly number[];
  /** One number, or one for each channel. Default 1. */
  readonly std?: number | readonly number[];
  /**
   * What lies beneath an image that lets it through: [red, green, blue], or one grey, from 0 to 1. Each pixel is blended before it is
   * resized. Without it, colours are those of the image as if it were opaque, with alpha as the fourth channel.
   */
  readonly background?: number | readonly [number, number, number];
}

/** Options that were checked, with everything in its place. Values are counted from 0 to 255. */
export interface ReadSpec {
  readonly height: number;
  readonly width: number;
  readonly channels: 1 | 3 | 4;
  readonly batch: number;
  readonly filter: "nearest" | "bilinear" | "area";
  readonly crop: Crop | undefined;
  readonly fit: "fill" | "cover";
  readonly factor: readonly number[];
  readonly shift: readonly number[];
  /** From 0 to 255. */
  readonly background: readonly number[] | undefined;
}

/** So that places, computed in 32 bits, never overflow. */
export const MAX_SIDE = 16384;

/** Workgroups that a dispatch has in one dimension. */
export const MAX_TILES = 65535;

export const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) > 0;
const isNumber = (value: unknown): value is number => Number.isFinite(value);

const OPTIONS = ["size", "channels", "batch", "filter", "crop", "fit", "scale", "mean", "std", "background"];

/** @throws UnrollError `argument`, `name`, `shape` */
export function readSpec(name: string, options: ImageReaderOptions): ReadSpec {
  checkOptions(name, options, OPTIONS);
  const { size, channels = 3, batch = 1, filter = "bilinear", fit = "fill", crop, scale = 1, mean = 0, std = 1, background } = options;
  checkSize(name, size);
  check(channels === 1 || channels === 3 || channels === 4, "argument", () => `${name}: channels must be 1, 3 or 4, not ${channels}`);
  check(isCount(batch), "argument", () => `${name}: batch must be a whole number from 1, not ${batch}`);
  checkWord(name, "filter", filter, ["nearest", "bilinear", "area"]);
  checkWord(name, "fit", fit, ["fill", "cover"]);
  if (crop !== undefined) checkCrop(name, crop);
  check(isNumber(scale) && scale !== 0, "argument", () => `${name}: scale must be a number that is not 0, not ${scale}`);
  const means = perChannel(name, "mean", mean, channels);
  const stds = perChannel(name, "std", std, channels);
  check(!stds.includes(0), "argument", () => `${name}: std must not be 0, but is ${format(std)}`);
  return {
    height: size[0],
    width: size[1],
    channels,
    batch,
    filter,
    fit,
    crop,
    factor: stds.map((s) => scale / 255 / s),
    shift: stds.map((s, c) => 0 - means[c] / s),
    background: background === undefined ? undefined : blendColor(name, background, channels),
  };
}

export function checkSize(name: string, size: unknown): asserts size is readonly [number, number] {
  check(
    Array.isArray(size) && size.length === 2 && size.every((n) => isCount(n) && n <= MAX_SIDE),
    "shape",
    () => `${name}: size must be [height, width] with whole numbers from 1 to ${MAX_SIDE}, not ${format(size)}`,
  );
}

export function checkWord<T extends string>(name: string, option: string, value: T, words: readonly T[]): void {
  check(
    words.includes(value),
    "argument",
    () => `${name}: ${option} must be ${words.map((word) => `"${word}"`).join(" or ")}, not ${format(value)}`,
  );
}

function checkCrop(name: string, crop: Crop): void {
  const { x, y, width, height } = crop ?? {};
  const isPlace = (n: unknown) => Number.isSafeInteger(n) && (n as number) >= 0;
  check(
    isPlace(x) && isPlace(y) && isCount(width) && isCount(height),
    "argument",
    () => `${name}: crop must be { x, y, width, height } in whole pixels, width and height from 1, not ${format(crop)}`,
  );
}

function perChannel(name: string, option: string, value: number | readonly number[], channels: number): readonly number[] {
  const values = Array.isArray(value) ? (value as readonly number[]) : new Array<number>(channels).fill(value as number);
  check(
    values.length === channels && values.every(isNumber),
    "argument",
    () => `${name}: ${option} must be a number or ${channels} numbers, one for each channel, not ${format(value)}`,
  );
  return values;
}

function blendColor(name: string, color: number | readonly number[], channels: number): readonly number[] {
  check(channels !== 4, "argument", () => `${name}: with a background there is no alpha left: channels must be 1 or 3, not 4`);
  return rgb(name, "background", color).map((part) => 255 * part);
}

/** Three numbers from 0 to 1, which may be given as one. */
export function rgb(name: string, option: string, color: unknown): readonly number[] {
  const parts = Array.isArray(color) ? (color as readonly number[]) : [color, color, color];
  check(
    parts.length === 3 && parts.every((part): part is number => isNumber(part) && part >= 0 && part <= 1),
    "argument",
    () => `${name}: ${option} must be a number or [red, green, blue], each from 0 to 1, not ${format(color)}`,
  );
  return parts as readonly number[];
}

export function format(value: unknown): string {
  if (typeof value === "function" || typeof value === "symbol") return typeof value;
  try {
    return JSON.stringify(value, (_, part) => (typeof part === "number" && !Number.isFinite(part) ? String(part) : part)) ?? String(value);
  } catch {
    return String(value);
  }
}

/**
 * What is read of an image of this size.
 * @throws UnrollError `argument` when the crop lies outside.
 */
export function cropOf(
  name: string,
  spec: ReadSpec,
  crop: Crop | undefined,
  image: { readonly width: number; readonly height: number },
): Crop {
  const chosen = crop ?? spec.crop;
  if (crop !== undefined) checkCrop(name, crop);
  const all = chosen ?? { x: 0, y: 0, width: image.width, height: image.height };
  check(
    all.x + all.width <= image.width && all.y + all.height <= image.height,
    "argument",
    () =>
      `${name}: the crop spans x from ${all.x} to ${all.x + all.width} and y from ${all.y} to ${all.y + all.height}, but the image has ${image.width} × ${image.height} pixels`,
  );
  if (spec.fit === "fill") return { x: all.x, y: all.y, width: all.width, height: all.height };
  const width = Math.min(all.width, Math.max(1, Math.round((all.height * spec.width) / spec.height)));
  const height = Math.min(all.height, Math.max(1, Math.round((all.width * spec.height) / spec.width)));
  return { x: all.x + Math.floor((all.width - width) / 2), y: all.y + Math.floor((all.height - height) / 2), width, height };
}
