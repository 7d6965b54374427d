import type { Values } from "./data.ts";

/** Axes in another order: the values of axis i of the result are those of axis order[i]. */
export function permuted({ shape, data }: Values, order: readonly number[]): Values {
  const to = order.map((axis) => shape[axis]);
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
  const steps = order.map((axis) => strides[axis]);
  const result = data.slice();
  const at = to.map(() => 0);
  let from = 0;
  for (let i = 0; i < result.length; i++) {
    result[i] = data[from];
    for (let axis = to.length - 1; axis >= 0; axis--) {
      from += steps[axis];
      if (++at[axis] < to[axis]) break;
      from -= steps[axis] * to[axis];
      at[axis] = 0;
    }
  }
  return { shape: to, data: result };
}

/** NHWC → NCHW. */
export const channelsFirst = (values: Values): Values => permuted(values, [0, 3, 1, 2]);
/** NCHW → NHWC. */
export const channelsLast = (values: Values): Values => permuted(values, [0, 2, 3, 1]);
/** HWIO → OIHW. */
export const filterFirst = (values: Values): Values => permuted(values, [3, 2, 0, 1]);
/** OIHW → HWIO. */
export const filterLast = (values: Values): Values => permuted(values, [2, 3, 1, 0]);

/** Rows of LeNet's dense layer, from [h, w, c] in order to [c, h, w], and back. */
export const rowsFirst = ({ shape, data }: Values): Values => ({
  shape,
  data: permuted({ shape: [4, 4, 16, shape[1]], data }, [2, 0, 1, 3]).data,
});
export const rowsLast = ({ shape, data }: Values): Values => ({
  shape,
  data: permuted({ shape: [16, 4, 4, shape[1]], data }, [1, 2, 0, 3]).data,
});
