import { describe, expect, test } from "vitest";
import { createImageReader, createImageWriter, Engine, type ImageReaderOptions, type PixelData, UnrollError } from "../../src/index.ts";

const engine = await Engine.create({ reference: true });
const wrong = (value: unknown) => value as never;

/** One row of grey pixels. */
const row = (...values: number[]): PixelData => ({
  data: Uint8Array.from(values.flatMap((value) => [value, value, value, 255])),
  width: values.length,
  height: 1,
});

async function read(options: ImageReaderOptions, image: PixelData): Promise<number[]> {
  const reader = await createImageReader(engine, { scale: 255, ...options });
  return Array.from(reader.read(image) as Float32Array, (value) => Math.round(1e4 * value) / 1e4);
}

describe("images, by hand", () => {
  test.each([
    ["nearest, smaller: the pixel at the centre", { size: [1, 2], filter: "nearest" }, [10, 20, 30, 40, 50, 60], [20, 50]],
    ["nearest, larger", { size: [1, 4], filter: "nearest" }, [10, 90], [10, 10, 90, 90]],
    ["bilinear, larger: centres at a half, edges repeated", { size: [1, 4], filter: "bilinear" }, [0, 100], [0, 25, 75, 100]],
    ["bilinear, smaller", { size: [1, 2], filter: "bilinear" }, [0, 10, 20, 30], [5, 25]],
    ["area: the mean beneath", { size: [1, 2], filter: "area" }, [0, 10, 20, 70, 80, 90], [10, 80]],
    ["area, cutting pixels in two", { size: [1, 2], filter: "area" }, [30, 60, 90], [40, 80]],
    ["a crop", { size: [1, 2], filter: "nearest", crop: { x: 1, y: 0, width: 2, height: 1 } }, [1, 2, 3, 4], [2, 3]],
    ["cover: the middle", { size: [1, 2], filter: "nearest", fit: "cover" }, [1, 2, 3, 4], [2, 3]],
    ["(value · scale − mean) / std", { size: [1, 1], scale: 1, mean: 0.2, std: 0.5 }, [255], [1.6]],
    ["inverted", { size: [1, 2], scale: -1, mean: -1, filter: "nearest" }, [0, 255], [1, 0]],
  ] as const)("%s", async (_, options, values, expected) => {
    expect(await read({ channels: 1, ...options } as ImageReaderOptions, row(...values))).toEqual(expected);
  });

  test("channels: grey by Rec. 601, RGB, RGBA; blended over a background", async () => {
    const image = { data: Uint8Array.of(200, 100, 50, 51), width: 1, height: 1 };
    expect(await read({ size: [1, 1], channels: 1 }, image)).toEqual([124.2]); // 59.8 + 58.7 + 5.7
    expect(await read({ size: [1, 1] }, image)).toEqual([200, 100, 50]);
    expect(await read({ size: [1, 1], channels: 4 }, image)).toEqual([200, 100, 50, 51]);
    // a fifth of it, and four fifths of the background
    expect(await read({ size: [1, 1], background: [0, 1, 0.5] }, image)).toEqual([40, 224, 112]);
  });
});

const reader = await createImageReader(engine, { size: [2, 2], batch: 2 });
const disposed = await createImageReader(engine, { size: [2, 2] });
disposed.dispose();
const writer = await createImageWriter(engine, { shape: [2, 4, 3, 5] });
const make = (options: object) => () => createImageReader(engine, wrong({ size: [2, 2], ...options }));
const draw = (options: object) => () => createImageWriter(engine, wrong({ shape: [2, 4, 3, 5], ...options }));
const pixels = row(1, 2, 3, 4);

const table: readonly (readonly [what: string, work: () => unknown, code: string, message: RegExp])[] = [
  ["no engine", () => createImageReader(wrong(undefined), { size: [1, 1] }), "argument", /the first argument must be an Engine/],
  ["no options", () => createImageReader(engine, wrong(undefined)), "argument", /createImageReader: options must be an object/],
  ["an unknown option", make({ width: 3 }), "name", /there is no option "width"/],
  ["no size", make({ size: undefined }), "shape", /size must be \[height, width\]/],
  ["a size of nothing", make({ size: [0, 2] }), "shape", /whole numbers from 1 to 16384, not \[0,2\]/],
  ["a size of one number", make({ size: 28 }), "shape", /size must be \[height, width\]/],
  ["a size too large", make({ size: [1, 16385] }), "shape", /not \[1,16385\]/],
  ["two channels", make({ channels: 2 }), "argument", /channels must be 1, 3 or 4, not 2/],
  ["a batch of none", make({ batch: 0 }), "argument", /batch must be a whole number from 1, not 0/],
  ["a filter that is none", make({ filter: "cubic" }), "argument", /filter must be "nearest" or "bilinear" or "area", not "cubic"/],
  ["a fit that is none", make({ fit: "contain" }), "argument", /fit must be "fill" or "cover"/],
  ["a scale of 0", make({ scale: 0 }), "argument", /scale must be a number that is not 0/],
  ["a mean that is none", make({ mean: Number.NaN }), "argument", /mean must be a number or 3 numbers/],
  ["too few means", make({ mean: [1, 2] }), "argument", /mean must be a number or 3 numbers, one for each channel, not \[1,2\]/],
  ["a deviation of 0", make({ std: [1, 0, 1] }), "argument", /std must not be 0, but is \[1,0,1\]/],
  ["a background too bright", make({ background: 255 }), "argument", /background must be .* each from 0 to 1, not 255/],
  ["a background beneath alpha", make({ background: 0, channels: 4 }), "argument", /there is no alpha left: channels must be 1 or 3/],
  ["a crop without height", make({ crop: { x: 0, y: 0, width: 2 } }), "argument", /crop must be { x, y, width, height }/],
  ["a crop outside", () => reader.read(pixels, { crop: { x: 3, y: 0, width: 2, height: 1 } }), "argument", /spans x from 3 to 5/],
  ["a place that is none", () => reader.read(pixels, { index: 0.5 }), "argument", /index must be a whole number from 0 to 1, not 0.5/],
  ["tiles of none", () => reader.read(pixels, { tiles: [0, 1] }), "argument", /tiles must be \[rows, columns\], whole numbers from 1/],
  ["tiles that do not divide", () => reader.read(pixels, { tiles: [1, 3] }), "argument", /do not divide into 3 × 1/],
  ["more tiles than a dispatch reads", () => reader.read(pixels, { tiles: [300, 300] }), "limit", /more than the 65535/],
  ["no image", () => reader.read(wrong(undefined)), "argument", /the image must be an ImageBitmap, .*, not undefined/],
  ["too few bytes", () => reader.read({ ...pixels, height: 2 }), "size", /4 × 2 pixels has 32 bytes, not 16/],
  [
    "floats",
    () => reader.read(wrong({ ...pixels, data: new Float32Array(16) })),
    "argument",
    /must be a Uint8ClampedArray, not Float32Array/,
  ],
  ["a disposed reader", () => disposed.read(pixels), "disposed", /the reader was disposed/],
  ["a shape of one number", draw({ shape: [3] }), "shape", /shape/],
  ["a range of one number", draw({ range: 3 }), "argument", /range/],
  ["a range of nothing", draw({ range: [1, 1] }), "argument", /range/],
  ["one colour", draw({ colors: [[0, 0, 0]] }), "argument", /colors must be a list of 2 to 1024 colours/],
  ["a colour too bright", draw({ colors: [0, [0, 0, 2]] }), "argument", /colors\[0\] must be \[red, green, blue\]/],
  ["a zoom of 0", draw({ zoom: 0 }), "argument", /zoom/],
  ["a gap below 0", draw({ gap: -1 }), "argument", /gap/],
  ["tiles of something else", draw({ tiles: "rows" }), "argument", /tiles must be/],
  ["too few values", () => writer.pixels(new Float32Array(7)), "size", /\[2, 4, 3, 5\] has 120 values, not 7/],
  ["values of another type", () => writer.pixels(wrong(new Float64Array(120))), "dtype", /must be f32/],
  ["no values", () => writer.pixels(wrong(undefined)), "argument", /the values must be a Float32Array, a GPUBuffer/],
  ["an image behind the last", () => writer.pixels(new Float32Array(120), { index: 2 }), "argument", /index/],
  ["a channel behind the last", () => writer.pixels(new Float32Array(120), { channel: 5 }), "argument", /channel/],
  [
    "no canvas",
    () => writer.draw(new Float32Array(120), wrong({}), { channel: 0 }),
    "argument",
    /must be an HTMLCanvasElement or an OffscreenCanvas/,
  ],
];

describe("misuse of images", () => {
  test.each(table)("%s", async (_, work, code, message) => {
    const error = await (async () => work())().then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(UnrollError);
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
  });
});
