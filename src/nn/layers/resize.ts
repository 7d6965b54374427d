import { check, checkOptions } from "../../errors.ts";
import { type ResizeOptions, resize2d } from "../../ops/resize/resize.ts";
import type { Layer } from "../layer.ts";
import { imagesOf } from "./convolution.ts";

/**
 * Images in another size, enlarged (upsampled) by `scale` or brought to `size`: [N, H, W, C] → [N, OH, OW, C], by the nearest pixel unless
 * `mode` says "bilinear". See `resize2d`.
 */
export function resizeLayer(options: ResizeOptions): Layer {
  checkOptions("resizeLayer", options, ["size", "scale", "mode", "coordinates", "rounding"]);
  check((options.size === undefined) !== (options.scale === undefined), "argument", "resizeLayer: give size or scale, one of them");
  return { name: "resize", apply: (x) => resize2d(imagesOf("resizeLayer", x), options) };
}
