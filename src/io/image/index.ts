export type { Crop, ImageReaderOptions, PixelData } from "./options.ts";
export { createImageReader, type ImageReader, type ReadOptions } from "./reader.ts";
export type { ImageSource } from "./source.ts";
