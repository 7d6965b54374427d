import { type F32, transpose } from "../../../src/index.ts";

export type Images = F32<readonly [number, number, number, number]>;

/** [N, C, …] → [N, …, C]: PyTorch's and ONNX's layout as ours. */
export const channelsLast = (x: F32): F32 => {
  const axes = x.shape.map((_, axis) => axis);
  return transpose(x, [0, ...axes.slice(2), 1]) as F32;
};

/** [N, …, C] → [N, C, …]. */
export const channelsFirst = (x: F32): F32 => {
  const last = x.shape.length - 1;
  return transpose(x, [0, last, ...x.shape.map((_, axis) => axis).slice(1, -1)]) as F32;
};
