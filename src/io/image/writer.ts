import { check, describe, UnrollError } from "../../errors.ts";
import { checkMemory } from "../../graph/host-array.ts";
import { isGpuBuffer, typedArrayName } from "../../host.ts";
import type { Engine } from "../../program/engine.ts";
import type { Located } from "../../program/located.ts";
import { gpuPartsOf } from "../../program/parts.ts";
import { GpuImageWriter } from "./gpu-writer.ts";
import type { PixelData } from "./options.ts";
import { checkEngine } from "./reader.ts";
import { type Drawing, type DrawOptions, drawingOf, type ImageWriterOptions, type WriteSpec, writeSpec } from "./write-options.ts";
import { drawPixels } from "./write-reference.ts";

/**
 * What can be drawn, f32 and row-major: an array, a GPUBuffer of the engine's device with usage STORAGE, or what `outputBuffer` and
 * `variableBuffer` give.
 */
export type Drawable = Float32Array | GPUBuffer | Located;

/** Where a picture can be drawn: an `HTMLCanvasElement` or an `OffscreenCanvas`. */
export type AnyCanvas = HTMLCanvasElement | OffscreenCanvas;

/** Draws tensors as pictures. */
export interface ImageWriter {
  readonly engine: Engine;
  /**
   * Draws values onto a canvas, which takes the picture's size. On a GPU nothing is read back: one draw call, after one dispatch where
   * ranges are to be found; the canvas belongs to WebGPU from then on. A canvas that has a 2D context, software GPUs (some browsers lose
   * the device on their canvases) and the reference engine draw through pixels. Values are those at the time of the call.
   * @throws UnrollError `size`, `dtype`, `argument` when values, canvas or options do not fit; `lost`, `disposed`.
   */
  draw(values: Drawable, canvas: AnyCanvas, options?: DrawOptions): Promise<void>;
  /** The picture's pixels, read back: `ImageData` where there is such a thing. */
  pixels(values: Drawable, options?: DrawOptions): Promise<PixelData & { readonly data: Uint8ClampedArray<ArrayBuffer> }>;
  dispose(): void;
  [Symbol.dispose](): void;
}

/**
 * Makes a writer of pictures: of images [height, width, channels] as they are, or of feature maps and filters side by side, in colours.
 * @throws UnrollError `argument`, `name`, `shape` for options that mean nothing.
 */
export async function createImageWriter(engine: Engine, options: ImageWriterOptions): Promise<ImageWriter> {
  const name = "createImageWriter";
  const spec = writeSpec(name, options);
  checkEngine(name, engine);
  const parts = gpuPartsOf(engine);
  return new Writer(engine, spec, parts ? await GpuImageWriter.create(parts.gpu, spec) : undefined);
}

class Writer implements ImageWriter {
  readonly engine: Engine;
  readonly #spec: WriteSpec;
  readonly #gpu: GpuImageWriter | undefined;
  #disposed = false;

  constructor(engine: Engine, spec: WriteSpec, gpu: GpuImageWriter | undefined) {
    this.engine = engine;
    this.#spec = spec;
    this.#gpu = gpu;
  }

  async draw(values: Drawable, canvas: AnyCanvas, options: DrawOptions = {}): Promise<void> {
    const name = "ImageWriter.draw";
    const drawing = this.#check(name, values, options);
    check(
      typeof canvas?.getContext === "function",
      "argument",
      () => `${name}: the second argument must be an HTMLCanvasElement or an OffscreenCanvas, not ${describe(canvas)}`,
    );
    // An element whose control went to a worker refuses here, in words of the browser's own.
    const sized = attempt(name, () => {
      if (canvas.width !== drawing.width || canvas.height !== drawing.height)
        Object.assign(canvas, { width: drawing.width, height: drawing.height });
      return this.#gpu?.contextOf(canvas);
    });
    if (sized) return await this.#gpu?.draw(values, drawing, sized);
    const context = attempt(name, () => canvas.getContext("2d") as CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D | null);
    check(context, "argument", () => `${name}: the canvas has a context of another kind than "2d" (and "webgpu")`);
    const data = await this.#bytes(values, drawing);
    context.putImageData(new ImageData(data, drawing.width, drawing.height), 0, 0);
  }

  async pixels(values: Drawable, options: DrawOptions = {}): Promise<PixelData & { readonly data: Uint8ClampedArray<ArrayBuffer> }> {
    const drawing = this.#check("ImageWriter.pixels", values, options);
    const { width, height } = drawing;
    const data = await this.#bytes(values, drawing);
    return typeof ImageData === "undefined" ? { data, width, height } : new ImageData(data, width, height);
  }

  async #bytes(values: Drawable, drawing: Drawing): Promise<Uint8ClampedArray<ArrayBuffer>> {
    if (this.#gpu) return await this.#gpu.pixels(values, drawing);
    return drawPixels(values as Float32Array, this.#spec, drawing);
  }

  #check(name: string, values: Drawable, options: DrawOptions): Drawing {
    this.engine.assertUsable();
    if (this.#disposed) throw new UnrollError("disposed", `${name}: the writer was disposed`);
    const { images, height, width, channels } = this.#spec;
    checkValues(name, values, [images, height, width, channels], this.engine.isReference);
    return drawingOf(name, this.#spec, options);
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#gpu?.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

function attempt<T>(name: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw new UnrollError("argument", `${name}: the canvas cannot be drawn to: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
}

const STORAGE = 128;

function checkValues(name: string, values: Drawable, shape: readonly number[], reference: boolean): void {
  const size = shape.reduce((a, b) => a * b);
  const expected = `[${shape.join(", ")}]`;
  if (typedArrayName(values) === "Float32Array") {
    const { length } = values as Float32Array;
    checkMemory(`${name}: the array`, values as Float32Array);
    check(length === size, "size", () => `${name}: ${expected} has ${size} values, not ${length}`);
    return;
  }
  check(
    !ArrayBuffer.isView(values),
    "dtype",
    () => `${name}: the values must be f32: give a Float32Array or a GPUBuffer, not ${describe(values)}`,
  );
  const own = isGpuBuffer(values) ? { buffer: values, bytes: values.size } : values;
  check(
    own !== null && typeof own === "object" && isGpuBuffer(own.buffer),
    "argument",
    () => `${name}: the values must be a Float32Array, a GPUBuffer, or what outputBuffer or variableBuffer gives, not ${describe(values)}`,
  );
  check(!reference, "argument", () => `${name}: this engine runs on the CPU references: give a Float32Array`);
  const type = "type" in own ? own.type : undefined;
  check((type?.dtype ?? "f32") === "f32", "dtype", () => `${name}: the values must be f32, not ${type?.dtype}`);
  check(own.bytes >= 4 * size, "size", () => `${name}: ${expected} takes ${4 * size} bytes; the GPUBuffer has ${own.bytes}`);
  check((own.buffer.usage & STORAGE) !== 0, "argument", () => `${name}: the GPUBuffer must be made with usage STORAGE`);
  check(own.buffer.mapState === "unmapped", "argument", () => `${name}: the GPUBuffer is mapped; unmap it first`);
}
