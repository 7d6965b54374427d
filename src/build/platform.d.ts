/*
 * The types of browsers that the package's declarations name, taken from where the app has them: `@webgpu/types`, or the DOM library of
 * TypeScript 6 and later. Where it has none, a name that is missing would be `any` within declarations, and with it every union that it
 * stands in. Here it becomes a type with the few members that tell its values from others. src/build/declarations.js imports these.
 */

/** The type of a class of this name if the app's TypeScript knows it. */
type Known<Name extends string, Otherwise> = typeof globalThis extends { readonly [K in Name]: { prototype: infer T } } ? T : Otherwise;

interface Labelled {
  label: string;
}

export type GPU = Known<"GPU", { requestAdapter(options?: never): Promise<unknown>; getPreferredCanvasFormat(): string }>;
export type GPUBuffer = Known<
  "GPUBuffer",
  Labelled & {
    readonly size: number;
    readonly usage: number;
    readonly mapState: string;
    destroy(): unknown;
    unmap(): unknown;
  }
>;
export type GPUDevice = Known<
  "GPUDevice",
  Labelled & {
    readonly queue: { submit(commands: never): unknown; onSubmittedWorkDone(): Promise<unknown> };
    readonly lost: Promise<unknown>;
    createBuffer(descriptor: never): unknown;
    destroy(): unknown;
  }
>;
export type GPUTexture = Known<"GPUTexture", Labelled & { readonly width: number; readonly height: number; createView(): unknown }>;
export type GPUExternalTexture = Known<"GPUExternalTexture", Labelled & { readonly expired?: boolean }>;
export type GPUBindGroupLayout = Known<"GPUBindGroupLayout", Labelled>;
export type GPUComputePipeline = Known<"GPUComputePipeline", Labelled & { getBindGroupLayout(index: number): unknown }>;
export type GPURenderPipeline = Known<"GPURenderPipeline", Labelled & { getBindGroupLayout(index: number): unknown }>;
export type GPUComputePassEncoder = Known<"GPUComputePassEncoder", Labelled & { dispatchWorkgroups(x: number): unknown }>;
export type GPUCanvasContext = Known<"GPUCanvasContext", { readonly canvas: unknown; getCurrentTexture(): unknown }>;
export type GPUError = Known<"GPUError", { readonly message: string }>;
export type GPUTextureFormat = string;
export type GPUPowerPreference = "low-power" | "high-performance";

export type HTMLElement = Known<"HTMLElement", { readonly tagName: string; readonly shadowRoot: unknown }>;
export type HTMLCanvasElement = Known<"HTMLCanvasElement", never>;
export type OffscreenCanvas = Known<"OffscreenCanvas", never>;
export type Document = Known<"Document", never>;
export type ShadowRoot = Known<"ShadowRoot", never>;
export type AbortSignal = Known<"AbortSignal", { readonly aborted: boolean; readonly reason: unknown; throwIfAborted(): void }>;
export type GPUCopyExternalImageSource =
  | Known<"ImageBitmap", never>
  | Known<"ImageData", never>
  | Known<"HTMLImageElement", never>
  | Known<"HTMLVideoElement", never>
  | Known<"VideoFrame", never>
  | HTMLCanvasElement
  | OffscreenCanvas;
export type FileSystemFileHandle = Known<"FileSystemFileHandle", { getFile(): Promise<unknown>; createWritable(): Promise<unknown> }>;
