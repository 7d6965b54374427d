import { poolParams } from "../../../shaders/lib/pool.wgsl.ts";
import { type Bindings, kernel } from "../../graph/kernel.ts";
import type { Lowering, Operand } from "../../graph/op.ts";
import { foldGrid } from "../grid.ts";
import { windowExtent } from "../window.ts";
import { allInside, type Geometry } from "./geometry.ts";

export interface PoolDispatch {
  readonly name: string;
  readonly wgsl: string;
  readonly bindings: Bindings;
  readonly operands: Readonly<Record<string, Operand>>;
  /** Invocations. */
  readonly size: number;
  /** Four channels at a time. */
  readonly vector: boolean;
  readonly scale?: number;
  readonly cells?: readonly [number, number];
}

/** One dispatch of a kernel with the params of shaders/lib/pool; none where there is nothing to compute. */
export function lowerPool({ n, c, plane, counts, window }: Geometry, dispatch: PoolDispatch): Lowering {
  const { name, wgsl, bindings, operands, size, vector, scale = 1, cells = [0, 0] } = dispatch;
  if (n * c === 0 || size === 0) return { dispatches: [] };
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
          rows: cells[0],
          columns: cells[1],
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

/** The stride, where cells fill the plane exactly and the kernel is written for it. */
export function unrolledCells({ plane, window }: Geometry): readonly [number, number] | undefined {
  const [sh, sw] = window.stride;
  const exact = ([0, 1] as const).every((axis) => window.padding[axis][0] === 0 && plane[axis] % window.stride[axis] === 0);
  return exact && sh * sw <= MOST_TAPS ? [sh, sw] : undefined;
}
