import { check } from "../../errors.ts";
import { checkMemory } from "../../graph/host-array.ts";
import { tagOf, typedArrayName } from "../../host.ts";
import { isCount, type PixelData } from "./options.ts";
import { frameOf } from "./video.ts";

/**
 * What can be read as an image: an `ImageBitmap`, `ImageData` (or an object like it), an `HTMLCanvasElement` or `OffscreenCanvas`, an
 * `HTMLImageElement`, an `HTMLVideoElement` or a `VideoFrame`.
 */
export type ImageSource = GPUCopyExternalImageSource | PixelData;

/** A source that was looked at: how it comes to the GPU, and its size in pixels. */
export interface SeenSource {
  /** `pixels` are bytes in memory; `frame` (a VideoFrame) may be an external texture; `picture` is copied by the browser. */
  readonly kind: "pixels" | "picture" | "frame";
  readonly width: number;
  readonly height: number;
  /** In words, for error messages. */
  readonly what: string;
  /** A frame that may have alpha. */
  readonly alpha: boolean;
}

const HAVE_CURRENT_DATA = 2;
const EXPECTED =
  "an ImageBitmap, ImageData, an HTMLCanvasElement, an OffscreenCanvas, an HTMLImageElement, an HTMLVideoElement or a VideoFrame";

/** A source and what was seen of it; to be closed when it was read. */
export interface OpenSource {
  readonly image: ImageSource;
  readonly seen: SeenSource;
  close(): void;
}

/**
 * Looks at what is to be read, before WebGPU sees it. Of a video element it takes the frame.
 * @throws UnrollError `argument` when it is no image, closed, or has no pixels yet; `size` when its data are not as long as its size says.
 */
export function openSource(name: string, source: ImageSource): OpenSource {
  const seen = seeSource(name, source);
  const frame = seen.what === "HTMLVideoElement" ? frameOf(name, source as HTMLVideoElement) : undefined;
  if (!frame) return { image: source, seen, close: () => {} };
  return { image: frame, seen: { ...seeSource(name, frame), what: seen.what }, close: () => frame.close() };
}

function seeSource(name: string, source: ImageSource): SeenSource {
  const tag = tagOf(source);
  const seen = (kind: SeenSource["kind"], width: number, height: number, alpha = false): SeenSource => ({
    kind,
    width,
    height,
    what: tag,
    alpha,
  });
  switch (tag) {
    case "ImageBitmap": {
      const { width, height } = source as ImageBitmap;
      check(width > 0 && height > 0, "argument", () => `${name}: the ImageBitmap was closed, or given to somebody else`);
      return seen("picture", width, height);
    }
    case "HTMLCanvasElement":
    case "OffscreenCanvas": {
      const { width, height } = source as OffscreenCanvas;
      check(width > 0 && height > 0, "argument", () => `${name}: the ${tag} has ${width} × ${height} pixels: there is nothing to read`);
      return seen("picture", width, height);
    }
    case "HTMLImageElement": {
      const { naturalWidth: width, naturalHeight: height, complete } = source as HTMLImageElement;
      check(complete && width > 0 && height > 0, "argument", () => `${name}: the image has no pixels yet: await image.decode() first`);
      return seen("picture", width, height);
    }
    case "HTMLVideoElement": {
      const { videoWidth: width, videoHeight: height, readyState } = source as HTMLVideoElement;
      check(
        readyState >= HAVE_CURRENT_DATA && width > 0 && height > 0,
        "argument",
        () =>
          `${name}: the video has no frame yet (readyState ${readyState}, ${width} × ${height} pixels): read in requestVideoFrameCallback, or after "seeked"`,
      );
      return seen("picture", width, height);
    }
    case "VideoFrame": {
      const { displayWidth: width, displayHeight: height, format, codedWidth } = source as VideoFrame;
      check(codedWidth > 0 && width > 0 && height > 0, "argument", () => `${name}: the VideoFrame was closed`);
      return seen("frame", width, height, /A/.test(format ?? ""));
    }
    default:
      return seePixels(name, tag, source as Partial<PixelData> | null | undefined, seen);
  }
}

type See = (kind: SeenSource["kind"], width: number, height: number) => SeenSource;

function seePixels(name: string, tag: string, source: Partial<PixelData> | null | undefined, seen: See): SeenSource {
  const isObject = source !== null && typeof source === "object";
  check(
    isObject && (tag === "ImageData" || ("data" in source && "width" in source && "height" in source)),
    "argument",
    () => `${name}: the image must be ${EXPECTED}, not ${isObject ? tag : String(source)}`,
  );
  const { data, width, height } = source;
  check(
    isCount(width) && isCount(height),
    "argument",
    () => `${name}: the image has ${width} × ${height} pixels: there is nothing to read`,
  );
  // Bytes of the usual colours go straight to the GPU; other kinds of ImageData are converted by the browser.
  const { colorSpace = "srgb" } = source as { colorSpace?: string };
  const bytes = ["Uint8ClampedArray", "Uint8Array"].includes(typedArrayName(data) ?? "");
  if (tag === "ImageData" && (!bytes || colorSpace !== "srgb")) return seen("picture", width, height);
  check(data && bytes, "argument", () => `${name}: the data of the image must be a Uint8ClampedArray, not ${tagOf(data)}`);
  checkMemory(`${name}: the array of the image`, data);
  check(
    data.length === 4 * width * height,
    "size",
    () => `${name}: an image of ${width} × ${height} pixels has ${4 * width * height} bytes, not ${data.length}`,
  );
  return seen("pixels", width, height);
}
