import { check, UnrollError } from "../../errors.ts";
import { evenBytes, type Gpu, USAGE } from "../../gpu/gpu.ts";
import { type ImageReadCall, type ImageReadOptions, ImageTexture, imageReadPipeline, readImage, uniformFor } from "../../gpu/image.ts";
import type { Crop, PixelData, ReadSpec } from "./options.ts";
import type { ReaderBackend, ReadPlace } from "./reader.ts";
import type { ImageSource, SeenSource } from "./source.ts";
import { type FrameWays, frameWays, isRefusal, refused } from "./video.ts";

type Picture = GPUCopyExternalImageSource;

const READ = "ImageReader.read";

/** Reads images by way of one texture, or of an external texture where there is a video. */
export class GpuImageReader implements ReaderBackend {
  readonly values: GPUBuffer;
  readonly #gpu: Gpu;
  readonly #spec: ReadSpec;
  readonly #pipeline: GPUComputePipeline;
  #externalPipeline: GPUComputePipeline | "compiling" | undefined;
  readonly #uniform: GPUBuffer;
  readonly #texture: ImageTexture;
  readonly #ways: FrameWays;
  /** Where frames are drawn that cannot be copied. */
  #canvas: OffscreenCanvas | undefined;

  private constructor(gpu: Gpu, spec: ReadSpec, pipeline: GPUComputePipeline) {
    this.#gpu = gpu;
    this.#spec = spec;
    this.#pipeline = pipeline;
    const bytes = 4 * spec.batch * spec.height * spec.width * spec.channels;
    this.values = gpu.createBuffer("images", bytes, USAGE.STORAGE | USAGE.COPY_SRC | USAGE.COPY_DST);
    this.#uniform = uniformFor(gpu, "images uniform");
    this.#texture = new ImageTexture(gpu, "input");
    this.#ways = frameWays(gpu);
  }

  static async create(gpu: Gpu, spec: ReadSpec): Promise<GpuImageReader> {
    const pipeline = await imageReadPipeline(gpu, optionsOf(spec, false));
    gpu.assertUsable();
    return new GpuImageReader(gpu, spec, pipeline);
  }

  read(source: ImageSource, seen: SeenSource, crop: Crop, { offset, tiles, count }: ReadPlace): void {
    const { factor, shift, background = [] } = this.#spec;
    const { width, height } = this.#spec;
    const call: ImageReadCall = { crop, tiles, count, source: seen, width, height, offset, factor, shift, background };
    const { maxTextureDimension2D: most } = this.#gpu.device.limits;
    check(
      crop.width <= most && crop.height <= most,
      "limit",
      () =>
        `ImageReader.read: ${crop.width} × ${crop.height} pixels of the image are to be read; this device allows textures of ${most}; crop it`,
    );
    if (this.#gpu.turns.idle) {
      this.#gpu.guardSilent(READ, () => {
        if (!this.#readExternal(source, seen, call)) this.#dispatch(this.#upload(this.#texture, source, seen, crop), call);
      });
      return;
    }
    // A run that was called before this one waits: the image is taken as it is now, and read when its turn comes.
    const own = new ImageTexture(this.#gpu, "input");
    try {
      let image: GPUTexture | undefined;
      const work = () => {
        if (image && !this.#gpu.hasEnded) this.#gpu.guardSilent(READ, () => this.#dispatch(image as GPUTexture, call));
        own.destroy();
      };
      const copy = () =>
        this.#gpu.guardSilent(READ, () => {
          image = this.#upload(own, source, seen, crop);
        });
      void this.#gpu.turns.take(
        () => true,
        work,
        () => ({ bytes: 4 * crop.width * crop.height, copy }),
      );
    } catch (error) {
      own.destroy();
      throw error;
    }
  }

  /** The image begins with the crop. */
  #dispatch(image: GPUTexture, call: ImageReadCall): void {
    readImage(this.#gpu, this.#pipeline, image, this.values, this.#uniform, { ...call, crop: { ...call.crop, x: 0, y: 0 } });
  }

  /** Reads a frame where it lies. Frames with alpha are copied, which says what becomes of it. */
  #readExternal(source: ImageSource, seen: SeenSource, call: ImageReadCall): boolean {
    if (seen.kind !== "frame" || seen.alpha || !this.#ways.external) return false;
    let frame: GPUExternalTexture;
    try {
      frame = this.#gpu.device.importExternalTexture({ source: source as VideoFrame });
    } catch (error) {
      if (!isRefusal(error)) this.#ways.external = false;
      return false;
    }
    if (this.#externalPipeline === undefined) void this.#compileExternal();
    if (typeof this.#externalPipeline !== "object") return false;
    readImage(this.#gpu, this.#externalPipeline, frame, this.values, this.#uniform, call);
    return true;
  }

  /** Only what reads a video needs it. Until it is there, frames are copied. */
  async #compileExternal(): Promise<void> {
    this.#externalPipeline = "compiling";
    try {
      this.#externalPipeline = await imageReadPipeline(this.#gpu, optionsOf(this.#spec, true));
    } catch {
      this.#ways.external = false; // copies do as well
    }
  }

  /** Puts the crop into a texture. */
  #upload(to: ImageTexture, source: ImageSource, seen: SeenSource, crop: Crop): GPUTexture {
    const texture = to.sized(crop.width, crop.height);
    try {
      if (seen.kind === "pixels") this.#write(texture, source as PixelData, crop);
      else if (seen.kind === "frame") this.#copyFrame(texture, source as VideoFrame, crop);
      else this.#copy(texture, source as Picture, crop);
      return texture;
    } catch (cause) {
      if (cause instanceof UnrollError) throw cause;
      throw refused("ImageReader.read", seen.what, cause);
    }
  }

  #write(texture: GPUTexture, { data, width }: PixelData, crop: Crop): void {
    const layout = { offset: 4 * (crop.y * width + crop.x), bytesPerRow: 4 * width };
    this.#gpu.device.queue.writeTexture({ texture }, evenBytes(data), layout, [crop.width, crop.height]);
  }

  #copy(texture: GPUTexture, source: Picture, { x, y, width, height }: Crop): void {
    // Defaults, but what is tested: no flip, colours in sRGB as they are stored, alpha not multiplied in.
    const destination = { texture, colorSpace: "srgb", premultipliedAlpha: false } as const;
    this.#gpu.device.queue.copyExternalImageToTexture({ source, origin: [x, y], flipY: false }, destination, [width, height]);
  }

  #copyFrame(texture: GPUTexture, source: VideoFrame, crop: Crop): void {
    if (this.#ways.copies)
      try {
        this.#copy(texture, source, crop);
        return;
      } catch (error) {
        if (isRefusal(error)) throw error;
      }
    const { x, y, width, height } = crop;
    this.#canvas ??= new OffscreenCanvas(width, height);
    if (this.#canvas.width !== width || this.#canvas.height !== height) Object.assign(this.#canvas, { width, height });
    const context = this.#canvas.getContext("2d", { willReadFrequently: true }) as OffscreenCanvasRenderingContext2D;
    context.globalCompositeOperation = "copy";
    context.drawImage(source, x, y, width, height, 0, 0, width, height);
    this.#copy(texture, this.#canvas, { x: 0, y: 0, width, height });
    this.#ways.copies = false;
  }

  /** After all calls so far: a step that waits still reads the values. */
  dispose(): void {
    void this.#gpu.turns.take(
      () => true,
      () => {
        this.#texture.destroy();
        this.#gpu.destroyBuffer(this.values);
        this.#gpu.destroyBuffer(this.#uniform);
      },
    );
  }
}

const optionsOf = ({ filter, channels, background }: ReadSpec, external: boolean): ImageReadOptions => ({
  filter,
  channels,
  blended: background !== undefined,
  external,
});
