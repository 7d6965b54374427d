import { input } from "../../../src/graph/tensor.ts";
import { createImageReader, type ImageReaderOptions, type ImageSource, type PixelData } from "../../../src/io/image/index.ts";
import { type Crop, cropOf, readSpec } from "../../../src/io/image/options.ts";
import { readPixels } from "../../../src/io/image/reference.ts";
import { mul } from "../../../src/ops/pointwise/index.ts";
import { compile } from "../../../src/program/compile.ts";
import { Engine } from "../../../src/program/engine.ts";
import { countCalls } from "./calls.ts";

let shared: Promise<Engine> | undefined;
const engineOfPage = (): Promise<Engine> => {
  shared ??= Engine.create();
  return shared;
};
let external = false;

/** From now on frames come as they do on a GPU: where they lie. */
export function asOnHardware(): void {
  external = true;
  shared = Engine.create({ traits: { software: false } });
}

/** Pixels that tell where they are: no two rows, columns or channels are alike. */
export function pattern(width: number, height: number, alpha = false): ImageData {
  const data = new Uint8ClampedArray(4 * width * height);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      data.set(
        [(37 * x + 11 * y + 5) % 256, (3 * x + 71 * y + 90) % 256, (x * y * 29 + 200) % 256, alpha ? (53 * x + 31 * y) % 256 : 255],
        4 * (y * width + x),
      );
  return new ImageData(data, width, height);
}

type Made = { readonly source: ImageSource; readonly close?: () => void };

function drawn(image: ImageData): OffscreenCanvas {
  const canvas = new OffscreenCanvas(image.width, image.height);
  canvas.getContext("2d", { willReadFrequently: true })?.putImageData(image, 0, 0);
  return canvas;
}

const sources: Readonly<Record<string, (image: ImageData) => Promise<Made> | Made>> = {
  ImageData: (source) => ({ source }),
  PixelData: ({ data, width, height }) => ({ source: { data: new Uint8Array(data), width, height } }),
  async ImageBitmap(image) {
    const source = await createImageBitmap(image);
    return { source, close: () => source.close() };
  },
  OffscreenCanvas: (image) => ({ source: drawn(image) }),
  HTMLCanvasElement(image) {
    const source = document.createElement("canvas");
    Object.assign(source, { width: image.width, height: image.height });
    source.getContext("2d")?.putImageData(image, 0, 0);
    return { source };
  },
  async HTMLImageElement(image) {
    const source = new Image();
    const url = URL.createObjectURL(await drawn(image).convertToBlob());
    source.src = url;
    await source.decode();
    return { source, close: () => URL.revokeObjectURL(url) };
  },
  VideoFrame({ data, width, height }) {
    const source = new VideoFrame(data, { format: "RGBX", codedWidth: width, codedHeight: height, timestamp: 0 });
    return { source, close: () => source.close() };
  },
  VideoFrameWithAlpha({ data, width, height }) {
    const source = new VideoFrame(data, { format: "RGBA", codedWidth: width, codedHeight: height, timestamp: 0 });
    return { source, close: () => source.close() };
  },
};

/** The values of a buffer, through a program that takes it as an input. */
export async function values(engine: Engine, shape: readonly number[], given: GPUBuffer | Float32Array): Promise<Float32Array> {
  const x = input(shape);
  const program = await compile(engine, { inputs: { x }, outputs: { y: mul(x, 1) } });
  try {
    return (await program.run({ x: given }, { read: ["y"] })).y;
  } finally {
    program.dispose();
  }
}

/** A frame is copied until the pipeline for external textures is compiled. */
async function untilExternal(read: () => unknown): Promise<void> {
  for (let i = 0; i < 300; i++) {
    const { imports, copies } = await countCalls(read);
    if (imports === 1 && copies === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error("no frame came as an external texture");
}

/** What is read on the GPU, and the largest difference from the reference, in units of the largest value that could come out. */
async function compare(
  kind: string,
  image: ImageData,
  options: ImageReaderOptions,
  crop?: Crop,
): Promise<{ got: number[]; error: number }> {
  const engine = await engineOfPage();
  const reader = await createImageReader(engine, options);
  const { source, close } = await sources[kind](image);
  try {
    const result = reader.read(source, { crop });
    if (external && kind === "VideoFrame") await untilExternal(() => reader.read(source, { crop }));
    if (external && kind === "VideoFrameWithAlpha")
      for (let i = 0; i < 15; i++) {
        // It is copied, however long one waits.
        await new Promise((resolve) => setTimeout(resolve, 20));
        reader.read(source, { crop });
      }
    close?.(); // what was read stays
    const got = await values(engine, reader.shape, result);
    const spec = readSpec("test", options);
    const expected = readPixels(image, cropOf("test", spec, crop, image), spec);
    let error = 0;
    expected.forEach((value, i) => {
      const channel = i % spec.channels;
      const unit = 255 * Math.abs(spec.factor[channel]) + Math.abs(spec.shift[channel]);
      error = Math.max(error, Math.abs(got[i] - value) / unit);
    });
    return { got: [...got], error };
  } finally {
    reader.dispose();
  }
}

export const kinds = (): string[] => Object.keys(sources);

/** The largest error over ragged sizes in and out, for each filter. */
export async function ragged(kind: string): Promise<Record<string, number>> {
  const worst: Record<string, number> = {};
  const sizes = [1, 3, 7, 17, 33, 65, 130];
  for (const filter of ["nearest", "bilinear", "area"] as const)
    for (const [i, width] of sizes.entries()) {
      const height = sizes[(i + 3) % sizes.length];
      const size = [sizes[(i + 1) % 5], sizes[(i + 5) % sizes.length]] as const;
      const channels = ([1, 3, 4] as const)[i % 3];
      const mean = channels === 3 ? [0.4, 0.5, 0.6] : 0.5;
      const std = channels === 1 ? 0.3 : channels === 3 ? [0.2, 0.25, 0.3] : [0.2, 0.25, 0.3, 1];
      const { error } = await compare(kind, pattern(width, height), { size, channels, filter, mean, std });
      worst[filter] = Math.max(worst[filter] ?? 0, error);
    }
  const crop = { x: 5, y: 9, width: 21, height: 13 };
  worst.crop = (await compare(kind, pattern(40, 30), { size: [9, 9], filter: "bilinear" }, crop)).error;
  worst.cover = (await compare(kind, pattern(41, 30), { size: [9, 5], filter: "area", fit: "cover" })).error;
  return worst;
}

/** Exact bytes, in the order in which they lie in the image. */
export async function bytes(kind: string): Promise<{ got: number[]; expected: number[] }> {
  const image = pattern(5, 3);
  const { got } = await compare(kind, image, { size: [3, 5], channels: 4, filter: "nearest", scale: 255 });
  return { got, expected: [...image.data] };
}

/** An image that lets through: straight colours as bytes, and blended over a background. */
export async function translucent(kind: string): Promise<{ straight: number[]; blended: number[]; smooth: number; bytes: number[] }> {
  const image = new ImageData(new Uint8ClampedArray([200, 100, 50, 255, 200, 100, 50, 128, 0, 0, 0, 0, 255, 255, 255, 51]), 4, 1);
  const { got: straight } = await compare(kind, image, { size: [1, 4], channels: 4, filter: "nearest", scale: 255 });
  const options = { size: [1, 4], channels: 3, filter: "nearest", scale: 255, background: [0, 0.4, 1] } as const;
  const { got: blended } = await compare(kind, image, options);
  const { error } = await compare(kind, image, { ...options, size: [3, 7], filter: "bilinear", scale: 1 });
  return { straight, blended, smooth: error, bytes: [...image.data] };
}

export interface Batching {
  readonly shape: readonly number[];
  readonly usable: readonly number[];
  readonly before: readonly number[];
  readonly dispatches: number;
}

/** Places in a batch, a program that takes the buffer, and a read between a run and the next. */
export async function batches(): Promise<Batching> {
  const engine = await engineOfPage();
  const images = await createImageReader(engine, { size: [1, 2], channels: 1, batch: 3, filter: "nearest", scale: 255 });
  const grey = (a: number, b: number): PixelData => ({ data: Uint8Array.of(a, a, a, 255, b, b, b, 255), width: 2, height: 1 });
  const x = input(images.shape);
  const program = await compile(engine, { inputs: { x }, outputs: { y: mul(x, 2) } });
  images.read(grey(1, 2));
  images.read(grey(5, 6), { index: 2 });
  // Reads that follow runs do not reach them, however many wait.
  const runs = [];
  for (let i = 0; i < 9; i++) {
    images.read(grey(10 + i, 3), { index: 1 });
    runs.push(program.run({ x: images.values }, { read: ["y"] }));
  }
  images.read(grey(99, 99), { index: 1 });
  const results = await Promise.all(runs);
  const last = await program.run({ x: images.values }, { read: ["y"] });
  images.dispose();
  program.dispose();
  return { shape: images.shape, usable: [...last.y], before: results.map(({ y }) => y[2]), dispatches: program.dispatches };
}

/** Pictures side by side in one, a crop of a larger, read from place 1 on; beside the same crops read one by one. */
export async function sheets(reference: boolean): Promise<{ together: number[]; apart: number[] }> {
  const engine = reference ? await Engine.create({ reference }) : await engineOfPage();
  const image = pattern(50, 40);
  const options = { size: [5, 7], batch: 6, filter: "bilinear" } as const;
  const [together, apart] = [await createImageReader(engine, options), await createImageReader(engine, options)];
  together.read(image, { index: 1, tiles: [3, 4], crop: { x: 2, y: 3, width: 44, height: 33 } });
  for (let n = 0; n < 5; n++)
    apart.read(image, { index: n + 1, crop: { x: 2 + 11 * (n % 4), y: 3 + 11 * Math.floor(n / 4), width: 11, height: 11 } });
  const result = {
    together: [...(await values(engine, together.shape, together.values))],
    apart: [...(await values(engine, apart.shape, apart.values))],
  };
  together.dispose();
  apart.dispose();
  if (reference) engine.dispose();
  return result;
}
