import { check, checkOptions, UnrollError } from "../../errors.ts";
import type { Engine } from "../../program/engine.ts";
import { gpuPartsOf } from "../../program/parts.ts";
import { GpuImageReader } from "./gpu-reader.ts";
import {
  type Crop,
  cropOf,
  format,
  type ImageReaderOptions,
  isCount,
  MAX_TILES,
  type PixelData,
  type ReadSpec,
  readSpec,
} from "./options.ts";
import { readPixels } from "./reference.ts";
import { type ImageSource, openSource, type SeenSource } from "./source.ts";

export interface ReadOptions {
  /** Where in the batch the image goes. Default 0. */
  readonly index?: number;
  /** What is read of the image, instead of the reader's own crop. */
  readonly crop?: Crop;
  /**
   * [rows, columns] of equal pictures that the image (or its crop) holds side by side: they are read row by row into the batch from `index`
   * on, as many as it takes, all with one dispatch. Default [1, 1].
   */
  readonly tiles?: readonly [number, number];
}

/** Reads images into one buffer, [batch, height, width, channels] in f32, that programs take as an input. */
export interface ImageReader {
  readonly engine: Engine;
  /** [batch, height, width, channels]. */
  readonly shape: readonly [number, number, number, number];
  /** What was read: a GPUBuffer of the engine's device, or a Float32Array on a reference engine. Starts at 0. */
  readonly values: GPUBuffer | Float32Array;
  /**
   * Reads an image, as it is now, into its place in the batch, with one dispatch. The source may be changed or closed as soon as this returns; a
   * program that is run before this still sees the values of before, and one that is run after sees the new ones.
   * @returns `values`
   * @throws UnrollError `argument` when the source is no image, is closed, not ready, or may not be read (another origin), or the
   *   crop lies outside; `size` when its data have the wrong length; `limit` when it is larger than textures may be; `lost`, `disposed`.
   */
  read(source: ImageSource, options?: ReadOptions): GPUBuffer | Float32Array;
  dispose(): void;
  [Symbol.dispose](): void;
}

/**
 * Makes a reader of images: cropped, resized, in grey, RGB or RGBA, and normalised. On a reference engine it reads ImageData alone.
 * @throws UnrollError `argument`, `shape` for options that mean nothing; `limit` when the device allows no such buffer.
 */
export async function createImageReader(engine: Engine, options: ImageReaderOptions): Promise<ImageReader> {
  const name = "createImageReader";
  const spec = readSpec(name, options);
  checkEngine(name, engine);
  const parts = gpuPartsOf(engine);
  const backend = parts ? await GpuImageReader.create(parts.gpu, spec) : new PixelReader(spec);
  return new Reader(engine, spec, backend);
}

export function checkEngine(name: string, engine: Engine): void {
  check(
    typeof engine?.assertUsable === "function",
    "argument",
    () => `${name}: the first argument must be an Engine, not ${format(engine)}`,
  );
  engine.assertUsable();
}

export interface ReadPlace {
  /** Of the first value, in elements. */
  readonly offset: number;
  readonly tiles: readonly [rows: number, columns: number];
  /** Tiles that are read. */
  readonly count: number;
}

/** What computes: the GPU or the reference. */
export interface ReaderBackend {
  readonly values: GPUBuffer | Float32Array;
  read(source: ImageSource, seen: SeenSource, crop: Crop, place: ReadPlace): void;
  dispose(): void;
}

class Reader implements ImageReader {
  readonly engine: Engine;
  readonly shape: readonly [number, number, number, number];
  readonly #spec: ReadSpec;
  readonly #backend: ReaderBackend;
  #disposed = false;

  constructor(engine: Engine, spec: ReadSpec, backend: ReaderBackend) {
    this.engine = engine;
    this.shape = [spec.batch, spec.height, spec.width, spec.channels];
    this.#spec = spec;
    this.#backend = backend;
  }

  get values(): GPUBuffer | Float32Array {
    return this.#backend.values;
  }

  read(source: ImageSource, options: ReadOptions = {}): GPUBuffer | Float32Array {
    const name = "ImageReader.read";
    this.engine.assertUsable();
    if (this.#disposed) throw new UnrollError("disposed", `${name}: the reader was disposed`);
    checkOptions(name, options, ["index", "crop", "tiles"]);
    const { batch, height, width, channels } = this.#spec;
    const { index = 0, crop, tiles = [1, 1] } = options;
    check(
      index === 0 || (isCount(index) && index < batch),
      "argument",
      () => `${name}: index must be a whole number from 0 to ${batch - 1}, not ${format(index)}`,
    );
    const { image, seen, close } = openSource(name, source);
    try {
      const part = cropOf(name, this.#spec, crop, seen);
      checkTiles(name, tiles, part, this.#spec);
      const count = Math.min(tiles[0] * tiles[1], batch - index);
      this.#backend.read(image, seen, part, { offset: index * height * width * channels, tiles, count });
      return this.values;
    } finally {
      close();
    }
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#backend.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

function checkTiles(name: string, tiles: readonly [number, number], crop: Crop, { fit }: ReadSpec): void {
  check(
    Array.isArray(tiles) && tiles.length === 2 && tiles.every(isCount),
    "argument",
    () => `${name}: tiles must be [rows, columns], whole numbers from 1, not ${format(tiles)}`,
  );
  const [rows, columns] = tiles;
  if (rows * columns === 1) return;
  check(
    rows * columns <= MAX_TILES,
    "limit",
    () => `${name}: ${rows} × ${columns} tiles are more than the ${MAX_TILES} that one dispatch can read`,
  );
  check(fit === "fill", "argument", () => `${name}: tiles are read as they are: the reader must be made with fit "fill"`);
  check(
    crop.height % rows === 0 && crop.width % columns === 0,
    "argument",
    () => `${name}: ${crop.width} × ${crop.height} pixels do not divide into ${columns} × ${rows} equal pictures`,
  );
}

/** The reference: bytes alone, because nothing else has pixels outside a browser. */
class PixelReader implements ReaderBackend {
  readonly values: Float32Array;
  readonly #spec: ReadSpec;

  constructor(spec: ReadSpec) {
    this.#spec = spec;
    this.values = new Float32Array(spec.batch * spec.height * spec.width * spec.channels);
  }

  read(source: ImageSource, seen: SeenSource, crop: Crop, { offset, tiles, count }: ReadPlace): void {
    check(
      seen.kind === "pixels",
      "argument",
      () => `ImageReader.read: this engine runs on the CPU references, which read ImageData (sRGB, 8 bits) and no ${seen.what}`,
    );
    const { height, width, channels } = this.#spec;
    const [rows, columns] = tiles;
    const tile = { width: crop.width / columns, height: crop.height / rows };
    for (let n = 0; n < count; n++) {
      const own = { ...tile, x: crop.x + (n % columns) * tile.width, y: crop.y + Math.floor(n / columns) * tile.height };
      this.values.set(readPixels(source as PixelData, own, this.#spec), offset + n * height * width * channels);
    }
  }

  dispose(): void {}
}
