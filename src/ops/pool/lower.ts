import { poolParams } from "../../../shaders/lib/pool.wgsl.ts";
import { type Bindings, kernel } from "../../graph/kernel.ts";
import type { DeviceTraits, Lowering, Operand } from "../../graph/op.ts";
import { foldGrid } from "../grid.ts";
import { windowExtent } from "../window.ts";
import { allInside, type Geometry } from "./geometry.ts";

export interface PoolDispatch {
  readonly name: string;
  readonly wgsl: string;
  readonly bindings: Bindings;
  readonly operands: Readonly<Record<string, Operand>>;
  /** Rows (of output, input or cells) of an image, and what is in one of them. */
  readonly grid: readonly [rows: number, columns: number];
  /** Four channels at a time. */
  readonly vector: boolean;
  readonly scale?: number;
  /** Columns for each invocation. Default 1. */
  readonly span?: number;
}

/** Elements of a pooled input up to which a software GPU takes neighbours one by one. */
const SMALL = 2 ** 19;

/**
 * How many neighbours of a row of `columns` an invocation takes. On a software GPU the integer divisions that find its place cost more
 * than what it then moves, so two share them; with more, or with a loop or a bound, it gets slower again. In small tensors, what the
 * longer code takes to compile is not won back.
 */
export const spanOf = (device: DeviceTraits, { n, c, plane }: Geometry, columns: number): number =>
  device.software && columns % 2 === 0 && n * c * plane[0] * plane[1] > SMALL ? 2 : 1;

/** One dispatch of a kernel with the params of shaders/lib/pool; none where there is nothing to compute. */
export function lowerPool({ n, c, plane, counts, window }: Geometry, dispatch: PoolDispatch): Lowering {
  const { name, wgsl, bindings, operands, grid, vector, scale = 1, span = 1 } = dispatch;
  const groups = grid[1] / span;
  const size = n * grid[0] * groups * (vector ? c / 4 : c);
  if (size === 0) return { dispatches: [] };
  const [[top, bottom], [left, right]] = window.padding;
  return {
    dispatches: [
      {
        kernel: kernel({ name, wgsl, bindings, params: poolParams }),
        bindings: operands,
        params: {
          size,
          c: vector ? c / 4 : c,
          h: plane[0],
          w: plane[1],
          oh: counts[0],
          ow: counts[1],
          kh: window.size[0],
          kw: window.size[1],
          sh: window.stride[0],
          sw: window.stride[1],
          dh: window.dilation[0],
          dw: window.dilation[1],
          top,
          left,
          bottom: plane[0] + bottom,
          right: plane[1] + right,
          rows: grid[0],
          columns: grid[1],
          groups,
          scale,
        },
        workgroups: foldGrid(Math.ceil(size / 64)),
      },
    ],
  };
}

/** Windows whose taps are written out one by one in the kernel. */
const MOST_TAPS = 9;

/** The window's size, where the kernel is written for it. */
export function unrolledTaps(geometry: Geometry): readonly [number, number] | undefined {
  const [kh, kw] = geometry.window.size;
  return kh * kw <= MOST_TAPS && allInside(geometry) ? [kh, kw] : undefined;
}

/** How a plane is cut into cells of one window each, where no two windows lie over one pixel. */
export function cellsOf(geometry: Geometry): readonly [number, number] | undefined {
  const { plane, window } = geometry;
  const apart = ([0, 1] as const).every(
    (axis) => windowExtent(window, axis) <= window.stride[axis] && (window.size[axis] === 1 || window.dilation[axis] === 1),
  );
  if (!apart) return undefined;
  return [0, 1].map((axis) => Math.ceil((plane[axis] + window.padding[axis][0]) / window.stride[axis])) as [number, number];
}

/** The window's size, where windows tile the plane without padding and rest, and the kernel is written for it. */
export function tilesOf({ plane, counts, window }: Geometry): readonly [number, number] | undefined {
  const [kh, kw] = window.size;
  const exact = ([0, 1] as const).every(
    (axis) =>
      window.size[axis] === window.stride[axis] &&
      (window.size[axis] === 1 || window.dilation[axis] === 1) &&
      window.padding[axis][0] === 0 &&
      plane[axis] === counts[axis] * window.size[axis],
  );
  return exact && kh * kw <= MOST_TAPS ? [kh, kw] : undefined;
}
