import { checkOptions } from "../../errors.ts";
import { initializer, withins } from "../../graph/draw.ts";
import type { Initializer } from "../../graph/tensor.ts";
import { type ConvTranspose2dOptions, convTranspose2d } from "../../ops/conv/conv-transpose.ts";
import { resolvePair, type WindowOptions } from "../../ops/window.ts";
import type { Layer } from "../layer.ts";
import {
  type Conv2dLayerOptions,
  checkGroups,
  epilogueOf,
  FILTER_OPTIONS,
  filterOptions,
  imagesOf,
  isRectified,
  windowOf,
} from "./convolution.ts";

export interface ConvTranspose2dLayerOptions
  extends Conv2dLayerOptions,
    Pick<ConvTranspose2dOptions, "padding" | "outputPadding" | "outputSize"> {}

/** He uniform with the channels that come in as fan in, which stand last in a transposed filter. */
const transposedHe = (): Initializer =>
  initializer(withins, ([height, width, , channels]) => [Math.SQRT2 * Math.sqrt(3 / (height * width * channels))]);

/**
 * Transposed convolution, which enlarges: activation(x ∗ᵀ W + b), [N, H, W, C] → [N, OH, OW, filters], with a stride s and padding "same"
 * s times as large. Variables W [size, size, filters / groups, C] and b [filters]. See `convTranspose2d`.
 * @throws UnrollError `argument` for options; `shape` when applied to what is not f32 [N, H, W, C].
 */
export function convTranspose2dLayer(options: ConvTranspose2dLayerOptions): Layer {
  const name = "convTranspose2dLayer";
  checkOptions(name, options, [...FILTER_OPTIONS, "outputPadding", "outputSize"]);
  const settings = filterOptions(name, {
    ...options,
    initializer: options.initializer ?? (isRectified(options.activation) ? transposedHe() : undefined),
  });
  const { filters, groups } = settings;
  const { outputPadding, outputSize } = options;
  const [height, width] = resolvePair(name, "size", options.size, 1);
  return {
    name: "convTranspose2d",
    apply(x, context) {
      const images = imagesOf(name, x);
      const channels = images.shape[3];
      checkGroups(name, channels, filters, groups);
      const W = context.variable("W", [height, width, filters / groups, channels] as const, settings.initializer);
      return convTranspose2d(images, W, {
        ...windowOf<WindowOptions>(options),
        ...epilogueOf(settings, context),
        ...(outputPadding === undefined ? {} : { outputPadding }),
        ...(outputSize === undefined ? {} : { outputSize }),
      });
    },
  };
}
