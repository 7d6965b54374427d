import { type ImageDrawOptions, imageDrawShader } from "../../shaders/image_draw.wgsl.ts";
import { type ImageRangeOptions, imageRangeShader } from "../../shaders/image_range.wgsl.ts";
import { IMAGE_READ_PARAMS, type ImageReadOptions, imageReadShader } from "../../shaders/image_read.wgsl.ts";
import { IMAGE_TILES_PARAMS } from "../../shaders/lib/image-tiles.wgsl.ts";
import { UnrollError } from "../errors.ts";
import { type Gpu, USAGE } from "./gpu.ts";

export type { ImageDrawOptions, ImageReadOptions };

/** Numeric values of GPUTextureUsage, which is no global in every runtime. */
const TEXTURE = { COPY_SRC: 1, COPY_DST: 2, TEXTURE_BINDING: 4, RENDER_ATTACHMENT: 16 } as const;

/** Pipelines by their source, for each dispatcher. */
const pipelines = new WeakMap<Gpu, Map<string, Promise<unknown>>>();

/** Made once for each key; the error of a failed one is told each time. */
function once<T>(gpu: Gpu, key: string, label: string, make: () => Promise<T>): Promise<T> {
  const known = pipelines.get(gpu) ?? new Map<string, Promise<unknown>>();
  pipelines.set(gpu, known);
  let made = known.get(key) as Promise<T> | undefined;
  if (!made) {
    gpu.pipelinesCreated++;
    made = gpu.track(Promise.all([make(), gpu.trusted]).then(([pipeline]) => pipeline)).catch((cause: unknown) => {
      known.delete(key);
      if (cause instanceof UnrollError) throw cause;
      throw new UnrollError("shader", `${label}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    });
    known.set(key, made);
  }
  return made;
}

function compute(gpu: Gpu, label: string, code: string): Promise<GPUComputePipeline> {
  return once(gpu, code, label, () =>
    gpu.device.createComputePipelineAsync({
      label,
      layout: "auto",
      compute: { module: gpu.device.createShaderModule({ label, code }), entryPoint: "main" },
    }),
  );
}

export const imageReadPipeline = (gpu: Gpu, options: ImageReadOptions): Promise<GPUComputePipeline> =>
  compute(gpu, "image-read", imageReadShader(options));

export const imageRangePipeline = (gpu: Gpu, options: ImageRangeOptions): Promise<GPUComputePipeline> =>
  compute(gpu, "image-range", imageRangeShader(options));

export function imageDrawPipeline(gpu: Gpu, options: ImageDrawOptions, format: GPUTextureFormat): Promise<GPURenderPipeline> {
  const code = imageDrawShader(options);
  const label = "image-draw";
  return once(gpu, `${format}\n${code}`, label, () => {
    const module = gpu.device.createShaderModule({ label, code });
    return gpu.device.createRenderPipelineAsync({
      label,
      layout: "auto",
      vertex: { module, entryPoint: "corner" },
      fragment: { module, entryPoint: "paint", targets: [{ format }] },
    });
  });
}

/** A texture that images are copied to, made anew when it is too small. */
export class ImageTexture {
  readonly #gpu: Gpu;
  readonly #usage: number;
  #texture: GPUTexture | undefined;

  /** @param usage `input` is copied to and sampled, `output` is drawn to and copied from. */
  constructor(gpu: Gpu, usage: "input" | "output") {
    this.#gpu = gpu;
    // WebGPU copies from the outside only to what can also be drawn to.
    this.#usage =
      usage === "input"
        ? TEXTURE.COPY_DST | TEXTURE.TEXTURE_BINDING | TEXTURE.RENDER_ATTACHMENT
        : TEXTURE.COPY_SRC | TEXTURE.RENDER_ATTACHMENT;
  }

  /** At least this large, with the origin as the same corner, and never smaller than before; exactly as large where it is drawn to. */
  sized(width: number, height: number): GPUTexture {
    const has = this.#texture;
    const isExact = (this.#usage & TEXTURE.COPY_SRC) !== 0;
    if (has && (isExact ? has.width === width && has.height === height : has.width >= width && has.height >= height)) return has;
    const size = isExact || !has ? [width, height] : [Math.max(has.width, width), Math.max(has.height, height)];
    this.destroy();
    this.#texture = this.#gpu.createTexture("image", size[0], size[1], this.#usage);
    return this.#texture;
  }

  destroy(): void {
    if (this.#texture) this.#gpu.destroyTexture(this.#texture);
    this.#texture = undefined;
  }
}

export interface ImageReadCall {
  readonly crop: { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
  /** Images in a column and in a row of the crop. */
  readonly tiles: readonly [rows: number, columns: number];
  /** Of which the first so many are read, one after another. */
  readonly count: number;
  readonly source: { readonly width: number; readonly height: number };
  readonly width: number;
  readonly height: number;
  /** Of the first value, in elements. */
  readonly offset: number;
  readonly factor: readonly number[];
  readonly shift: readonly number[];
  readonly background: readonly number[];
}

/** One dispatch that takes an image into `target`. The uniform may be used again at once. */
export function readImage(
  gpu: Gpu,
  pipeline: GPUComputePipeline,
  image: GPUTexture | GPUExternalTexture,
  target: GPUBuffer,
  uniform: GPUBuffer,
  { crop, tiles, count, source, width, height, offset, factor, shift, background }: ImageReadCall,
): void {
  const data = new ArrayBuffer(4 * IMAGE_READ_PARAMS);
  const [rows, columns] = tiles;
  const tile = [crop.width / columns, crop.height / rows];
  new Uint32Array(data).set([crop.x, crop.y, ...tile, source.width, source.height, width, height, offset, columns]);
  const floats = new Float32Array(data);
  floats.set(factor, 12);
  floats.set(shift, 16);
  floats.set(background, 20);
  gpu.device.queue.writeBuffer(uniform, 0, data);
  const bindGroup = gpu.device.createBindGroup({
    label: "image-read",
    layout: pipeline.getBindGroupLayout(0),
    entries: [
      { binding: 0, resource: "createView" in image ? image.createView() : image },
      { binding: 1, resource: { buffer: target } },
      { binding: 2, resource: { buffer: uniform } },
    ],
  });
  const encoder = gpu.device.createCommandEncoder({ label: "image-read" });
  const pass = encoder.beginComputePass({ label: "image-read" });
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, bindGroup);
  pass.dispatchWorkgroups(Math.ceil(width / 8), Math.ceil(height / 8), count);
  pass.end();
  gpu.device.queue.submit([encoder.finish()]);
}

export interface ImageDrawCall {
  /** In the order of the uniform: width, height, columns, tiles, gap, zoom, first, tile_stride, pixel_stride, stops, ranges. */
  readonly sizes: readonly number[];
  readonly background: readonly number[];
  readonly values: { readonly buffer: GPUBuffer; readonly offset: number; readonly bytes: number };
  /** Where there is a map of colours. */
  readonly stops: GPUBuffer | undefined;
  readonly ranges: GPUBuffer;
  readonly uniform: GPUBuffer;
  /** Fills `ranges` first, one workgroup for each of `tiles`. */
  readonly range?: { readonly pipeline: GPUComputePipeline; readonly tiles: number };
  readonly target: GPUTexture;
  /** Where the target's pixels are copied to. */
  readonly copy?: { readonly buffer: GPUBuffer; readonly bytesPerRow: number };
}

/** Draws tiles of a tensor: one draw call, after one dispatch where the tiles have ranges of their own. */
export function drawImage(gpu: Gpu, pipeline: GPURenderPipeline, call: ImageDrawCall): void {
  const { values, stops, ranges, uniform, range, target, copy } = call;
  const { device } = gpu;
  const data = new ArrayBuffer(4 * IMAGE_TILES_PARAMS);
  new Uint32Array(data).set(call.sizes);
  new Float32Array(data).set(call.background, 12);
  device.queue.writeBuffer(uniform, 0, data);
  const given = { buffer: values.buffer, offset: values.offset, size: values.bytes };
  const encoder = device.createCommandEncoder({ label: "image-draw" });
  if (range) {
    const pass = encoder.beginComputePass({ label: "image-range" });
    pass.setPipeline(range.pipeline);
    pass.setBindGroup(0, bind(device, range.pipeline, [given, { buffer: ranges }, { buffer: uniform }]));
    pass.dispatchWorkgroups(range.tiles);
    pass.end();
  }
  const pass = encoder.beginRenderPass({
    label: "image-draw",
    colorAttachments: [{ view: target.createView(), loadOp: "clear", storeOp: "store", clearValue: [0, 0, 0, 0] }],
  });
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, bind(device, pipeline, [given, stops && { buffer: stops }, { buffer: ranges }, { buffer: uniform }]));
  pass.draw(3);
  pass.end();
  if (copy) encoder.copyTextureToBuffer({ texture: target }, copy, [target.width, target.height]);
  device.queue.submit([encoder.finish()]);
}

function bind(device: GPUDevice, pipeline: GPUPipelineBase, resources: readonly (GPUBufferBinding | undefined)[]): GPUBindGroup {
  const entries = resources.flatMap((resource, binding) => (resource ? [{ binding, resource }] : []));
  return device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries });
}

export const uniformFor = (gpu: Gpu, label: string): GPUBuffer => gpu.createBuffer(label, 128, USAGE.UNIFORM | USAGE.COPY_DST);
