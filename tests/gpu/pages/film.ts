import { type Calls, countCalls } from "./calls.ts";
import { type Eye, lookAt, nextFrame, openEye, type Sight, type Weights, watch } from "./reading-digits.ts";
import { drawShot, HEIGHT, makeShots, numberOf, WIDTH } from "./shots.ts";

/** Records the shots as a real file, as a page would: WebM with VP8 or VP9. Each is shown for `pause` milliseconds. */
export async function record(type: string, count: number, pause: number): Promise<Blob> {
  const shots = await makeShots(count);
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: WIDTH, height: HEIGHT });
  const context = canvas.getContext("2d", { alpha: false }) as CanvasRenderingContext2D;
  drawShot(context, shots, 0);
  const stream = canvas.captureStream(0);
  const [track] = stream.getVideoTracks() as CanvasCaptureMediaStreamTrack[];
  const recorder = new MediaRecorder(stream, { mimeType: type, videoBitsPerSecond: 3e6 });
  const parts: Blob[] = [];
  recorder.ondataavailable = ({ data }) => {
    if (data.size > 0) parts.push(data);
  };
  const stopped = new Promise((resolve) => {
    recorder.onstop = resolve;
  });
  recorder.start(20);
  const wait = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));
  // A recorder loses what it is shown before it is ready.
  for (let i = 0; parts.length === 0 && i < 250; i++) {
    track.requestFrame();
    await wait(20);
  }
  // The last one twice: a film ends with the beginning of its last frame.
  for (let i = 0; i <= count; i++) {
    drawShot(context, shots, Math.min(i, count - 1));
    track.requestFrame();
    await wait(pause);
  }
  recorder.stop();
  await stopped;
  return new Blob(parts, { type });
}

export async function open(film: Blob): Promise<HTMLVideoElement> {
  const video = document.createElement("video");
  Object.assign(video, { muted: true, src: URL.createObjectURL(film) });
  document.body.append(video);
  await new Promise((resolve, reject) => {
    video.onloadeddata = resolve;
    video.onerror = () => reject(new Error(video.error?.message));
  });
  await nextFrame(video);
  return video;
}

export interface FilmReport {
  readonly bytes: number;
  /** In seconds. */
  readonly duration: number;
  readonly format: string | null;
  readonly labels: readonly number[];
  readonly playing: readonly Sight[];
  readonly frames: readonly Sight[];
  readonly seeking: readonly Sight[];
  /** While it played. */
  readonly calls: Calls;
}

let eye: Promise<Eye> | undefined;
const eyeOf = (weights: Weights, software: boolean): Promise<Eye> => {
  eye ??= openEye(weights, { software });
  return eye;
};

/** A film is recorded, and classified while it plays, by its frames, and at places that are sought. */
export async function classify(type: string, weights: Weights, software: boolean, count: number): Promise<FilmReport> {
  const film = await record(type, count, 80);
  const video = await open(film);
  const eye = await eyeOf(weights, software);
  try {
    await eye.look(video); // what is compiled only for videos is compiled now
    Object.assign(video, { loop: true, playbackRate: 0.4 });
    await video.play();
    let playing: Sight[] = [];
    const calls = await countCalls(async () => {
      playing = await watch(eye, video, count, 1, 25);
    });
    const [frames, format] = await watchCopies(eye, video, count / 2);
    video.pause();
    const seeking: Sight[] = [];
    for (let i = 0; i < count; i++) {
      await seek(video, ((((7 * i) % count) + 0.5) / count) * video.duration);
      const sight = await lookAt(eye, video);
      if (sight) seeking.push(sight);
    }
    const labels = (await makeShots(count)).map(({ label }) => label);
    return { bytes: film.size, duration: video.duration, format, labels, playing, frames, seeking, calls };
  } finally {
    URL.revokeObjectURL(video.src);
    video.remove();
  }
}

/** Frames that are taken from the playing video and stay, until `kinds` shots were seen. */
async function watchCopies(eye: Eye, video: HTMLVideoElement, kinds: number): Promise<[sights: Sight[], format: string | null]> {
  const sights: Sight[] = [];
  let format: string | null = null;
  const end = performance.now() + 10_000;
  while (new Set(sights.map(([shot]) => shot)).size < kinds && performance.now() < end) {
    await nextFrame(video);
    if (video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) continue; // it begins anew
    const frame = new VideoFrame(video);
    format = frame.format;
    const sight = await lookAt(eye, frame);
    frame.close();
    if (sight) sights.push(sight);
  }
  return [sights, format];
}

async function seek(video: HTMLVideoElement, time: number): Promise<void> {
  const done = new Promise((resolve) => {
    video.onseeked = resolve;
  });
  video.currentTime = time;
  await done;
}

/** Encoded and decoded frame by frame, so that each shot is known by its time: nothing is left to chance. */
export async function decode(
  codec: string,
  weights: Weights,
  software: boolean,
  count: number,
): Promise<{ labels: number[]; read: Sight[] }> {
  const shots = await makeShots(count);
  const chunks: EncodedVideoChunk[] = [];
  const fail = (error: DOMException) => {
    throw error;
  };
  const encoder = new VideoEncoder({ output: (chunk) => chunks.push(chunk), error: fail });
  encoder.configure({ codec, width: WIDTH, height: HEIGHT, bitrate: 3e6, framerate: 10 });
  const canvas = new OffscreenCanvas(WIDTH, HEIGHT);
  const context = canvas.getContext("2d", { alpha: false }) as OffscreenCanvasRenderingContext2D;
  for (let n = 0; n < count; n++) {
    drawShot(context, shots, n);
    const frame = new VideoFrame(canvas, { timestamp: 100_000 * n });
    encoder.encode(frame, { keyFrame: n === 0 });
    frame.close();
  }
  await encoder.flush();
  encoder.close();
  const eye = await eyeOf(weights, software);
  const looks: Promise<Sight>[] = [];
  const output = (frame: VideoFrame) => {
    const shot = frame.timestamp / 100_000;
    if (numberOf(frame) !== shot) throw new Error(`frame ${shot} shows shot ${numberOf(frame)}`);
    const look = eye.look(frame);
    looks.push(look.then((digit) => [shot, digit] as const));
    frame.close();
  };
  const decoder = new VideoDecoder({ output, error: fail });
  decoder.configure({ codec, codedWidth: WIDTH, codedHeight: HEIGHT });
  for (const chunk of chunks) decoder.decode(chunk);
  await decoder.flush();
  decoder.close();
  const read = await Promise.all(looks);
  return { labels: shots.map(({ label }) => label), read };
}
