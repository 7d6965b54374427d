export { type ColorMap, diverging, greyColors, viridis } from "./colors.ts";
export type { Crop, ImageReaderOptions, PixelData } from "./options.ts";
export { createImageReader, type ImageReader, type ReadOptions } from "./reader.ts";
export type { ImageSource } from "./source.ts";
export type { DrawOptions, ImageWriterOptions } from "./write-options.ts";
export { type AnyCanvas, createImageWriter, type Drawable, type ImageWriter } from "./writer.ts";
