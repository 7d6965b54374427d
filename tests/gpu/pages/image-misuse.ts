import {
  compile,
  createImageReader,
  createImageWriter,
  Engine,
  type ImageReader,
  type ImageSource,
  input,
  mul,
  UnrollError,
} from "../../../src/index.ts";
import { type Calls, countCalls } from "./calls.ts";
import { open, record } from "./film.ts";
import { pattern, values } from "./image.ts";

const wrong = (value: unknown) => value as never;
const canvasOf = (width: number, height: number): OffscreenCanvas => {
  const canvas = new OffscreenCanvas(width, height);
  canvas.getContext("2d");
  return canvas;
};
const opaqueFrame = (width = 2, height = 2): VideoFrame =>
  new VideoFrame(new Uint8Array(4 * width * height).fill(255), { format: "RGBX", codedWidth: width, codedHeight: height, timestamp: 0 });

function load<K extends "img" | "video">(tag: K, src: string): Promise<HTMLElementTagNameMap[K]> {
  const element = document.createElement(tag);
  return new Promise((resolve, reject) => {
    Object.assign(element, { muted: true, onload: () => resolve(element), onloadeddata: () => resolve(element), onerror: reject, src });
  });
}

/** Somebody else's picture and film, which the server gives to all, but lets nobody read. */
export interface Foreign {
  readonly image: string;
  readonly film: string;
}

/** What cannot be read, with the options of the call. */
const SOURCES: Readonly<Record<string, (foreign: Foreign) => unknown>> = {
  undefined: () => undefined,
  null: () => null,
  "a number": () => 3,
  "an address": () => "picture.png",
  "an object": () => ({}),
  "a function": () => () => 0,
  "an array": () => [1, 2, 3],
  "a Blob": () => new Blob([]),
  "another element": () => document.createElement("div"),
  "a canvas's context": () => canvasOf(2, 2).getContext("2d"),
  async "a closed ImageBitmap"() {
    const bitmap = await createImageBitmap(pattern(2, 2));
    bitmap.close();
    return bitmap;
  },
  async "an ImageBitmap that was sent away"() {
    const bitmap = await createImageBitmap(pattern(2, 2));
    structuredClone(bitmap, { transfer: [bitmap] }).close();
    return bitmap;
  },
  "a closed VideoFrame"() {
    const frame = opaqueFrame();
    frame.close();
    return frame;
  },
  "a VideoFrame that was sent away"() {
    const frame = opaqueFrame();
    structuredClone(frame, { transfer: [frame] }).close();
    return frame;
  },
  "ImageData that were sent away"() {
    const image = pattern(2, 2);
    structuredClone(image.data.buffer, { transfer: [image.data.buffer] });
    return image;
  },
  "a canvas of no size": () => Object.assign(document.createElement("canvas"), { width: 0 }),
  "a canvas that a worker draws on"() {
    const canvas = document.createElement("canvas");
    canvas.transferControlToOffscreen();
    return canvas;
  },
  async "a canvas with a foreign picture"({ image }) {
    const canvas = document.createElement("canvas");
    canvas.getContext("2d")?.drawImage(await load("img", image), 0, 0);
    return canvas;
  },
  "a foreign picture": ({ image }) => load("img", image),
  "an image without an address": () => new Image(),
  async "an image that is none"() {
    const image = new Image();
    image.src = "data:image/png;base64,AAAA";
    await image.decode().catch(() => undefined);
    return image;
  },
  "a video without an address": () => document.createElement("video"),
  async "a video that is none"() {
    const video = document.createElement("video");
    await new Promise((resolve) => {
      Object.assign(video, { onerror: resolve, src: "data:video/webm;base64,AAAA" });
    });
    return video;
  },
  async "a foreign video"({ film }) {
    const video = await load("video", film);
    await new Promise((resolve) => setTimeout(resolve, 300)); // its first frame
    return video;
  },
  "pixels of another type": () => ({ data: new Float32Array(16), width: 2, height: 2 }),
  "RGB without alpha": () => ({ data: new Uint8Array(12), width: 2, height: 2 }),
  "pixels of no size": () => ({ data: new Uint8Array(0), width: 0, height: 2 }),
};

/** What else may be wrong with a call. */
const CALLS: Readonly<Record<string, (reader: ImageReader, engine: Engine) => unknown>> = {
  "a crop of no width": (reader) => reader.read(pattern(4, 4), { crop: { x: 0, y: 0, width: 0, height: 1 } }),
  "a crop that begins outside": (reader) => reader.read(pattern(4, 4), { crop: { x: -1, y: 0, width: 1, height: 1 } }),
  "a crop between pixels": (reader) => reader.read(pattern(4, 4), { crop: { x: 0.5, y: 0, width: 1, height: 1 } }),
  "a crop that ends to the right": (reader) => reader.read(pattern(4, 4), { crop: { x: 3, y: 0, width: 2, height: 1 } }),
  "a crop that ends below": (reader) => reader.read(opaqueFrame(4, 4), { crop: { x: 0, y: 3, width: 2, height: 2 } }),
  "a place behind the batch": (reader) => reader.read(pattern(4, 4), { index: 2 }),
  "tiles that do not divide": (reader) => reader.read(pattern(4, 4), { tiles: [1, 3] }),
  "an unknown option": (reader) => reader.read(pattern(4, 4), wrong({ rows: 3 })),
  "a picture wider than textures": (reader, engine) => reader.read(canvasOf(limitOf(engine) + 1, 2)),
  "pixels higher than textures": (reader, engine) => {
    const height = limitOf(engine) + 1;
    return reader.read({ data: new Uint8Array(4 * height), width: 1, height });
  },
  "a reader that was disposed"(reader) {
    reader.dispose();
    return reader.read(pattern(2, 2));
  },
  "an engine that was disposed"(reader, engine) {
    engine.dispose();
    return reader.read(pattern(2, 2));
  },
  "two channels": (_, engine) => createImageReader(engine, { size: [2, 2], channels: wrong(2) }),
  "a buffer larger than the device allows": (_, engine) => createImageReader(engine, { size: [16384, 16384], batch: 64 }),
  async "an input of another shape"(reader, engine) {
    const x = input([1, 2, 2, 3]);
    const program = await compile(engine, { inputs: { x }, outputs: { y: mul(x, 2) } });
    return program.run({ x: reader.read(pattern(2, 2)) });
  },
  async "a canvas that is taken to draw on"(_, engine) {
    const canvas = Object.assign(document.createElement("canvas"), { width: 1, height: 1 });
    canvas.getContext("bitmaprenderer");
    return (await createImageWriter(engine, { shape: [1, 1] })).draw(Float32Array.of(1), canvas);
  },
  async "a picture in place of a canvas"(_, engine) {
    return (await createImageWriter(engine, { shape: [1, 1] })).draw(Float32Array.of(1), wrong(new Image()));
  },
  "a picture to draw that is wider than textures": async (_, engine) =>
    (await createImageWriter(engine, { shape: [1, limitOf(engine) + 1] })).pixels(new Float32Array(limitOf(engine) + 1)),
  async "a destroyed buffer to draw"(_, engine) {
    const device = deviceOf(engine);
    const buffer = device.createBuffer({ size: 16, usage: GPUBufferUsage.STORAGE });
    buffer.destroy();
    return (await createImageWriter(engine, { shape: [1, 1] })).pixels(buffer);
  },
  async "a buffer that is no storage to draw"(_, engine) {
    const buffer = deviceOf(engine).createBuffer({ size: 16, usage: GPUBufferUsage.COPY_DST });
    return (await createImageWriter(engine, { shape: [1, 1] })).pixels(buffer);
  },
};

const devices = new WeakMap<Engine, GPUDevice>();
const deviceOf = (engine: Engine): GPUDevice => devices.get(engine) as GPUDevice;
const limitOf = (engine: Engine): number => deviceOf(engine).limits.maxTextureDimension2D;

/** An engine on a device that the page holds, too. */
async function ownEngine(software: boolean): Promise<Engine> {
  const device = (await (await navigator.gpu.requestAdapter())?.requestDevice()) as GPUDevice;
  const engine = await Engine.create({ device, traits: { software } });
  devices.set(engine, device);
  return engine;
}

export interface Told {
  readonly what: string;
  /** Of an UnrollError; else the name of what was thrown, or "nothing". */
  readonly code: string;
  readonly message: string;
}

async function outcome(what: string, work: () => unknown): Promise<Told> {
  try {
    await work();
    return { what, code: "nothing", message: "" };
  } catch (error) {
    if (error instanceof UnrollError) return { what, code: error.code, message: error.message };
    return { what, code: String(error), message: "" };
  }
}

/** What is said of each wrong source and call; a right one in between shows that nothing is left broken. */
export async function misuse(foreign: Foreign, software: boolean): Promise<{ told: Told[]; textures: number }> {
  const engine = await ownEngine(software);
  const options = { size: [2, 2], channels: 1, batch: 2, scale: 255, filter: "nearest" } as const;
  const told: Told[] = [];
  const reader = await createImageReader(engine, options);
  const right = async (what: string) => {
    reader.read({ data: new Uint8Array(16).fill(77), width: 2, height: 2 });
    const [first] = await values(engine, reader.shape, reader.values);
    if (Math.abs(first - 77) > 1e-4) throw new Error(`after ${what} the reader reads ${first}, not 77`);
  };
  for (const [what, make] of Object.entries(SOURCES)) {
    const source = await make(foreign);
    told.push(await outcome(what, () => reader.read(source as ImageSource)));
    await right(what);
  }
  for (const [what, call] of Object.entries(CALLS)) {
    const own = what.includes("disposed") ? await ownEngine(software) : engine;
    const used = await createImageReader(own, options);
    told.push(await outcome(what, () => call(used, own)));
    used.dispose();
    await right(what);
  }
  // What fails while runs wait for their turn is told at once, and leaves nothing behind.
  const x = input(reader.shape);
  const program = await compile(engine, { inputs: { x }, outputs: { y: mul(x, 2) } });
  const { textures, destroyedTextures } = await countCalls(async () => {
    const runs = Array.from({ length: 9 }, () => program.run({ x: reader.values }, { read: ["y"] }));
    const canvas = await SOURCES["a canvas with a foreign picture"](foreign);
    const more = Array.from({ length: 9 }, () => program.run({ x: reader.values }, { read: ["y"] }));
    told.push(await outcome("while runs wait", () => reader.read(canvas as ImageSource)));
    const gone = await createImageReader(engine, options);
    const last = Array.from({ length: 9 }, () => program.run({ x: reader.values }, { read: ["y"] }));
    gone.read(pattern(2, 2));
    gone.dispose(); // what it was to read is read by nobody
    await Promise.all([...runs, ...more, ...last]);
  });
  await right("runs");
  engine.dispose();
  return { told, textures: textures - destroyedTextures };
}

/** Reads pictures of all sizes and kinds, over and over: what exists on the GPU before and after. */
export async function leaks(software: boolean): Promise<{ before: object; after: object; reading: Calls; readers: Calls }> {
  const engine = await ownEngine(software);
  const reader = await createImageReader(engine, { size: [8, 8], channels: 3 });
  const bitmap = await createImageBitmap(pattern(30, 20));
  const element = Object.assign(document.createElement("canvas"), { width: 9, height: 40 });
  element.getContext("2d");
  const video = await open(await record("video/webm;codecs=vp8", 2, 60));
  const once = async (i: number) => {
    reader.read(bitmap);
    reader.read(element);
    reader.read(pattern(1 + (i % 40), 1 + ((7 * i) % 40)));
    const frame = opaqueFrame(1 + (i % 16), 1 + ((3 * i) % 16));
    reader.read(frame);
    frame.close();
    reader.read(video);
    if (i % 10 === 0) await deviceOf(engine).queue.onSubmittedWorkDone();
  };
  for (let i = 0; i < 40; i++) await once(i);
  const before = engine.memory;
  const reading = await countCalls(async () => {
    for (let i = 0; i < 100; i++) await once(i);
  });
  const after = engine.memory;
  const readers = await countCalls(async () => {
    for (let i = 0; i < 20; i++) {
      const other = await createImageReader(engine, { size: [8, 8] });
      other.read(bitmap);
      other.dispose();
    }
  });
  bitmap.close();
  engine.dispose();
  return { before, after, reading, readers };
}

/** A part of a picture that is wider than textures may be, in every kind that can be so wide. */
export async function wide(software: boolean): Promise<Record<string, number[]>> {
  const engine = await ownEngine(software);
  const width = limitOf(engine) + 300;
  const reader = await createImageReader(engine, { size: [1, 3], channels: 1, scale: 255, filter: "nearest" });
  const image = new ImageData(width, 1);
  for (let x = 0; x < width; x++) image.data.set([x % 251, x % 251, x % 251, 255], 4 * x);
  const canvas = canvasOf(width, 1);
  (canvas.getContext("2d") as OffscreenCanvasRenderingContext2D).putImageData(image, 0, 0);
  const result: Record<string, number[]> = {};
  for (const [kind, source] of Object.entries({ ImageData: image, OffscreenCanvas: canvas, ImageBitmap: await createImageBitmap(image) })) {
    reader.read(source, { crop: { x: width - 3, y: 0, width: 3, height: 1 } });
    result[kind] = [...(await values(engine, reader.shape, reader.values))].map(Math.round);
  }
  engine.dispose();
  return { expected: [width - 3, width - 2, width - 1].map((x) => x % 251), ...result };
}

/** A short film as text, for a server of another origin. */
export async function filmAsText(): Promise<string> {
  const bytes = new Uint8Array(await (await record("video/webm;codecs=vp8", 3, 60)).file.arrayBuffer());
  return btoa(String.fromCharCode(...bytes));
}
