import { check, UnrollError } from "../../errors.ts";
import { type Engine, gpuPartsOf } from "../../program/engine.ts";
import { GpuImageReader } from "./gpu-reader.ts";
import { type Crop, cropOf, format, type ImageReaderOptions, isCount, type PixelData, type ReadSpec, readSpec } from "./options.ts";
import { readPixels } from "./reference.ts";
import { type ImageSource, type SeenSource, seeSource } from "./source.ts";

export interface ReadOptions {
  /** Where in the batch the image goes. Default 0. */
  readonly index?: number;
  /** What is read of the image, instead of the reader's own crop. */
  readonly crop?: Crop;
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

/** What computes: the GPU or the reference. */
export interface ReaderBackend {
  readonly values: GPUBuffer | Float32Array;
  /** @param offset of the first value, in elements. */
  read(source: ImageSource, seen: SeenSource, crop: Crop, offset: number): void;
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
    const { batch, height, width, channels } = this.#spec;
    const { index = 0, crop } = options ?? {};
    check(
      index === 0 || (isCount(index) && index < batch),
      "argument",
      () => `${name}: index must be a whole number from 0 to ${batch - 1}, not ${format(index)}`,
    );
    const seen = seeSource(name, source);
    this.#backend.read(source, seen, cropOf(name, this.#spec, crop, seen), index * height * width * channels);
    return this.values;
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

/** The reference: bytes alone, because nothing else has pixels outside a browser. */
class PixelReader implements ReaderBackend {
  readonly values: Float32Array;
  readonly #spec: ReadSpec;

  constructor(spec: ReadSpec) {
    this.#spec = spec;
    this.values = new Float32Array(spec.batch * spec.height * spec.width * spec.channels);
  }

  read(source: ImageSource, seen: SeenSource, crop: Crop, offset: number): void {
    check(
      seen.kind === "pixels",
      "argument",
      () => `ImageReader.read: this engine runs on the CPU references, which read ImageData (sRGB, 8 bits) and no ${seen.what}`,
    );
    this.values.set(readPixels(source as PixelData, crop, this.#spec), offset);
  }

  dispose(): void {}
}
