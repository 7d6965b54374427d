import { createImageReader, Engine, type ImageReaderOptions, type ImageSource } from "../../../src/index.ts";
import { type Calls, countCalls } from "./calls.ts";
import { open, record } from "./film.ts";
import { values } from "./image.ts";
import { drawShot, HEIGHT, makeShots, WIDTH } from "./shots.ts";

export type Route = "external" | "copy" | "canvas";

const engines = new Map<Route, Promise<Engine>>();

/** An engine to which frames come in that way. */
export function engineOf(route: Route): Promise<Engine> {
  let engine = engines.get(route);
  if (!engine) {
    engine = makeEngine(route);
    engines.set(route, engine);
  }
  return engine;
}

async function makeEngine(route: Route): Promise<Engine> {
  if (route !== "copy") return Engine.create({ traits: { software: route === "canvas" } });
  const device = await (await navigator.gpu.requestAdapter())?.requestDevice();
  if (!device) throw new Error("no device");
  // As in a browser that has no external textures.
  Object.defineProperty(device, "importExternalTexture", { value: undefined });
  return Engine.create({ device, traits: { software: false } });
}

/** What comes of a source by that way, as bytes that are not rounded; and what it cost. */
export async function readBy(route: Route, source: ImageSource, options: ImageReaderOptions): Promise<{ got: Float32Array; calls: Calls }> {
  const engine = await engineOf(route);
  const reader = await createImageReader(engine, { filter: "nearest", scale: 255, ...options });
  try {
    let calls = await countCalls(() => reader.read(source));
    // An external texture's pipeline is compiled when the first frame comes; frames are copied until then.
    for (let i = 0; route === "external" && calls.copies > 0; i++) {
      if (i === 500) throw new Error("no frame came as an external texture");
      await new Promise((resolve) => setTimeout(resolve, 10));
      calls = await countCalls(() => reader.read(source));
    }
    return { got: await values(engine, reader.shape, reader.values), calls };
  } finally {
    reader.dispose();
  }
}

/** Y, U and V of each pixel, as a frame of 8 bits; U and V are those of every second pixel. */
function i420(
  width: number,
  height: number,
  yuv: (x: number, y: number) => readonly number[],
  init: Partial<VideoFrameBufferInit>,
): VideoFrame {
  const [halfWidth, halfHeight] = [Math.ceil(width / 2), Math.ceil(height / 2)];
  const data = new Uint8Array(width * height + 2 * halfWidth * halfHeight);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) data[y * width + x] = yuv(x, y)[0];
  for (let y = 0; y < halfHeight; y++)
    for (let x = 0; x < halfWidth; x++)
      for (const c of [1, 2]) data[width * height + (c - 1) * halfWidth * halfHeight + y * halfWidth + x] = yuv(2 * x, 2 * y)[c];
  return new VideoFrame(data, { format: "I420", codedWidth: width, codedHeight: height, timestamp: 0, ...init });
}

/** Four colours, a quarter each; in Y, U and V from 0 to 255. */
export const QUARTERS = [
  [81, 90, 200],
  [145, 54, 34],
  [60, 200, 110],
  [180, 120, 135],
] as const;

/** What is read in the middle of each quarter, [red, green, blue]. */
export async function colors(route: Route, colorSpace: VideoColorSpaceInit): Promise<number[][]> {
  const [width, height] = [32, 16];
  const frame = i420(width, height, (x, y) => QUARTERS[(y < height / 2 ? 0 : 2) + (x < width / 2 ? 0 : 1)], { colorSpace });
  const { got } = await readBy(route, frame, { size: [height, width] });
  frame.close();
  return QUARTERS.map((_, q) => {
    const at = 3 * ((q < 2 ? 4 : 12) * width + (q % 2 === 0 ? 8 : 24));
    return [...got.subarray(at, at + 3)];
  });
}

const FULL_RANGE = { matrix: "bt709", primaries: "bt709", transfer: "iec61966-2-1", fullRange: true } as const;

/** Grey, of which no two rows or columns are alike. */
const grey = (x: number, y: number): number => (37 * x + 11 * y + 3 * x * y + 20) % 236;

export interface Shape {
  readonly width: number;
  readonly height: number;
  readonly rotation?: number;
  readonly flip?: boolean;
  readonly visibleRect?: DOMRectInit;
}

/** The largest difference between what is read of a grey frame and its pixels, when they are cut, turned and mirrored as it says. */
export async function shape(
  route: Route,
  { width, height, rotation = 0, flip = false, visibleRect }: Shape,
): Promise<{ size: number[]; error: number }> {
  const init = { rotation, flip, visibleRect, colorSpace: FULL_RANGE } as Partial<VideoFrameBufferInit>;
  const frame = i420(width, height, (x, y) => [grey(x, y), 128, 128], init);
  const size = [frame.displayHeight, frame.displayWidth] as const;
  const { got } = await readBy(route, frame, { size, channels: 1 });
  frame.close();
  const { x: left = 0, y: top = 0, width: cutWidth = width, height: cutHeight = height } = visibleRect ?? {};
  let error = 0;
  for (let row = 0; row < size[0]; row++)
    for (let column = 0; column < size[1]; column++) {
      // Turned clockwise first, then mirrored left to right.
      const across = flip ? size[1] - 1 - column : column;
      const [x, y] = {
        0: [across, row],
        90: [row, cutHeight - 1 - across],
        180: [cutWidth - 1 - across, cutHeight - 1 - row],
        270: [cutWidth - 1 - row, across],
      }[rotation] as [number, number];
      error = Math.max(error, Math.abs(got[row * size[1] + column] - grey(left + x, top + y)));
    }
  return { size: [...size], error };
}

/** A frame that is shown twice as wide as it is: the middle of each half, and what one read costs. */
export async function stretched(route: Route): Promise<{ size: number[]; halves: number[]; calls: Calls }> {
  const frame = i420(16, 8, (x) => [x < 8 ? 200 : 40, 128, 128], { displayWidth: 32, displayHeight: 8, colorSpace: FULL_RANGE });
  const size = [frame.displayHeight, frame.displayWidth] as const;
  const { got, calls } = await readBy(route, frame, { size, channels: 1 });
  frame.close();
  return { size: [...size], halves: [got[4 * 32 + 8], got[4 * 32 + 24]], calls };
}

/** Opaque frames have an alpha of 255, whatever their fourth byte says. Chromium's copies want it to be 255. */
export async function opaque(route: Route): Promise<number[]> {
  const data = new Uint8Array(4 * 4 * 2).map((_, i) => [200, 100, 50, route === "external" ? 90 : 255][i % 4]);
  const frame = new VideoFrame(data, { format: "RGBX", codedWidth: 4, codedHeight: 2, timestamp: 0 });
  const { got } = await readBy(route, frame, { size: [2, 4], channels: 4 });
  frame.close();
  return [...got];
}

/** A device that refuses external textures, or copies of frames: tried once, and never again. */
export async function refusing(refuses: readonly Route[], software = false): Promise<{ tried: number[]; values: number[][] }> {
  const device = await (await navigator.gpu.requestAdapter())?.requestDevice();
  if (!device) throw new Error("no device");
  const tried = [0, 0];
  const refuse = () => {
    throw new DOMException("not here", "OperationError");
  };
  if (refuses.includes("external"))
    Object.defineProperty(device, "importExternalTexture", {
      value() {
        tried[0]++;
        refuse();
      },
    });
  if (refuses.includes("copy")) {
    const copy = device.queue.copyExternalImageToTexture.bind(device.queue);
    Object.defineProperty(device.queue, "copyExternalImageToTexture", {
      value(...given: Parameters<typeof copy>) {
        if (given[0].source instanceof VideoFrame) {
          tried[1]++;
          refuse();
        }
        copy(...given);
      },
    });
  }
  const engine = await Engine.create({ device, traits: { software } });
  const found: number[][] = [];
  for (let i = 0; i < 3; i++) {
    // Each reader asks anew; the device's answer stays.
    const reader = await createImageReader(engine, { size: [1, 2], channels: 1, filter: "nearest", scale: 255 });
    for (let k = 0; k < 3; k++) {
      const frame = i420(2, 2, (x) => [100 + 10 * i + x, 128, 128], { colorSpace: FULL_RANGE });
      reader.read(frame);
      frame.close();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    found.push([...(await values(engine, reader.shape, reader.values))]);
  }
  engine.dispose();
  device.destroy();
  return { tried, values: found };
}

export const quarters = (): typeof QUARTERS => QUARTERS;

/** A video element: as every browser reads it today, in one without VideoFrame, and before it has a frame. */
export async function element(): Promise<{ today: number[]; older: number[]; truth: number[]; early: string }> {
  const shots = await makeShots(2);
  const canvas = new OffscreenCanvas(WIDTH, HEIGHT);
  const context = canvas.getContext("2d") as OffscreenCanvasRenderingContext2D;
  drawShot(context, shots, 1);
  const film = await record("video/webm;codecs=vp8", 2, 100);
  const video = await open(film);
  const sought = new Promise((resolve) => {
    video.onseeked = resolve;
  });
  video.currentTime = video.duration - film.beforeEnd[1] / 2000;
  await sought;
  const options = { size: [12, 16], channels: 1, filter: "area" } as const;
  const read = async (source: ImageSource) => [...(await readBy("copy", source, options)).got];
  const today = await read(video);
  const truth = await read(canvas);
  const known = globalThis.VideoFrame;
  const scope = globalThis as { VideoFrame?: unknown };
  try {
    scope.VideoFrame = undefined;
    const older = await read(video);
    scope.VideoFrame = class {
      constructor() {
        throw new DOMException("Invalid source state", "InvalidStateError");
      }
    };
    const early = await read(video).then(
      () => "nothing",
      (error: unknown) => String(error),
    );
    return { today, older, truth, early };
  } finally {
    scope.VideoFrame = known;
  }
}
