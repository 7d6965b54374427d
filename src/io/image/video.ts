import { UnrollError } from "../../errors.ts";
import type { Gpu } from "../../gpu/gpu.ts";

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

/** How frames of videos come to the GPU: where they lie, copied by the browser, or drawn on a canvas that is copied. */
export type FrameRoute = "external" | "copy" | "canvas";

const routes = new WeakMap<Gpu, FrameRoute>();

/**
 * Found out once for each device. Browsers that do not composite on a software GPU refuse frames there, or lose the device with the
 * first one: asking is not an option.
 */
export function frameRoute(gpu: Gpu): FrameRoute {
  const { software } = gpu.traits;
  const first = software ? "canvas" : typeof gpu.device.importExternalTexture === "function" ? "external" : "copy";
  return routes.get(gpu) ?? first;
}

/** From now on: what was tried does not work with this device. */
export function setFrameRoute(gpu: Gpu, route: FrameRoute): void {
  routes.set(gpu, route);
}

const isSecurity = (error: unknown): boolean => error instanceof DOMException && error.name === "SecurityError";

/** The source is at fault, and no other way will do: it comes from another origin, or is gone. */
export const isRefusal = (error: unknown): boolean =>
  isSecurity(error) || (error instanceof DOMException && error.name === "InvalidStateError");

export function refused(name: string, what: string, cause: unknown): UnrollError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const hint = isSecurity(cause) ? "it comes from another origin, without leave to be read (CORS)" : reason;
  return new UnrollError("argument", `${name}: the browser does not give the pixels of this ${what}: ${hint}`, { cause });
}
