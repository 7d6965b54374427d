import { check, UnrollError } from "../../errors.ts";
import { align, evenBytes, type Gpu, USAGE } from "../../gpu/gpu.ts";
import { drawImage, type ImageDrawOptions, ImageTexture, imageDrawPipeline, imageRangePipeline, uniformFor } from "../../gpu/image.ts";
import { mustCopy, type Snapshot, snapshot } from "../../gpu/snapshot.ts";
import { typedArrayName } from "../../host.ts";
import type { Located } from "../../program/located.ts";
import type { Drawing, WriteSpec } from "./write-options.ts";
import type { AnyCanvas, Drawable } from "./writer.ts";

/** A pipeline once it is compiled, or why it is not. */
interface Compiling {
  pipeline?: GPURenderPipeline;
  error?: unknown;
}

/** Draws to canvases of WebGPU, or into a texture that is read back. */
export class GpuImageWriter {
  readonly #gpu: Gpu;
  readonly #spec: WriteSpec;
  readonly #range: GPUComputePipeline | undefined;
  readonly #stops: GPUBuffer;
  readonly #uniform: GPUBuffer;
  readonly #texture: ImageTexture;
  /** Grows with the number of tiles. */
  #ranges: GPUBuffer;
  #upload: GPUBuffer | undefined;
  readonly #pipelines = new Map<string, Compiling>();

  private constructor(gpu: Gpu, spec: WriteSpec, range: GPUComputePipeline | undefined) {
    this.#gpu = gpu;
    this.#spec = spec;
    this.#range = range;
    const usage = USAGE.STORAGE | USAGE.COPY_DST;
    this.#stops = gpu.createBuffer("image colours", 16 * spec.colors.length, usage);
    gpu.device.queue.writeBuffer(this.#stops, 0, Float32Array.from(spec.colors.flatMap((color) => [...color, 1])));
    this.#ranges = gpu.createBuffer("image ranges", 8, usage);
    if (typeof spec.range !== "string") gpu.device.queue.writeBuffer(this.#ranges, 0, Float32Array.from(spec.range));
    this.#uniform = uniformFor(gpu, "image uniform");
    this.#texture = new ImageTexture(gpu, "output");
  }

  static async create(gpu: Gpu, spec: WriteSpec): Promise<GpuImageWriter> {
    const range = typeof spec.range === "string" ? imageRangePipeline(gpu, { symmetric: spec.range === "symmetric" }) : undefined;
    const pipeline = await range;
    gpu.assertUsable();
    return new GpuImageWriter(gpu, spec, pipeline);
  }

  /**
   * The canvas's context of WebGPU; none where it has another one, or on a software GPU: there a browser that does not composite on it
   * loses the device with the first texture of a canvas.
   */
  contextOf(canvas: AnyCanvas): GPUCanvasContext | undefined {
    if (this.#gpu.traits.software) return undefined;
    const context = (canvas as OffscreenCanvas).getContext("webgpu") as GPUCanvasContext | null;
    if (!context) return undefined;
    const { device } = this.#gpu;
    if (context.getConfiguration?.()?.device !== device) context.configure({ device, format: canvasFormat(), alphaMode: "premultiplied" });
    return context;
  }

  async draw(values: Drawable, drawing: Drawing, context: GPUCanvasContext): Promise<void> {
    this.#checkSize(drawing);
    const { colors } = drawing;
    const pipeline = this.#pipeline({ colors, premultiplied: true }, canvasFormat());
    await this.#submit(values, drawing, pipeline, () => context.getCurrentTexture());
  }

  async pixels(values: Drawable, drawing: Drawing): Promise<Uint8ClampedArray<ArrayBuffer>> {
    const { colors, width, height } = drawing;
    this.#checkSize(drawing);
    const pipeline = this.#pipeline({ colors, premultiplied: false }, "rgba8unorm");
    const bytesPerRow = align(4 * width, 256);
    const staging = this.#gpu.createBuffer("image staging", bytesPerRow * height, USAGE.MAP_READ | USAGE.COPY_DST);
    try {
      await this.#submit(values, drawing, pipeline, () => this.#texture.sized(width, height), { buffer: staging, bytesPerRow });
      await this.#gpu.track(staging.mapAsync(1));
      const mapped = new Uint8Array(staging.getMappedRange());
      const result = new Uint8ClampedArray(4 * width * height);
      for (let y = 0; y < height; y++) result.set(mapped.subarray(y * bytesPerRow, y * bytesPerRow + 4 * width), 4 * y * width);
      return result;
    } finally {
      this.#gpu.destroyBuffer(staging);
    }
  }

  #checkSize({ width, height }: Drawing): void {
    const { maxTextureDimension2D: most } = this.#gpu.device.limits;
    check(
      width <= most && height <= most,
      "limit",
      () => `the picture has ${width} × ${height} pixels; this device allows textures of ${most}`,
    );
  }

  /** Found at once where it is compiled already. */
  #pipeline(options: ImageDrawOptions, format: GPUTextureFormat): Compiling {
    const key = `${format} ${JSON.stringify(options)}`;
    let found = this.#pipelines.get(key);
    if (!found || found.error !== undefined) {
      const compiling: Compiling = {};
      const settle = (outcome: Compiling) => {
        Object.assign(compiling, outcome);
        this.#gpu.turns.advance();
      };
      imageDrawPipeline(this.#gpu, options, format).then(
        (pipeline) => settle({ pipeline }),
        (error: unknown) => settle({ error }),
      );
      this.#pipelines.set(key, compiling);
      found = compiling;
    }
    return found;
  }

  async #submit(
    values: Drawable,
    drawing: Drawing,
    compiling: Compiling,
    target: () => GPUTexture,
    copy?: { readonly buffer: GPUBuffer; readonly bytesPerRow: number },
  ): Promise<void> {
    const gpu = this.#gpu;
    gpu.assertUsable();
    let drawn = values;
    const own = isFloats(values) ? undefined : "buffer" in values ? values.buffer : values;
    const checkValues = () => {
      if (own) gpu.checkBuffer(() => "ImageWriter: the GPUBuffer that was given", own);
    };
    checkValues();
    const isForeign = own !== undefined && mustCopy(gpu, own);
    let kept: Snapshot | undefined;
    const keep = () => ({
      bytes: isFloats(values) ? values.byteLength : isForeign ? own.size : 0,
      copy: () => {
        if (isFloats(values)) drawn = values.slice();
        if (!isForeign) return;
        kept = snapshot(gpu, own);
        drawn = "buffer" in values ? { ...(values as Located), buffer: kept.buffer } : kept.buffer;
      },
    });
    const work = () => {
      try {
        gpu.assertUsable();
        checkValues();
        if (!compiling.pipeline) throw compiling.error;
        const { pipeline } = compiling;
        // A buffer of another device, or one that was destroyed, shows only here.
        return { refusal: gpu.guard(() => this.#encode(drawn, drawing, pipeline, target(), copy)) };
      } finally {
        kept?.free();
      }
    };
    const isCompiled = () => compiling.pipeline !== undefined || compiling.error !== undefined;
    const { refusal } = await gpu.turns.take(isCompiled, work, keep);
    const error = await gpu.track(Promise.all([kept?.refusal, refusal]).then(([copied, drew]) => copied ?? drew));
    if (error) throw new UnrollError("argument", `the values cannot be drawn: ${error.message}`);
  }

  #encode(
    values: Drawable,
    drawing: Drawing,
    pipeline: GPURenderPipeline,
    target: GPUTexture,
    copy: { readonly buffer: GPUBuffer; readonly bytesPerRow: number } | undefined,
  ): void {
    const { width, height, channels, images, gap, zoom, colors, background } = this.#spec;
    const { columns, tiles, first, tileStride, pixelStride } = drawing;
    const ranged = this.#range ? tiles : 1;
    if (this.#ranges.size < 8 * ranged) {
      this.#gpu.destroyBuffer(this.#ranges);
      this.#ranges = this.#gpu.createBuffer("image ranges", 8 * ranged, USAGE.STORAGE | USAGE.COPY_DST);
    }
    const depth = drawing.colors === "map" ? 1 : channels;
    drawImage(this.#gpu, pipeline, {
      sizes: [width, height, columns, tiles, gap, zoom, first, tileStride, pixelStride, colors.length, ranged, depth],
      background,
      values: this.#located(values, 4 * images * height * width * channels),
      stops: drawing.colors === "map" ? this.#stops : undefined,
      ranges: this.#ranges,
      uniform: this.#uniform,
      range: this.#range && { pipeline: this.#range, tiles },
      target,
      copy,
    });
  }

  #located(values: Drawable, bytes: number): { readonly buffer: GPUBuffer; readonly offset: number; readonly bytes: number } {
    if (typedArrayName(values) === "Float32Array") {
      this.#upload ??= this.#gpu.createBuffer("image values", bytes, USAGE.STORAGE | USAGE.COPY_DST);
      this.#gpu.device.queue.writeBuffer(this.#upload, 0, evenBytes(values as Float32Array));
      return { buffer: this.#upload, offset: 0, bytes };
    }
    const place = values as Exclude<Drawable, Float32Array>;
    return "buffer" in place ? { buffer: place.buffer, offset: place.offset, bytes } : { buffer: place, offset: 0, bytes };
  }

  /** After all calls so far. */
  dispose(): void {
    void this.#gpu.turns.take(
      () => true,
      () => {
        this.#texture.destroy();
        for (const buffer of [this.#stops, this.#ranges, this.#uniform, this.#upload]) if (buffer) this.#gpu.destroyBuffer(buffer);
      },
    );
  }
}

const isFloats = (values: unknown): values is Float32Array => typedArrayName(values) === "Float32Array";

/** What the system shows without converting it. */
export const canvasFormat = (): GPUTextureFormat =>
  typeof navigator === "undefined" || !navigator.gpu ? "bgra8unorm" : navigator.gpu.getPreferredCanvasFormat();
