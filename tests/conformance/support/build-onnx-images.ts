import {
  averagePool1d,
  averagePool2d,
  batchNormInference,
  conv1d,
  conv2d,
  convTranspose2d,
  type F32,
  globalAveragePool2d,
  globalMaxPool2d,
  layerNormStatistics,
  lpPool1d,
  lpPool2d,
  maxPool1d,
  maxPool2d,
  maxPool2dWithIndices,
  maxUnpool2d,
  pad,
  reshape,
  type Tensor,
  transpose,
} from "../../../src/index.ts";
import type { OnnxNode } from "./build-onnx.ts";
import { channelsFirst, channelsLast, type Images } from "./images.ts";

type Vector = F32<readonly [number]>;
type Pair = readonly [number, number];

const ones = (n: number) => Array<number>(n).fill(1);

/** Window attributes of 1 or 2 spatial axes, as our options for 2: a row is a plane of one row. */
function windowOf({ list, text }: OnnxNode, rank: number) {
  const pair = (values: readonly number[], otherwise: number): Pair => (rank === 1 ? [otherwise, values[0]] : [values[0], values[1]]);
  const pads = list("pads") ?? Array<number>(2 * rank).fill(0);
  const sides = Array.from({ length: rank }, (_, axis): Pair => [pads[axis], pads[axis + rank]]);
  const [vertical, horizontal] = rank === 1 ? [[0, 0] as const, sides[0]] : sides;
  const auto = text("auto_pad", "NOTSET");
  const padding: "same" | "same-lower" | "valid" | readonly [Pair, Pair] =
    auto === "SAME_UPPER" ? "same" : auto === "SAME_LOWER" ? "same-lower" : auto === "VALID" ? "valid" : [vertical, horizontal];
  return { stride: pair(list("strides") ?? ones(rank), 1), dilation: pair(list("dilations") ?? ones(rank), 1), padding, pair };
}

/** [N, C, L] as [N, C, 1, L]; planes as they are. Three spatial axes are not ours. */
function planes(x: F32): { readonly rank: number; readonly images: Images } {
  const rank = x.shape.length - 2;
  if (rank > 2) throw new Error(`${rank} spatial axes`);
  const [n, c, l] = x.shape;
  return { rank, images: channelsLast(rank === 1 ? reshape(x, [n, c, 1, l]) : x) as Images };
}

const back = (y: Images, rank: number): F32 => {
  const result = channelsFirst(y);
  const [n, c, , l] = result.shape;
  return rank === 1 ? reshape(result, [n, c, l]) : result;
};

export function buildConv(node: OnnxNode): Tensor {
  const { x, has, number, values } = node;
  const groups = number("group", 1);
  const bias = has(2) ? { bias: x(2) as Vector } : {};
  const { pair: _, ...window } = windowOf(node, values(0).shape.length - 2);
  if (values(0).shape.length === 3) {
    const filter = transpose(x(1), [2, 1, 0]) as F32<readonly [number, number, number]>;
    const padding = typeof window.padding === "string" ? window.padding : window.padding[1];
    const rows = channelsLast(x(0)) as F32<readonly [number, number, number]>;
    return channelsFirst(conv1d(rows, filter, { stride: window.stride[1], dilation: window.dilation[1], padding, groups, ...bias }));
  }
  const filter = transpose(x(1), [2, 3, 1, 0]) as Images;
  return channelsFirst(conv2d(planes(x(0)).images, filter, { ...window, groups, ...bias }));
}

/** Filters are [C_in, C_out / groups, …]: ours have the input channels last. */
export function buildConvTranspose(node: OnnxNode): Tensor {
  const { x, has, number, list } = node;
  const { rank, images } = planes(x(0));
  const { pair, ...window } = windowOf(node, rank);
  const [i, o, ...taps] = x(1).shape;
  const filter = transpose(reshape(x(1), rank === 1 ? [i, o, 1, ...taps] : [i, o, ...taps]), [2, 3, 1, 0]) as Images;
  const outputSize = list("output_shape");
  const outputPadding = list("output_padding");
  const y = convTranspose2d(images, filter, {
    ...window,
    groups: number("group", 1),
    ...(outputSize ? { outputSize: pair(outputSize.slice(-rank), 1) } : {}),
    ...(outputPadding ? { outputPadding: pair(outputPadding, 0) } : {}),
    ...(has(2) ? { bias: x(2) as Vector } : {}),
  });
  return back(y, rank);
}

export const buildPool =
  (kind: "max" | "average" | "lp") =>
  (node: OnnxNode): Tensor | Record<string, Tensor> => {
    const { x, number, list, asked } = node;
    const { rank, images } = planes(x(0));
    const { pair, ...window } = windowOf(node, rank);
    const ceilMode = number("ceil_mode", 0) === 1;
    const options = { ...window, size: pair(list("kernel_shape") ?? [], 1), ceilMode };
    const average = { countIncludePad: number("count_include_pad", 0) === 1 };
    const p = number("p", 2);
    if (rank === 1) {
      const [row, padding] = [channelsLast(x(0)) as F32<readonly [number, number, number]>, window.padding];
      const along = { size: options.size[1], stride: window.stride[1], dilation: window.dilation[1], ceilMode };
      const options1d = { ...along, padding: typeof padding === "string" ? padding : padding[1] };
      if (kind === "max") return channelsFirst(maxPool1d(row, options1d));
      return channelsFirst(kind === "lp" ? lpPool1d(row, { ...options1d, p }) : averagePool1d(row, { ...options1d, ...average }));
    }
    if (kind === "average") return back(averagePool2d(images, { ...options, ...average }), rank);
    if (kind === "lp") return back(lpPool2d(images, { ...options, p }), rank);
    const outputs = { output0: back(maxPool2d(images, options), rank) };
    if (!asked.includes("output1")) return outputs;
    return { ...outputs, output1: channelsFirst(maxPool2dWithIndices(images, options).indices as Tensor as F32) };
  };

export const buildGlobalPool =
  (kind: "max" | "average") =>
  ({ x }: OnnxNode): Tensor =>
    channelsFirst((kind === "max" ? globalMaxPool2d : globalAveragePool2d)(channelsLast(x(0)) as Images));

/** Indices of one image and one channel: those of the whole tensor are those of its plane. */
export function buildMaxUnpool(node: OnnxNode): Tensor {
  const { x, values, graph, numbers, list } = node;
  const [n, c] = values(0).shape;
  if (n !== 1 || c !== 1) throw new Error("indices of more than one plane");
  const { pair, ...window } = windowOf(node, 2);
  const size = pair(list("kernel_shape") ?? [], 1);
  const indices = channelsLast(graph.i32("indices", values(1)) as Tensor as F32) as Tensor;
  const y = maxUnpool2d(channelsLast(x(0)) as Images, indices as never, { ...window, size });
  // Indices count in the plane that belongs to the windows; an output shape only adds zeros at its end.
  const shape = numbers(2);
  const further = shape ? [0, shape[2] - y.shape[1], shape[3] - y.shape[2], 0] : [0, 0, 0, 0];
  return channelsFirst(pad(y, [0, 0, 0, 0], further));
}

export function buildBatchNorm(node: OnnxNode): Tensor {
  const { x, number } = node;
  const [scale, bias, mean, variance] = [1, 2, 3, 4].map((i) => x(i) as Vector);
  return channelsFirst(batchNormInference(channelsLast(x(0)), scale, bias, mean, variance, { epsilon: number("epsilon", 1e-5) }));
}

export function buildLayerNorm(node: OnnxNode): Record<string, Tensor> {
  const { x, has, number, asked } = node;
  const { y, mean, inverseDeviation } = layerNormStatistics(x(0), {
    scale: x(1),
    ...(has(2) ? { bias: x(2) } : {}),
    axis: number("axis", -1),
    epsilon: number("epsilon", 1e-5),
  });
  const all: Record<string, Tensor> = { output0: y, output1: mean, output2: inverseDeviation };
  return Object.fromEntries(asked.map((name) => [name, all[name]]));
}
