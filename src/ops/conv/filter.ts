import { type FilterLayout, filterParams } from "../../../shaders/lib/conv-filter.wgsl.ts";
import { kernel, read, write } from "../../graph/kernel.ts";
import type { Call, DeviceTraits, Dispatch, Lowering, Operand } from "../../graph/op.ts";
import { sizeOf } from "../../graph/types.ts";
import { foldGrid } from "../grid.ts";
import { sumSplits } from "../matmul/splits.ts";
import { type ConvAttributes, filterShape, type Geometry, groupIn, groupOut } from "./problem.ts";

/** A kernel with the bindings and params of shaders/lib/conv-filter, and how it cuts the work. */
export interface FilterKernel {
  readonly name: string;
  wgsl(layout: FilterLayout): string;
  /** The tile of elements × channels, and how many tiles a workgroup computes. */
  readonly rows: number;
  readonly columns: number;
  readonly tilesPerWorkgroup: number;
  /** Where there are fewer tiles, the sum is cut. */
  readonly wanted: number;
  allowed(g: Geometry, device: DeviceTraits): boolean;
  /** The allowed kernel with the highest preference is taken. */
  preference(g: Geometry, device: DeviceTraits): number;
}

/** Whether a row of taps is contiguous in x. */
const contiguous = (g: Geometry): boolean => g.groups === 1 && (g.window.dilation[1] === 1 || g.window.size[1] === 1);
/** Contiguous elements of the filter that one line of x meets, and how many such segments there are. */
export const segmentOf = (g: Geometry): number => groupIn(g) * (contiguous(g) ? g.window.size[1] : 1);
const segmentsOf = (g: Geometry): number => g.window.size[0] * (contiguous(g) ? 1 : g.window.size[1]);
export const filterTiles = (g: Geometry, rows: number, columns: number): number =>
  segmentsOf(g) * Math.ceil(segmentOf(g) / rows) * Math.ceil(groupOut(g) / columns) * g.groups;

/** Multiply-adds above which the sum is cut, terms that a part has at least, and lines that it has at least. */
const WORTH_CUTTING = 2 ** 20;
const LEAST_TERMS = 256;

function cut(g: Geometry, shape: FilterKernel) {
  const lines = g.batch * g.output[0];
  const terms = lines * g.output[1];
  const work = terms * sizeOf(filterShape(g));
  const wanted = Math.ceil(shape.wanted / filterTiles(g, shape.rows, shape.columns));
  const parts = work <= WORTH_CUTTING ? 1 : Math.max(1, Math.min(wanted, Math.ceil(terms / LEAST_TERMS), lines));
  const linesSplit = Math.max(1, Math.ceil(lines / parts));
  return { lines, linesSplit, splits: Math.max(1, Math.ceil(lines / linesSplit)) };
}

function filterDispatch(g: Geometry, shape: FilterKernel, cuts: ReturnType<typeof cut>, c: Operand): Dispatch {
  const layout = { vectorA: groupIn(g) % 4 === 0, vectorB: groupOut(g) % 4 === 0, raggedK: g.output[1] % 4 !== 0 };
  const { size, stride, dilation, padding } = g.window;
  return {
    kernel: kernel({
      name: `conv filter ${shape.name}`,
      wgsl: shape.wgsl(layout),
      bindings: { a: read("f32"), b: read("f32"), c: write("f32") },
      params: filterParams,
    }),
    bindings: { a: { input: 0 }, b: { input: 1 }, c },
    params: {
      m: segmentOf(g),
      n: groupOut(g),
      k: g.output[1],
      segments: segmentsOf(g),
      segments_x: contiguous(g) ? 1 : size[1],
      lines: cuts.lines,
      lines_split: cuts.linesSplit,
      splits: cuts.splits,
      groups: g.groups,
      group_k: groupIn(g),
      in_h: g.input[0],
      in_w: g.input[1],
      in_c: g.inChannels,
      out_h: g.output[0],
      out_c: g.outChannels,
      step_y: stride[0],
      step_x: stride[1],
      offset_y: -padding[0][0],
      offset_x: -padding[1][0],
      tap_y: dilation[0],
      tap_x: dilation[1],
    },
    workgroups: foldGrid(Math.ceil((filterTiles(g, shape.rows, shape.columns) * cuts.splits) / shape.tilesPerWorkgroup)),
  };
}

/** x in input 0, the gradient of y in input 1. */
export function lowerFilter(call: Call<ConvAttributes>, g: Geometry, shape: FilterKernel): Lowering {
  const cuts = cut(g, shape);
  if (cuts.splits === 1) return { dispatches: [filterDispatch(g, shape, cuts, { output: 0 })] };
  const size = sizeOf(call.outputs[0].shape);
  return {
    dispatches: [filterDispatch(g, shape, cuts, { temporary: 0 }), sumSplits(size, cuts.splits, g.outChannels)],
    temporaries: [{ dtype: "f32", shape: [cuts.splits, size] }],
  };
}
