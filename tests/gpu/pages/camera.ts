import { type Calls, countCalls } from "./calls.ts";
import { nextFrame, openEye, type Sight, type Weights, warmUp, watch, watchFrames } from "./reading-digits.ts";

export interface CameraReport {
  readonly size: readonly [number, number];
  /** By way of a video element. */
  readonly video: readonly Sight[];
  /** As frames of the track. */
  readonly frames: readonly Sight[];
  readonly calls: Calls;
  /** Buffers of the engine before and after. */
  readonly buffers: readonly [number, number];
}

declare global {
  /** Chrome's: the frames of a track, none twice. */
  class MediaStreamTrackProcessor {
    constructor(options: { track: MediaStreamTrack });
    readonly readable: ReadableStream<VideoFrame>;
  }
}

/** What a network sees of the camera, whose shots are numbered. */
export async function look(weights: Weights, software: boolean, count: number): Promise<CameraReport> {
  const eye = await openEye(weights, { software });
  const stream = await navigator.mediaDevices.getUserMedia({ video: true });
  try {
    const video = document.createElement("video");
    Object.assign(video, { muted: true, srcObject: stream });
    document.body.append(video);
    await video.play();
    await nextFrame(video);
    await warmUp(eye, video, software);
    const before = eye.engine.memory.buffers;
    let [seen, frames]: Sight[][] = [[], []];
    const calls = await countCalls(async () => {
      seen = await watch(eye, video, count);
      const [track] = stream.getVideoTracks();
      frames = await watchFrames(eye, new MediaStreamTrackProcessor({ track }).readable, count);
    });
    return {
      size: [video.videoWidth, video.videoHeight],
      video: seen,
      frames,
      calls,
      buffers: [before, eye.engine.memory.buffers],
    };
  } finally {
    for (const track of stream.getTracks()) track.stop();
    eye.engine.dispose();
  }
}
