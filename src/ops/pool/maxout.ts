import { check, checkOptions } from "../../errors.ts";
import { apply, type F32, type Tensor } from "../../graph/tensor.ts";
import { formatType, type Shape, sizeOf } from "../../graph/types.ts";
import { checkTensor } from "../pointwise/define.ts";
import { reshape } from "../shape/reshape.ts";
import type { Window } from "../window.ts";
import { maxPoolAfter } from "./commute.ts";
import { maxPoolOp } from "./max.ts";

export interface MaxoutOptions {
  /** Neighbouring channels that become one. */
  readonly size: number;
}

function pieces(x: F32, options: MaxoutOptions): { readonly window: Window; readonly shape: Shape; readonly row: Shape } {
  checkTensor("maxout", "x", x);
  check(x.dtype === "f32", "dtype", () => `maxout: x is ${formatType(x)}; it must be f32`);
  check(x.shape.length > 0, "shape", "maxout: x is a scalar; expected [..., C]");
  checkOptions("maxout", options, ["size"]);
  const { size } = options;
  check(Number.isInteger(size) && size >= 1, "argument", () => `maxout: size must be a whole number above 0, not ${String(size)}`);
  const channels = x.shape[x.shape.length - 1];
  check(channels % size === 0, "shape", () => `maxout: x is ${formatType(x)}: its ${channels} channels are no multiple of size ${size}`);
  const none = [0, 0] as const;
  return {
    window: { size: [1, size], stride: [1, size], dilation: [1, 1], padding: [none, none] },
    shape: [...x.shape.slice(0, -1), channels / size],
    row: [1, 1, sizeOf(x.shape), 1],
  };
}

/**
 * Maxout (Goodfellow et al. 2013), pooling over features: y[..., c] = the maximum of x[..., c·size + j] over j < size. [..., C] → [..., C / size].
 * The first of equal maxima gets the gradient.
 * @throws UnrollError `shape`, `dtype` or `argument` when the operands do not fit.
 */
export function maxout<S extends Shape>(x: F32<S>, options: MaxoutOptions): F32<S> {
  const { window, shape, row } = pieces(x, options);
  if (sizeOf(shape) === 0 || options.size === 1) return (options.size === 1 ? x : reshape(x, shape)) as F32<S>;
  // All channels of all pixels in one row: a group is a window.
  const y = maxPoolAfter(x, { window, ceilMode: false }, (it) => reshape(it, row) as F32);
  return reshape(y, shape) as F32 as F32<S>;
}

/** {@link maxout} and which of its `size` channels each maximum is, u32[..., C / size], the first where several are equal. */
export function maxoutWithIndices<S extends Shape>(
  x: F32<S>,
  options: MaxoutOptions,
): { readonly y: F32<S>; readonly indices: Tensor<"u32", S> } {
  const { window, shape, row } = pieces(x, options);
  const [y, winners] = apply(maxPoolOp, [reshape(x, row)], { window, ceilMode: false });
  return { y: reshape(y as F32, shape) as F32 as F32<S>, indices: reshape(winners, shape) as Tensor as Tensor<"u32", S> };
}
