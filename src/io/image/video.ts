import { UnrollError } from "../../errors.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import { tagOf } from "../../host.ts";

/**
 * The frame that a video element shows now: it tells size and format, and stays the same while it is read. The caller closes it.
 * Undefined where the browser has no such thing; then elements are copied as pictures are.
 * @throws UnrollError `argument` when there is no frame, or it may not be read.
 */
export function frameOf(name: string, video: HTMLVideoElement): VideoFrame | undefined {
  if (typeof VideoFrame === "undefined") return undefined;
  try {
    return new VideoFrame(video);
  } catch (cause) {
    if (isSecurity(cause)) throw refused(name, "HTMLVideoElement", cause);
    // The data of a frame are there before the frame is: "loadeddata" comes too early in Chrome.
    throw new UnrollError("argument", `${name}: the video has no frame yet: read in requestVideoFrameCallback, or after "seeked"`, {
      cause,
    });
  }
}

/** How frames of videos can come to the GPU: where they lie, or copied by the browser; else they are drawn on a canvas that is copied. */
export interface FrameWays {
  external: boolean;
  copies: boolean;
}

const ways = new WeakMap<Gpu, FrameWays>();

/**
 * Found out once for each device: who meets a refusal notes it here. Browsers that do not composite on a software GPU refuse frames there,
 * or lose the device with the first one, so that they are not asked.
 */
export function frameWays(gpu: Gpu): FrameWays {
  let known = ways.get(gpu);
  if (!known) {
    const { software } = gpu.traits;
    known = { external: !software && typeof gpu.device.importExternalTexture === "function", copies: !software };
    ways.set(gpu, known);
  }
  return known;
}

/** Of a DOMException, whichever window the video belongs to. */
const nameOfError = (error: unknown): unknown => (tagOf(error) === "DOMException" ? (error as DOMException).name : undefined);

const isSecurity = (error: unknown): boolean => nameOfError(error) === "SecurityError";

/** The source is at fault, and no other way will do: it comes from another origin, or is gone. */
export const isRefusal = (error: unknown): boolean => isSecurity(error) || nameOfError(error) === "InvalidStateError";

export function refused(name: string, what: string, cause: unknown): UnrollError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const hint = isSecurity(cause) ? "it comes from another origin, without leave to be read (CORS)" : reason;
  return new UnrollError("argument", `${name}: the browser does not give the pixels of this ${what}: ${hint}`, { cause });
}
