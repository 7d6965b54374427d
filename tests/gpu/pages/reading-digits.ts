import { digitNetwork } from "../../../demo/convolution/live/network.ts";
import { Digits, SIDE } from "../../../demo/digits/index.ts";
import {
  compile,
  createImageReader,
  Engine,
  type ImageReader,
  type ImageSource,
  load,
  type NamedArrays,
  save,
} from "../../../src/index.ts";
import { countCalls } from "./calls.ts";
import { font, numberOf, VIEW, variation } from "./shots.ts";

/** Variables by name, as they travel from the page that trains to those that look. */
export type Weights = Readonly<Record<string, { readonly shape: readonly number[]; readonly data: readonly number[] }>>;

const BATCH = 32;
const STEPS = 80;

/** The demo's network, trained for some seconds on one font. `right` is the share of the last ten batches that it read correctly. */
export async function train(): Promise<{ weights: Weights; right: number }> {
  const engine = await Engine.create({ seed: 1 });
  try {
    const reader = await createImageReader(engine, { size: [SIDE, SIDE], channels: 1, batch: BATCH });
    const training = await compile(engine, digitNetwork(1).training(BATCH));
    const digits = await Digits.create({ seed: 3, fonts: font, variation });
    let right = 0;
    for (let step = 1; step <= STEPS; step++) {
      const labels = await digits.next(reader);
      const batch = { images: reader.values, labels, rate: Float32Array.of(0.005) };
      if (step <= STEPS - 10) await training.run(batch);
      else {
        const { scores } = await training.run(batch, { read: ["scores"] });
        right += labels.reduce((sum, label, i) => sum + Number(best(scores.subarray(10 * i, 10 * i + 10)) === label), 0);
      }
    }
    const weights = Object.entries(await save(engine)).map(([name, { shape, data }]) => [name, { shape, data: [...data] }] as const);
    return { weights: Object.fromEntries(weights), right: right / (10 * BATCH) };
  } finally {
    engine.dispose();
  }
}

const best = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((winner, value, i) => (value > values[winner] ? i : winner), 0);

/** What reads the digit of a shot, as the demo does with its camera. */
export interface Eye {
  readonly engine: Engine;
  readonly reader: ImageReader;
  /** Takes the picture at once. */
  look(source: ImageSource): Promise<number>;
}

/** @param software says whether the engine may believe that it runs on a GPU: then frames come to it as they do on one. */
export async function openEye(weights: Weights, { software }: { readonly software: boolean }): Promise<Eye> {
  const engine = await Engine.create(software ? {} : { traits: { software } });
  const reader = await createImageReader(engine, { size: [SIDE, SIDE], channels: 1, filter: "area", scale: -1, mean: -1, crop: VIEW });
  const looking = await compile(engine, digitNetwork(1).looking(true));
  const arrays = Object.entries(weights).map(([name, { shape, data }]) => [
    name,
    { dtype: "f32", shape, data: Float32Array.from(data) } as NamedArrays[string],
  ]);
  await load(engine, Object.fromEntries(arrays));
  const look = async (source: ImageSource) =>
    best((await looking.run({ image: reader.read(source) }, { read: ["probabilities"] })).probabilities);
  return { engine, reader, look };
}

/** Looks at a video until what is compiled for videos alone is there: on a GPU frames are copied until then. */
export async function warmUp(eye: Eye, video: HTMLVideoElement, software: boolean): Promise<void> {
  for (let i = 0; i < 200; i++) {
    await nextFrame(video);
    if (video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) continue;
    const { copies } = await countCalls(() => eye.look(video));
    if (software || copies === 0) return;
  }
}

/** A shot that was seen, and the digit that was read from it. */
export type Sight = readonly [shot: number, digit: number];

/** The next frame of a video, or a moment later: pages that are not shown get none. */
export const nextFrame = (video: HTMLVideoElement): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, 250);
    video.requestVideoFrameCallback(() => resolve());
  });

/** Looks at a frame that shows one shot and no other before and after it was read: a playing video may go on in between, or begin anew. */
export async function lookAt(eye: Eye, source: HTMLVideoElement | VideoFrame): Promise<Sight | undefined> {
  if ("readyState" in source && source.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return undefined;
  const before = numberOf(source);
  const reading = eye.look(source);
  const after = numberOf(source);
  const digit = await reading;
  return before === undefined || before !== after ? undefined : [before, digit];
}

/**
 * Looks at what it gets, until it saw each of `count` shots, or the time is over: half of them is enough after 5 seconds, because a slow
 * machine does not see all that goes by.
 * @param next gives the next sight; undefined where there was none, null when there are no more.
 */
async function watchWith(next: () => Promise<Sight | undefined | null>, count: number): Promise<Sight[]> {
  const sights: Sight[] = [];
  const kinds = new Set<number>();
  const begin = performance.now();
  const seconds = () => (performance.now() - begin) / 1000;
  while (kinds.size < count && seconds() < (kinds.size < count / 2 ? 40 : 5)) {
    const sight = await next();
    if (sight === null) break;
    if (!sight) continue;
    sights.push(sight);
    kinds.add(sight[0]);
  }
  return sights;
}

/** Looks at a playing video frame by frame. */
export const watch = (eye: Eye, video: HTMLVideoElement, count: number): Promise<Sight[]> =>
  watchWith(async () => {
    await nextFrame(video);
    return lookAt(eye, video);
  }, count);

/** Looks at frames that are taken from a playing video, and closed at once. */
export const watchCopies = (eye: Eye, video: HTMLVideoElement, count: number): Promise<Sight[]> =>
  watchWith(async () => {
    await nextFrame(video);
    if (video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return undefined; // it begins anew
    return lookAtOnce(eye, new VideoFrame(video));
  }, count);

/** Looks at the frames of a track, one by one as they are. */
export async function watchFrames(eye: Eye, frames: ReadableStream<VideoFrame>, count: number): Promise<Sight[]> {
  const stream = frames.getReader();
  const sights = await watchWith(async () => {
    const { value } = await stream.read();
    return value ? lookAtOnce(eye, value) : null;
  }, count);
  await stream.cancel();
  return sights;
}

async function lookAtOnce(eye: Eye, frame: VideoFrame): Promise<Sight | undefined> {
  const number = numberOf(frame);
  const reading = eye.look(frame);
  frame.close(); // what was read stays
  const digit = await reading;
  return number === undefined ? undefined : [number, digit];
}
