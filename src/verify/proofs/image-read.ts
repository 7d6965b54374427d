import { USAGE } from "../../gpu/gpu.ts";
import { imageReadPipeline, readImage, uniformFor } from "../../gpu/image.ts";
import { createImageReader, type ImageReaderOptions, type ImageSource, type PixelData } from "../../io/image/index.ts";
import { cropOf, type ReadSpec, readSpec } from "../../io/image/options.ts";
import type { ReadOptions } from "../../io/image/reader.ts";
import { readPixels } from "../../io/image/reference.ts";
import { randomSource } from "../../random.ts";
import { findWorst } from "../finding.ts";
import type { Finding, Place, Proof, ProofCase } from "../proof.ts";
import { readBuffer } from "./read-buffer.ts";

/** Bytes that tell where they are: no two rows, columns or channels are alike. */
function pattern(width: number, height: number, opaque: boolean): PixelData & { readonly data: Uint8ClampedArray<ArrayBuffer> } {
  const random = randomSource(0, `${width} × ${height}`);
  const data = new Uint8ClampedArray(4 * width * height);
  for (let i = 0; i < data.length; i++) data[i] = opaque && i % 4 === 3 ? 255 : Math.floor(256 * random.uniform());
  return { data, width, height };
}

/** Sources of the reader, each with what makes it of bytes. A runtime has those whose classes it has. */
const SOURCES = {
  bytes: { needs: [], make: async (image: PixelData): Promise<ImageSource> => image },
  ImageData: { needs: ["ImageData"], make: async (image: PixelData): Promise<ImageSource> => asImageData(image) },
  ImageBitmap: {
    needs: ["ImageData", "createImageBitmap"],
    make: async (image: PixelData): Promise<ImageSource> => createImageBitmap(asImageData(image)),
  },
  OffscreenCanvas: {
    needs: ["ImageData", "OffscreenCanvas"],
    make: async (image: PixelData): Promise<ImageSource> => {
      const canvas = new OffscreenCanvas(image.width, image.height);
      canvas.getContext("2d")?.putImageData(asImageData(image), 0, 0);
      return canvas;
    },
  },
} as const;

const asImageData = ({ data, width, height }: PixelData): ImageData => new ImageData(data as Uint8ClampedArray<ArrayBuffer>, width, height);

const FRAME = "VideoFrame, where it lies";

/** Why a source cannot be proven here. */
function missing({ adapter, device }: Place["gpu"]): Record<string, string> {
  const lacks: Record<string, string> = {};
  for (const [name, { needs }] of Object.entries(SOURCES)) {
    const absent = needs.filter((need) => !(need in globalThis));
    if (absent.length > 0) lacks[name] = `this runtime has no ${absent.join(" and no ")}`;
  }
  if (typeof device.queue.copyExternalImageToTexture !== "function")
    for (const name of ["ImageBitmap", "OffscreenCanvas"]) lacks[name] ??= "this runtime copies no pictures to textures";
  if (typeof VideoFrame === "undefined") lacks[FRAME] = "this runtime has no VideoFrame";
  else if (typeof device.importExternalTexture !== "function") lacks[FRAME] = "this runtime has no external textures";
  else if (adapter.software) lacks[FRAME] = "browsers may lose a software adapter with a frame, which they copy there";
  return lacks;
}

/** Sizes of image and result: as it is, smaller, larger, and crops, all ragged. */
const READINGS: readonly {
  readonly image: readonly [number, number];
  readonly size: readonly [number, number];
  readonly read?: ReadOptions;
}[] = [
  { image: [9, 7], size: [7, 9] },
  { image: [33, 17], size: [5, 11], read: { crop: { x: 3, y: 1, width: 29, height: 15 } } },
  { image: [4, 5], size: [17, 9], read: { index: 1 } },
  { image: [12, 8], size: [3, 5], read: { tiles: [2, 3] } },
];

const FILTERS = ["nearest", "bilinear", "area"] as const;

/** All that chooses another kernel, with the rest of the options between. */
const OPTIONS: readonly Omit<ImageReaderOptions, "size" | "filter">[] = [
  { channels: 1 },
  { channels: 1, background: 0.4, scale: -1, mean: -1 },
  { channels: 3, mean: [0.4, 0.5, 0.6], std: [0.2, 0.3, 0.4] },
  { channels: 3, background: [1, 0.4, 0], fit: "cover" },
  { channels: 4, scale: 255 },
];

/** The sums of a filter over some pixels. */
const TOLERANCE = 2e-6;

const boundOf = (right: Float64Array, { factor, shift, channels }: ReadSpec): Float64Array =>
  right.map((_, i) => TOLERANCE * (255 * Math.abs(factor[i % channels]) + Math.abs(shift[i % channels])));

const tilesOf = ({ tiles = [1, 1] }: ReadOptions = {}): number => tiles[0] * tiles[1];

/** What the reader's buffer must hold: each tile as if it were an image, behind zeros. */
function expected(image: PixelData, spec: ReadSpec, read: ReadOptions = {}): Float64Array {
  const { tiles = [1, 1], index = 0 } = read;
  const part = cropOf("verify", spec, read.crop, image);
  const [height, width] = [part.height / tiles[0], part.width / tiles[1]];
  const length = spec.height * spec.width * spec.channels;
  const all = new Float64Array(spec.batch * length);
  for (let n = 0; n < Math.min(tilesOf(read), spec.batch - index); n++) {
    const crop = { x: part.x + (n % tiles[1]) * width, y: part.y + Math.floor(n / tiles[1]) * height, width, height };
    all.set(readPixels(image, crop, spec), (index + n) * length);
  }
  return all;
}

async function readFrom(
  place: Place,
  kind: keyof typeof SOURCES,
  options: ImageReaderOptions,
  reading: (typeof READINGS)[number],
): Promise<Finding> {
  // Pictures of a browser may come back rounded where they let something through.
  const image = pattern(reading.image[0], reading.image[1], kind !== "bytes" && kind !== "ImageData");
  const spec = readSpec("verify", options);
  const reader = await createImageReader(place.engine, options);
  try {
    const values = reader.read(await SOURCES[kind].make(image), reading.read) as GPUBuffer;
    const right = expected(image, spec, reading.read);
    const actual = await readBuffer(place.gpu, values, 4 * right.length);
    const bounds = boundOf(right, spec).map((bound, i) => (right[i] === 0 && i < firstOf(spec, reading.read) ? 0 : bound));
    return findWorst([{ name: "images", actual, right, bound: bounds }]);
  } finally {
    reader.dispose();
  }
}

const firstOf = ({ height, width, channels }: ReadSpec, { index = 0 }: ReadOptions = {}): number => index * height * width * channels;

/** The kernel that reads a frame where it lies, without the way of the reader, which may copy. */
async function readFrame({ gpu }: Place, options: ImageReaderOptions): Promise<Finding> {
  const image = pattern(34, 18, true);
  const spec = readSpec("verify", options);
  const { filter, channels, height, width, factor, shift, background } = spec;
  const crop = { x: 2, y: 1, width: 29, height: 15 };
  const pipeline = await imageReadPipeline(gpu, { filter, channels, blended: background !== undefined, external: true });
  const length = height * width * channels;
  const buffer = gpu.createBuffer("verify frame", 4 * length, USAGE.STORAGE | USAGE.COPY_SRC | USAGE.COPY_DST);
  const uniform = uniformFor(gpu, "verify frame");
  const frame = new VideoFrame(image.data, { format: "RGBX", codedWidth: image.width, codedHeight: image.height, timestamp: 0 });
  try {
    const texture = gpu.device.importExternalTexture({ source: frame });
    const call = {
      crop,
      tiles: [1, 1],
      count: 1,
      source: image,
      width,
      height,
      offset: 0,
      factor,
      shift,
      background: background ?? [],
    } as const;
    readImage(gpu, pipeline, texture, buffer, uniform, call);
    const right = readPixels(image, crop, spec);
    // What comes through an external texture is not rounded to bytes.
    const bound = right.map((_, i) => 0.02 * Math.abs(factor[i % channels]));
    return findWorst([{ name: "image", actual: await readBuffer(gpu, buffer, 4 * length), right, bound }]);
  } finally {
    frame.close();
    gpu.destroyBuffer(buffer);
    gpu.destroyBuffer(uniform);
  }
}

function cases(): readonly ProofCase[] {
  const all: ProofCase[] = [];
  for (const filter of FILTERS)
    for (const [i, options] of OPTIONS.entries()) {
      const shown = JSON.stringify({ filter, ...options });
      READINGS.forEach((reading, n) => {
        // Tiles are read as they are.
        const fit = tilesOf(reading.read) > 1 ? "fill" : options.fit;
        const given = { ...options, filter, size: reading.size, batch: tilesOf(reading.read) + 1, ...(fit && { fit }) };
        all.push({ variant: "bytes", attributes: shown, note: `reading ${n}`, run: (place) => readFrom(place, "bytes", given, reading) });
      });
      // How pictures come to the GPU does not depend on the rest.
      const [, reading] = READINGS;
      const given = { ...options, filter, size: reading.size };
      if (i === FILTERS.indexOf(filter))
        for (const kind of ["ImageData", "ImageBitmap", "OffscreenCanvas"] as const)
          all.push({ variant: kind, attributes: shown, run: (place) => readFrom(place, kind, given, reading) });
      all.push({ variant: FRAME, attributes: shown, run: (place) => readFrame(place, given) });
    }
  return all;
}

export const imageReadProof: Proof = {
  name: "image reader",
  kind: "image",
  variants: [...Object.keys(SOURCES), FRAME],
  byTraits: false,
  missing,
  cases,
};
