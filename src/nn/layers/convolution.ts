import { check, checkFlag, checkOptions } from "../../errors.ts";
import type { Activation } from "../../graph/op.ts";
import type { F32, Initializer, Tensor } from "../../graph/tensor.ts";
import { formatType } from "../../graph/types.ts";
import { type Conv1dOptions, conv1d } from "../../ops/conv/conv1d.ts";
import { conv2d } from "../../ops/conv/conv2d.ts";
import type { Images } from "../../ops/pool/public.ts";
import type { Rows } from "../../ops/pool/rows.ts";
import { type Pair, resolvePair, type WindowOptions, type WindowOptions1d } from "../../ops/window.ts";
import { glorot, he } from "../initializers.ts";
import type { Layer, LayerContext } from "../layer.ts";
import { checkActivation, checkInitializer, checkUnits } from "./dense.ts";

/** What the layers of convolutions have in common. */
export interface FilterOptions {
  /** Channels of the output. */
  readonly filters: number;
  /** Channels fall into this many groups, each convolved on its own. Default 1. */
  readonly groups?: number;
  /** None unless given. */
  readonly activation?: Activation;
  /** Default true. */
  readonly bias?: boolean;
  /** Of W. Default He uniform before (leaky) ReLU, else Glorot uniform. */
  readonly initializer?: Initializer;
}

export interface Conv2dLayerOptions extends WindowOptions, FilterOptions {
  /** Height and width of a filter: one number, or [vertical, horizontal]. */
  readonly size: number | Pair;
}

export interface Conv1dLayerOptions extends WindowOptions1d, FilterOptions {
  /** Taps of a filter. */
  readonly size: number;
}

export const FILTER_OPTIONS = ["filters", "size", "stride", "dilation", "padding", "groups", "activation", "bias", "initializer"];

export const isRectified = (activation: Activation | undefined): boolean => activation?.name === "relu" || activation?.name === "leakyRelu";

/** Checks what the layers have in common and fills in what is left out. */
export function filterOptions(layer: string, options: FilterOptions) {
  const { filters, groups = 1, activation, bias = true } = options;
  const { initializer = isRectified(activation) ? he() : glorot() } = options;
  checkUnits(layer, filters, "filters");
  checkUnits(layer, groups, "groups");
  checkFlag(layer, "bias", bias);
  checkActivation(layer, activation);
  checkInitializer(layer, "initializer", initializer);
  return { filters, groups, activation, bias, initializer };
}

/** The options of a window that are there. */
export const windowOf = <W extends WindowOptions | WindowOptions1d>({ stride, dilation, padding }: W): W =>
  ({
    ...(stride === undefined ? {} : { stride }),
    ...(dilation === undefined ? {} : { dilation }),
    ...(padding === undefined ? {} : { padding }),
  }) as W;

export function checkGroups(layer: string, channels: number, filters: number, groups: number): void {
  check(
    channels % groups === 0 && filters % groups === 0,
    "shape",
    () => `${layer}: ${channels} channels and ${filters} filters do not fall into ${groups} groups`,
  );
}

/** The options that the ops take beside the window: groups, the variable `b` and the activation, where there are any. */
export function epilogueOf(
  { filters, groups, activation, bias }: ReturnType<typeof filterOptions>,
  { variable }: LayerContext,
): Pick<Conv1dOptions, "groups" | "bias" | "activation"> {
  return {
    groups,
    ...(bias ? { bias: variable("b", [filters] as const) as F32<readonly [number]> } : {}),
    ...(activation ? { activation } : {}),
  };
}

/**
 * activation(x ∗ W + b): [N, H, W, C] → [N, OH, OW, filters]. Variables W [size, size, C / groups, filters] and b [filters].
 * @throws UnrollError `argument` for options; `shape` when applied to what is not f32 [N, H, W, C].
 */
export function conv2dLayer(options: Conv2dLayerOptions): Layer {
  const name = "conv2dLayer";
  checkOptions(name, options, FILTER_OPTIONS);
  const settings = filterOptions(name, options);
  const { filters, groups, initializer } = settings;
  const [height, width] = resolvePair(name, "size", options.size, 1);
  return {
    name: "conv2d",
    apply(x, context) {
      const images = imagesOf(name, x);
      const channels = images.shape[3];
      checkGroups(name, channels, filters, groups);
      const W = context.variable("W", [height, width, channels / groups, filters] as const, initializer);
      return conv2d(images, W, { ...windowOf<WindowOptions>(options), ...epilogueOf(settings, context) });
    },
  };
}

/**
 * activation(x ∗ W + b) along one axis: [N, L, C] → [N, OL, filters]. Variables W [size, C / groups, filters] and b [filters].
 * @throws UnrollError `argument` for options; `shape` when applied to what is not f32 [N, L, C].
 */
export function conv1dLayer(options: Conv1dLayerOptions): Layer {
  const name = "conv1dLayer";
  checkOptions(name, options, FILTER_OPTIONS);
  const settings = filterOptions(name, options);
  const { filters, groups, initializer } = settings;
  const { size } = options;
  checkUnits(name, size, "size");
  return {
    name: "conv1d",
    apply(x, context) {
      const rows = rowsOf(name, x);
      const channels = rows.shape[2];
      checkGroups(name, channels, filters, groups);
      const W = context.variable("W", [size, channels / groups, filters] as const, initializer);
      return conv1d(rows, W, { ...windowOf<WindowOptions1d>(options), ...epilogueOf(settings, context) });
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

/** `x` as rows, or an error in the layer's name. */
export function rowsOf(layer: string, x: Tensor): Rows {
  check(x.dtype === "f32" && x.shape.length === 3, "shape", () => `${layer}: the input is ${formatType(x)}; expected rows, f32 [N, L, C]`);
  return x as Rows;
}
