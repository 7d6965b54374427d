import { checkOptions } from "../../errors.ts";
import type { F32 } from "../../graph/tensor.ts";
import { globalAveragePool2d } from "../../ops/pool/global.ts";
import { maxout } from "../../ops/pool/maxout.ts";
import { type AveragePoolOptions, averagePool2d, maxPool2d, type PoolOptions } from "../../ops/pool/public.ts";
import { resolvePair } from "../../ops/window.ts";
import type { Layer } from "../layer.ts";
import { imagesOf } from "./convolution.ts";
import { checkUnits } from "./dense.ts";

const WINDOW = ["size", "stride", "dilation", "padding", "ceilMode"];

/** The maximum of each window, which lie side by side unless a stride is given: [N, H, W, C] → [N, OH, OW, C]. See `maxPool2d`. */
export function maxPoolLayer(options: PoolOptions): Layer {
  checkOptions("maxPoolLayer", options, WINDOW);
  resolvePair("maxPoolLayer", "size", options.size, 1);
  return { name: "maxPool", apply: (x) => maxPool2d(imagesOf("maxPoolLayer", x), options) };
}

/** The average of each window: [N, H, W, C] → [N, OH, OW, C]. See `averagePool2d`. */
export function averagePoolLayer(options: AveragePoolOptions): Layer {
  checkOptions("averagePoolLayer", options, [...WINDOW, "countIncludePad", "divisorOverride"]);
  resolvePair("averagePoolLayer", "size", options.size, 1);
  return { name: "averagePool", apply: (x) => averagePool2d(imagesOf("averagePoolLayer", x), options) };
}

/** The average of each plane: [N, H, W, C] → [N, 1, 1, C]; `flattenLayer` makes that [N, C]. */
export const globalAveragePoolLayer = (): Layer => ({
  name: "globalAveragePool",
  apply: (x) => globalAveragePool2d(imagesOf("globalAveragePoolLayer", x)),
});

/** The maximum of each `size` neighbouring channels: [..., C] → [..., C / size]. See `maxout`. */
export function maxoutLayer(options: { readonly size: number }): Layer {
  checkOptions("maxoutLayer", options, ["size"]);
  checkUnits("maxoutLayer", options.size, "size");
  return { name: "maxout", apply: (x) => maxout(x as F32, options) };
}
