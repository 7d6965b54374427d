import { check, describe, describeMeant } from "../../errors.ts";
import { ACTIVATIONS_MEANT, type Activation } from "../../graph/op.ts";
import { Tensor } from "../../graph/tensor.ts";
import { formatType, type TensorType } from "../../graph/types.ts";
import { checkWindow, resolvePair, windowCounts } from "../window.ts";
import type { ConvAttributes, InputGradientAttributes } from "./problem.ts";

const layoutOf = (name: string, rank: number): string => {
  if (name === "bias") return "one value for each channel";
  if (name === "filter") return rank === 4 ? "[KH, KW, C_in / groups, C_out]" : "[K, C_in / groups, C_out]";
  return rank === 4 ? "[N, height, width, channels]" : "[N, length, channels]";
};

type Names = readonly (readonly [name: string, type: TensorType | undefined, rank: number])[];

/** Every tensor is f32 and has its rank. */
export function checkTensors(op: string, tensors: Names): void {
  for (const [name, type, rank] of tensors) {
    check(type && Array.isArray(type.shape), "argument", () => `${op}: ${name} must be a tensor, not ${String(type)}`);
    check(type.dtype === "f32", "dtype", () => `${op}: ${name} is ${formatType(type)}, it must be f32`);
    const layout = layoutOf(name, rank);
    check(type.shape.length === rank, "shape", () => `${op}: ${name} is ${formatType(type)}, expected rank ${rank}: ${layout}`);
    check(
      type.shape.every((n, axis) => n > 0 || (axis === 0 && name !== "filter" && name !== "bias")),
      "shape",
      () => `${op}: ${name} is ${formatType(type)}: only the batch may be empty`,
    );
  }
}

/** A bias is a tensor or left out. */
export function checkBiasOption(op: string, bias: unknown): void {
  check(
    bias === undefined || bias instanceof Tensor,
    "argument",
    () => `${op}: bias must be a tensor of one value for each channel, not ${describe(bias)}`,
  );
}

export function checkOptions(op: string, { window, groups, activation }: ConvAttributes): void {
  checkWindow(op, window);
  check(
    Number.isInteger(groups) && groups >= 1,
    "argument",
    () => `${op}: groups is ${String(groups)}, expected a whole number of at least 1`,
  );
  check(
    isActivation(activation),
    "argument",
    () => `${op}: activation must be an Activation such as reluActivation, not ${describeMeant(activation, ACTIVATIONS_MEANT)}`,
  );
}

const isActivation = (f: Activation | undefined): boolean =>
  f === undefined || (typeof f === "object" && typeof f.wgsl === "string" && typeof f.reference === "function");

const sizesMatch = (op: string, filter: TensorType, [h, w]: readonly [number, number]): void =>
  check(
    filter.shape[0] === h && filter.shape[1] === w,
    "shape",
    () => `${op}: filter is ${formatType(filter)}, but the window is ${h}×${w}`,
  );

function checkBias(op: string, bias: TensorType | undefined, channels: number): void {
  check(!bias || bias.shape[0] === channels, "shape", () => `${op}: bias is ${formatType(bias as TensorType)}, expected f32[${channels}]`);
}

const divides = (op: string, name: string, type: TensorType, channels: number, groups: number): void =>
  check(
    channels % groups === 0,
    "shape",
    () => `${op}: ${name} is ${formatType(type)}: its ${channels} channels do not divide into ${groups} groups`,
  );

/** x, filter, bias? → y. */
export function conv2dShape([x, filter, bias]: readonly TensorType[], attributes: ConvAttributes): readonly TensorType[] {
  const op = "conv2d";
  checkTensors(op, [["x", x, 4], ["filter", filter, 4], ...(bias ? [["bias", bias, 1] as const] : [])]);
  checkOptions(op, attributes);
  const { window, groups } = attributes;
  sizesMatch(op, filter, window.size);
  divides(op, "x", x, x.shape[3], groups);
  divides(op, "filter", filter, filter.shape[3], groups);
  check(
    filter.shape[2] * groups === x.shape[3],
    "shape",
    () =>
      `${op}: x is ${formatType(x)} and filter is ${formatType(filter)}: in ${groups} group${groups > 1 ? "s" : ""} x has ${x.shape[3] / groups} channels for each filter, not ${filter.shape[2]}`,
  );
  checkBias(op, bias, filter.shape[3]);
  const counts = windowCounts(op, [x.shape[1], x.shape[2]], window);
  return [{ dtype: "f32", shape: [x.shape[0], ...counts, filter.shape[3]] }];
}

/** gradient, filter, bias? → gradient of x. */
export function inputGradientShape(
  [gradient, filter, bias]: readonly TensorType[],
  attributes: InputGradientAttributes,
): readonly TensorType[] {
  const op = "conv2dInputGradient";
  checkTensors(op, [["gradient", gradient, 4], ["filter", filter, 4], ...(bias ? [["bias", bias, 1] as const] : [])]);
  checkOptions(op, attributes);
  const { window, groups } = attributes;
  const size = resolvePair(op, "size", attributes.size, 1);
  sizesMatch(op, filter, window.size);
  divides(op, "gradient", gradient, gradient.shape[3], groups);
  check(
    filter.shape[3] === gradient.shape[3],
    "shape",
    () => `${op}: gradient is ${formatType(gradient)} and filter is ${formatType(filter)}: their last sizes differ`,
  );
  checkBias(op, bias, filter.shape[2] * groups);
  const counts = windowCounts(op, size, window);
  check(
    counts[0] === gradient.shape[1] && counts[1] === gradient.shape[2],
    "shape",
    () => `${op}: gradient is ${formatType(gradient)}, but an input of ${size.join("×")} has an output of ${counts.join("×")}`,
  );
  return [{ dtype: "f32", shape: [gradient.shape[0], ...size, filter.shape[2] * groups] }];
}

/** x, gradient → gradient of the filter. */
export function filterGradientShape([x, gradient]: readonly TensorType[], attributes: ConvAttributes): readonly TensorType[] {
  const op = "conv2dFilterGradient";
  checkTensors(op, [
    ["x", x, 4],
    ["gradient", gradient, 4],
  ]);
  checkOptions(op, attributes);
  const { window, groups } = attributes;
  divides(op, "x", x, x.shape[3], groups);
  divides(op, "gradient", gradient, gradient.shape[3], groups);
  const counts = windowCounts(op, [x.shape[1], x.shape[2]], window);
  check(
    x.shape[0] === gradient.shape[0] && counts[0] === gradient.shape[1] && counts[1] === gradient.shape[2],
    "shape",
    () => `${op}: x is ${formatType(x)} and gradient is ${formatType(gradient)}, expected [${x.shape[0]}, ${counts.join(", ")}, channels]`,
  );
  return [{ dtype: "f32", shape: [...window.size, x.shape[3] / groups, gradient.shape[3]] }];
}
