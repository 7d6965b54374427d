import { check } from "../../errors.ts";
import { formatShape, type Shape, stridesOf } from "../../graph/types.ts";

/** The shape of two broadcast together as NumPy does: aligned at the last axis, where one size is 1 the other counts. */
export function broadcastShapes(op: string, shapes: readonly Shape[]): number[] {
  const rank = Math.max(0, ...shapes.map((shape) => shape.length));
  const result = new Array<number>(rank).fill(1);
  for (const shape of shapes)
    shape.forEach((n, i) => {
      const axis = i + rank - shape.length;
      check(
        n === result[axis] || n === 1 || result[axis] === 1,
        "shape",
        () =>
          `${op}: shapes ${shapes.map(formatShape).join(" and ")} do not broadcast: at axis ${axis - rank} the sizes are ${result[axis]} and ${n}`,
      );
      if (n !== 1) result[axis] = n;
    });
  return result;
}

/** Strides of `shape` walked along the axes of `output`: 0 where it is broadcast. */
export function broadcastStrides(shape: Shape, output: Shape): number[] {
  const strides = stridesOf(shape);
  const missing = output.length - shape.length;
  return output.map((n, axis) => (axis < missing || (shape[axis - missing] === 1 && n !== 1) ? 0 : strides[axis - missing]));
}

/** Axes along which `shape` was broadcast to `output`, counted in `output`. */
export function broadcastAxes(shape: Shape, output: Shape): number[] {
  const missing = output.length - shape.length;
  const axes: number[] = [];
  output.forEach((n, axis) => {
    if (axis < missing || (shape[axis - missing] === 1 && n !== 1)) axes.push(axis);
  });
  return axes;
}

/** The same walk with fewer axes: sizes of 1 dropped, neighbours merged where every input steps evenly across both. */
export function mergeAxes(shape: Shape, strides: readonly (readonly number[])[]): { shape: number[]; strides: number[][] } {
  const merged: number[] = [];
  const steps: number[][] = strides.map(() => []);
  shape.forEach((n, axis) => {
    if (n === 1) return;
    const last = merged.length - 1;
    if (last >= 0 && strides.every((s, i) => steps[i][last] === s[axis] * n)) {
      merged[last] *= n;
      for (const [i, s] of strides.entries()) steps[i][last] = s[axis];
    } else {
      merged.push(n);
      for (const [i, s] of strides.entries()) steps[i].push(s[axis]);
    }
  });
  return { shape: merged, strides: steps };
}

/** Calls `visit(i, offsets)` for each element i of `shape` in row-major order with each input's offset. `offsets` is reused. */
export function walk(shape: Shape, strides: readonly (readonly number[])[], visit: (i: number, offsets: readonly number[]) => void): void {
  const merged = mergeAxes(shape, strides);
  const offsets = strides.map(() => 0);
  const place = merged.shape.map(() => 0);
  const size = merged.shape.reduce((product, n) => product * n, 1);
  for (let i = 0; i < size; i++) {
    visit(i, offsets);
    for (let axis = place.length - 1; axis >= 0; axis--) {
      for (let k = 0; k < offsets.length; k++) offsets[k] += merged.strides[k][axis];
      if (++place[axis] < merged.shape[axis]) break;
      for (let k = 0; k < offsets.length; k++) offsets[k] -= merged.strides[k][axis] * merged.shape[axis];
      place[axis] = 0;
    }
  }
}

/** Whether elements lie in memory in the order of the walk. */
export const isLinear = (shape: Shape, strides: readonly number[]): boolean => {
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (strides[axis] !== expected) return false;
    expected *= shape[axis];
  }
  return true;
};

/** Whether the walk can go four elements at a time. */
export function canVectorize(shape: Shape, strides: readonly (readonly number[])[]): boolean {
  const merged = mergeAxes(shape, strides);
  return merged.shape.length > 0 && merged.shape[merged.shape.length - 1] % 4 === 0;
}

/** Inputs whose elements are read at the place where the output is written. */
export const linearInputs = (shape: Shape, strides: readonly (readonly number[])[]): boolean[] => {
  const merged = mergeAxes(shape, strides);
  return merged.strides.map((s) => isLinear(merged.shape, s));
};
