import { check } from "../../errors.ts";
import { formatType, type Shape, type TensorType } from "../../graph/types.ts";

/** The axes of a reduction, ascending; negative ones count from the end, undefined means all, an empty list none. */
export function normalizeAxes(op: string, x: TensorType, axes: readonly number[] | undefined): number[] {
  const rank = x.shape.length;
  if (axes === undefined) return x.shape.map((_, axis) => axis);
  check(Array.isArray(axes), "argument", () => `${op}: axes must be an array of axis numbers, not ${String(axes)}`);
  const result = axes.map((axis) => {
    check(
      Number.isInteger(axis) && axis >= -rank && axis < rank,
      "argument",
      () => `${op}: axis ${axis} does not exist: x is ${formatType(x)}, so axes are ${rank === 0 ? "none" : `${-rank} to ${rank - 1}`}`,
    );
    return axis < 0 ? axis + rank : axis;
  });
  result.sort((a, b) => a - b);
  result.forEach((axis, i) => {
    check(i === 0 || axis !== result[i - 1], "argument", () => `${op}: axis ${axis} is named twice in [${axes.join(", ")}]`);
  });
  return result;
}

/** The shape after reducing `axes`. */
export function reducedShape(shape: Shape, axes: readonly number[], keepDimensions: boolean): number[] {
  const result: number[] = [];
  shape.forEach((n, axis) => {
    if (!axes.includes(axis)) result.push(n);
    else if (keepDimensions) result.push(1);
  });
  return result;
}

/** Strides along the axes of `shape` of a tensor that holds what is left of it after reducing `axes`: 0 along those. */
export function reducedStrides(shape: Shape, axes: readonly number[]): number[] {
  const strides = new Array<number>(shape.length).fill(0);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (axes.includes(axis)) continue;
    strides[axis] = stride;
    stride *= shape[axis];
  }
  return strides;
}

/** Number of elements that are reduced to one. */
export const reducedLength = (shape: Shape, axes: readonly number[]): number => axes.reduce((n, axis) => n * shape[axis], 1);

/** One reduction of a contiguous tensor seen as [outer, reduce, inner]. */
export interface Stage {
  readonly outer: number;
  readonly reduce: number;
  readonly inner: number;
}

/** Reductions over neighbouring axes, one after another from the innermost, that together reduce `axes`. At least one. */
export function stagesOf(shape: Shape, axes: readonly number[]): Stage[] {
  const groups: { n: number; reduced: boolean }[] = [];
  shape.forEach((n, axis) => {
    if (n === 1) return;
    const reduced = axes.includes(axis);
    const last = groups[groups.length - 1];
    if (last?.reduced === reduced) last.n *= n;
    else groups.push({ n, reduced });
  });
  const stages: Stage[] = [];
  let inner = 1;
  for (let i = groups.length - 1; i >= 0; i--) {
    const { n, reduced } = groups[i];
    if (!reduced) inner *= n;
    else stages.push({ outer: groups.slice(0, i).reduce((product, group) => product * group.n, 1), reduce: n, inner });
  }
  if (stages.length === 0) stages.push({ outer: inner, reduce: 1, inner: 1 });
  return stages;
}
