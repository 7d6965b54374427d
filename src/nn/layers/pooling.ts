import { checkOptions } from "../../errors.ts";
import type { F32 } from "../../graph/tensor.ts";
import { globalAveragePool2d, globalLpPool2d, globalMaxPool2d } from "../../ops/pool/global.ts";
import { maxout } from "../../ops/pool/maxout.ts";
import {
  type AveragePoolOptions,
  averagePool2d,
  type LpPoolOptions,
  lpPool2d,
  maxPool2d,
  type PoolOptions,
} from "../../ops/pool/public.ts";
import {
  type AveragePoolOptions1d,
  averagePool1d,
  type LpPoolOptions1d,
  lpPool1d,
  maxPool1d,
  type PoolOptions1d,
} from "../../ops/pool/rows.ts";
import { resolvePair } from "../../ops/window.ts";
import type { Layer } from "../layer.ts";
import { imagesOf, rowsOf } from "./convolution.ts";
import { checkUnits } from "./dense.ts";

const WINDOW = ["size", "stride", "dilation", "padding", "ceilMode"];
const AVERAGE = [...WINDOW, "countIncludePad", "divisorOverride"];
const LP = [...WINDOW, "p"];

/** The maximum of each window, which lie side by side unless a stride is given: [N, H, W, C] → [N, OH, OW, C]. See `maxPool2d`. */
export function maxPoolLayer(options: PoolOptions): Layer {
  checkOptions("maxPoolLayer", options, WINDOW);
  resolvePair("maxPoolLayer", "size", options.size, 1);
  return { name: "maxPool", apply: (x) => maxPool2d(imagesOf("maxPoolLayer", x), options) };
}

/** The average of each window: [N, H, W, C] → [N, OH, OW, C]. See `averagePool2d`. */
export function averagePoolLayer(options: AveragePoolOptions): Layer {
  checkOptions("averagePoolLayer", options, AVERAGE);
  resolvePair("averagePoolLayer", "size", options.size, 1);
  return { name: "averagePool", apply: (x) => averagePool2d(imagesOf("averagePoolLayer", x), options) };
}

/** (Σ |x|^p)^(1/p) of each window, p = 2 unless given: [N, H, W, C] → [N, OH, OW, C]. See `lpPool2d`. */
export function lpPoolLayer(options: LpPoolOptions): Layer {
  checkOptions("lpPoolLayer", options, LP);
  resolvePair("lpPoolLayer", "size", options.size, 1);
  checkExponent("lpPoolLayer", options.p);
  return { name: "lpPool", apply: (x) => lpPool2d(imagesOf("lpPoolLayer", x), options) };
}

/** {@link maxPoolLayer} along one axis: [N, L, C] → [N, OL, C]. See `maxPool1d`. */
export function maxPool1dLayer(options: PoolOptions1d): Layer {
  checkOptions("maxPool1dLayer", options, WINDOW);
  checkUnits("maxPool1dLayer", options.size, "size");
  return { name: "maxPool1d", apply: (x) => maxPool1d(rowsOf("maxPool1dLayer", x), options) };
}

/** {@link averagePoolLayer} along one axis: [N, L, C] → [N, OL, C]. See `averagePool1d`. */
export function averagePool1dLayer(options: AveragePoolOptions1d): Layer {
  checkOptions("averagePool1dLayer", options, AVERAGE);
  checkUnits("averagePool1dLayer", options.size, "size");
  return { name: "averagePool1d", apply: (x) => averagePool1d(rowsOf("averagePool1dLayer", x), options) };
}

/** {@link lpPoolLayer} along one axis: [N, L, C] → [N, OL, C]. See `lpPool1d`. */
export function lpPool1dLayer(options: LpPoolOptions1d): Layer {
  checkOptions("lpPool1dLayer", options, LP);
  checkUnits("lpPool1dLayer", options.size, "size");
  checkExponent("lpPool1dLayer", options.p);
  return { name: "lpPool1d", apply: (x) => lpPool1d(rowsOf("lpPool1dLayer", x), options) };
}

/** The maximum of each plane: [N, H, W, C] → [N, 1, 1, C]; `flattenLayer` makes that [N, C]. */
export const globalMaxPoolLayer = (): Layer => ({
  name: "globalMaxPool",
  apply: (x) => globalMaxPool2d(imagesOf("globalMaxPoolLayer", x)),
});

/** The average of each plane: [N, H, W, C] → [N, 1, 1, C]; `flattenLayer` makes that [N, C]. */
export const globalAveragePoolLayer = (): Layer => ({
  name: "globalAveragePool",
  apply: (x) => globalAveragePool2d(imagesOf("globalAveragePoolLayer", x)),
});

/** (Σ |x|^p)^(1/p) of each plane, p = 2 unless given: [N, H, W, C] → [N, 1, 1, C]. */
export function globalLpPoolLayer(options: { readonly p?: number } = {}): Layer {
  checkOptions("globalLpPoolLayer", options, ["p"]);
  checkExponent("globalLpPoolLayer", options.p);
  return { name: "globalLpPool", apply: (x) => globalLpPool2d(imagesOf("globalLpPoolLayer", x), options) };
}

/** The maximum of each `size` neighbouring channels: [..., C] → [..., C / size]. See `maxout`. */
export function maxoutLayer(options: { readonly size: number }): Layer {
  checkOptions("maxoutLayer", options, ["size"]);
  checkUnits("maxoutLayer", options.size, "size");
  return { name: "maxout", apply: (x) => maxout(x as F32, options) };
}

function checkExponent(layer: string, p: number | undefined): void {
  if (p !== undefined) checkUnits(layer, p, "p");
}
