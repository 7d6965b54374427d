import { type Calls, countCalls } from "./calls.ts";
import { type Eye, lookAt, nextFrame, openEye, type Sight, type Weights, warmUp, watch, watchCopies } from "./reading-digits.ts";
import { drawShot, HEIGHT, makeShots, numberOf, WIDTH } from "./shots.ts";

export interface Film {
  readonly file: Blob;
  /** When each shot begins, and the last one ends, in milliseconds before the end. */
  readonly beforeEnd: readonly number[];
}

/** Records the shots as a real file, as a page would: WebM with VP8 or VP9. Each is shown for `pause` milliseconds at least. */
export async function record(type: string, count: number, pause: number): Promise<Film> {
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
  const begins: number[] = [];
  // The last one twice: a film ends with the beginning of its last frame.
  for (let i = 0; i <= count; i++) {
    drawShot(context, shots, Math.min(i, count - 1));
    const written = parts.length;
    track.requestFrame();
    begins.push(performance.now());
    await wait(pause);
    for (let k = 0; parts.length === written && k < 25; k++) await wait(20);
  }
  recorder.stop();
  await stopped;
  return { file: new Blob(parts, { type }), beforeEnd: begins.map((begin) => begins[count] - begin) };
}

export async function open({ file }: Film): Promise<HTMLVideoElement> {
  const video = document.createElement("video");
  Object.assign(video, { muted: true, src: URL.createObjectURL(file) });
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
    await warmUp(eye, video, software);
    // Once in 3 seconds, however long the recording took.
    Object.assign(video, { loop: true, playbackRate: Math.min(4, Math.max(0.25, video.duration / 3)) });
    await video.play();
    let playing: Sight[] = [];
    const calls = await countCalls(async () => {
      playing = await watch(eye, video, count);
    });
    const frames = await watchCopies(eye, video, count);
    video.pause();
    const seeking: Sight[] = [];
    for (let i = 0; i < count; i++) {
      const shot = (7 * i + 3) % count; // forwards and backwards
      const middle = (film.beforeEnd[shot] + film.beforeEnd[shot + 1]) / 2;
      await seek(video, video.duration - middle / 1000);
      const sight = await lookAt(eye, video);
      if (sight) seeking.push(sight);
    }
    const labels = (await makeShots(count)).map(({ label }) => label);
    const shown = new VideoFrame(video);
    const { format } = shown;
    shown.close();
    return { bytes: film.file.size, duration: video.duration, format, labels, playing, frames, seeking, calls };
  } finally {
    URL.revokeObjectURL(video.src);
    video.remove();
  }
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
