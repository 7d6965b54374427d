import { check, checkFlag, checkOptions } from "../../errors.ts";
import type { Activation } from "../../graph/op.ts";
import type { Initializer, Tensor } from "../../graph/tensor.ts";
import { formatType } from "../../graph/types.ts";
import { conv2d } from "../../ops/conv/conv2d.ts";
import type { Images } from "../../ops/pool/public.ts";
import { type Pair, resolvePair, type WindowOptions } from "../../ops/window.ts";
import { glorot, he } from "../initializers.ts";
import type { Layer } from "../layer.ts";
import { checkActivation, checkInitializer, checkUnits } from "./dense.ts";

export interface Conv2dLayerOptions extends WindowOptions {
  /** Channels of the output. */
  readonly filters: number;
  /** Height and width of a filter: one number, or [vertical, horizontal]. */
  readonly size: number | Pair;
  /** Channels fall into this many groups, each convolved on its own. Default 1. */
  readonly groups?: number;
  /** None unless given. */
  readonly activation?: Activation;
  /** Default true. */
  readonly bias?: boolean;
  /** Of W. Default He uniform before (leaky) ReLU, else Glorot uniform. */
  readonly initializer?: Initializer;
}

/**
 * activation(x ∗ W + b): [N, H, W, C] → [N, OH, OW, filters]. Variables W [size, size, C / groups, filters] and b [filters].
 * @throws UnrollError `argument` for options; `shape` when applied to what is not f32 [N, H, W, C].
 */
export function conv2dLayer(options: Conv2dLayerOptions): Layer {
  checkOptions("conv2dLayer", options, ["filters", "size", "stride", "dilation", "padding", "groups", "activation", "bias", "initializer"]);
  const { filters, size, groups = 1, activation, bias = true, stride, dilation, padding } = options;
  const rectified = activation?.name === "relu" || activation?.name === "leakyRelu";
  const { initializer = rectified ? he() : glorot() } = options;
  checkUnits("conv2dLayer", filters, "filters");
  checkUnits("conv2dLayer", groups, "groups");
  const [height, width] = resolvePair("conv2dLayer", "size", size, 1);
  checkFlag("conv2dLayer", "bias", bias);
  checkActivation("conv2dLayer", activation);
  checkInitializer("conv2dLayer", "initializer", initializer);
  const window = {
    ...(stride === undefined ? {} : { stride }),
    ...(dilation === undefined ? {} : { dilation }),
    ...(padding === undefined ? {} : { padding }),
  };
  return {
    name: "conv2d",
    apply(x, { variable }) {
      const images = imagesOf("conv2dLayer", x);
      const channels = images.shape[3];
      check(
        channels % groups === 0 && filters % groups === 0,
        "shape",
        () => `conv2dLayer: ${channels} channels and ${filters} filters do not fall into ${groups} groups`,
      );
      const W = variable("W", [height, width, channels / groups, filters] as const, initializer);
      const b = bias ? variable("b", [filters] as const) : undefined;
      return conv2d(images, W, { ...window, groups, ...(b ? { bias: b } : {}), ...(activation ? { activation } : {}) });
    },
  };
}

/** `x` as images, or an error in the layer's name. */
export function imagesOf(layer: string, x: Tensor): Images {
  check(
    x.dtype === "f32" && x.shape.length === 4,
    "shape",
    () => `${layer}: the input is ${formatType(x)}; expected images, f32 [N, H, W, C]`,
  );
  return x as Images;
}
