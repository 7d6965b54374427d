import { convFlip } from "../../../shaders/conv_flip.wgsl.ts";
import { type GatherLayout, gatherParams } from "../../../shaders/lib/conv.wgsl.ts";
import type { Epilogue } from "../../../shaders/lib/matmul.wgsl.ts";
import { type Bindings, kernel, read, write } from "../../graph/kernel.ts";
import type { Activation, Call, DeviceTraits, Dispatch, Lowering, Operand } from "../../graph/op.ts";
import { sizeOf } from "../../graph/types.ts";
import { foldGrid } from "../grid.ts";
import { sumSplits } from "../matmul/splits.ts";
import type { Pair } from "../window.ts";
import { type ConvAttributes, filterShape, type Geometry, groupIn, groupOut } from "./problem.ts";

/** One gathering convolution: each pixel of the target adds up what its taps find in the source. */
export interface Gather {
  readonly batch: number;
  readonly source: Pair;
  readonly sourceChannels: number;
  readonly target: Pair;
  readonly targetChannels: number;
  readonly groups: number;
  /** Taps in rows and columns, and whether a row of taps is contiguous in the source. */
  readonly taps: Pair;
  readonly rows: boolean;
  /** Source = (target · step + offset + tap · number of the tap) / up. */
  readonly step: Pair;
  readonly offset: Pair;
  readonly tap: Pair;
  readonly up: Pair;
  /** 2 × 2 neighbours of the target become one. */
  readonly pooled?: boolean;
}

/** A kernel with the bindings and params of shaders/lib/conv, and how it cuts the work. */
export interface GatherKernel {
  readonly name: string;
  wgsl(layout: GatherLayout, epilogue: Epilogue): string;
  /** The tile of pixels × channels, and how many tiles a workgroup computes. */
  readonly rows: number;
  readonly columns: number;
  /** How many invocations find the places of a tile's pixels together. Default 1. */
  readonly share?: number;
  readonly tilesPerWorkgroup: number;
  /** Where there are fewer tiles, the sum is cut. */
  readonly wanted: number;
  allowed(gather: Gather, device: DeviceTraits): boolean;
  /** The allowed kernel with the highest preference is taken. */
  preference(gather: Gather, device: DeviceTraits): number;
}

const both = (pairs: readonly [Pair, Pair]): Pair => [pairs[0][0], pairs[1][0]];
const each = (f: (axis: 0 | 1) => number): Pair => [f(0), f(1)];

export function forwardGather(g: Geometry): Gather {
  const { size, stride, dilation, padding } = g.window;
  return {
    batch: g.batch,
    source: g.input,
    sourceChannels: g.inChannels,
    target: g.output,
    targetChannels: g.outChannels,
    groups: g.groups,
    taps: size,
    rows: (dilation[1] === 1 || size[1] === 1) && g.groups === 1,
    step: stride,
    offset: each((axis) => -both(padding)[axis]),
    tap: dilation,
    up: [1, 1],
  };
}

/** {@link forwardGather} as far as windows of 2 × 2 cover the output. */
export function pooledGather(g: Geometry): Gather {
  return { ...forwardGather({ ...g, output: each((axis) => 2 * Math.floor(g.output[axis] / 2)) }), pooled: true };
}

/** With a stride of 1 along x, a row of taps is turned around, so that it is contiguous here as well. */
export function inputGather(g: Geometry): Gather {
  const { size, stride, dilation, padding } = g.window;
  const rows = (dilation[1] === 1 || size[1] === 1) && stride[1] === 1 && g.groups === 1;
  const starts = both(padding);
  return {
    batch: g.batch,
    source: g.output,
    sourceChannels: g.outChannels,
    target: g.input,
    targetChannels: g.inChannels,
    groups: g.groups,
    taps: size,
    rows,
    step: [1, 1],
    offset: [starts[0], rows ? starts[1] - (size[1] - 1) : starts[1]],
    tap: [-dilation[0], -dilation[1]],
    up: stride,
  };
}

export const groupSource = (g: Gather): number => g.sourceChannels / g.groups;
export const groupTarget = (g: Gather): number => g.targetChannels / g.groups;
/** Contiguous terms, and how many such segments there are. */
export const runOf = (g: Gather): number => groupSource(g) * (g.rows ? g.taps[1] : 1);
const segmentsOf = (g: Gather): number => g.taps[0] * (g.rows ? 1 : g.taps[1]);
/** Pixels of one phase, or windows where they are pooled. */
const planeOf = (g: Gather): Pair => each((axis) => (g.pooled ? g.target[axis] / 2 : Math.ceil(g.target[axis] / g.up[axis])));
export const pixelsOf = (g: Gather): number => g.batch * planeOf(g)[0] * planeOf(g)[1];
export const tilesOf = (g: Gather, rows: number, columns: number): number =>
  Math.ceil(pixelsOf(g) / (g.pooled ? rows / 4 : rows)) * Math.ceil(groupTarget(g) / columns) * g.groups * g.up[0] * g.up[1];

/** As for products of matrices: below, a second pass costs more than it gains. */
const WORTH_CUTTING = 2 ** 22;

/** Multiply-adds up to which the time that more code takes to compile is that of some fifty runs more than it saves in each. */
export const SMALL_WORK = 2 ** 24;

/** Whether less code counts for more than fewer milliseconds. With many channels the larger tiles gain too much for that. */
export const isSmall = (g: Gather): boolean => workOf(g) <= (groupTarget(g) > 16 ? SMALL_WORK / 4 : SMALL_WORK);

/** Terms of each sum below which storing the tile is most of the work. */
export const SHORT_SUM = 64;

/** Terms of each sum. */
export const sumOf = (g: Gather): number => runOf(g) * segmentsOf(g);

/** Multiply-adds, those with padding included. */
export const workOf = (g: Gather): number => sumOf(g) * g.batch * g.target[0] * g.target[1] * g.targetChannels;

/** How the sum is cut: a unit is a segment or, where there are more parts than segments, a piece of one. */
function cut(g: Gather, shape: GatherKernel) {
  const [run, segments] = [runOf(g), segmentsOf(g)];
  const k = run * segments;
  const work = k * pixelsOf(g) * g.targetChannels;
  const wanted = Math.min(Math.ceil(shape.wanted / tilesOf(g, shape.rows, shape.columns)), Math.ceil(k / 256));
  const parts = g.pooled || work <= WORTH_CUTTING ? 1 : Math.max(1, wanted);
  const kSplit = parts <= segments ? run : 32 * Math.ceil(run / Math.ceil(parts / segments) / 32);
  const chunks = Math.ceil(run / kSplit);
  const units = segments * chunks;
  const unitsSplit = Math.ceil(units / parts);
  return { kSplit, chunks, units, unitsSplit, splits: Math.ceil(units / unitsSplit) };
}

/** Whether some tap of some pixel lies outside of the source. */
export const isPadded = (g: Gather): boolean =>
  ([0, 1] as const).some((axis) => {
    if (g.up[axis] !== 1) return true;
    const ends = [0, (g.taps[axis] - 1) * (g.rows && axis === 1 ? 1 : g.tap[axis])];
    const first = g.offset[axis] + Math.min(...ends);
    const last = (g.target[axis] - 1) * g.step[axis] + g.offset[axis] + Math.max(...ends);
    return first < 0 || last >= g.source[axis];
  });

function layoutOf(g: Gather): GatherLayout {
  return {
    vectorA: groupSource(g) % 4 === 0,
    vectorB: groupTarget(g) % 4 === 0,
    raggedK: runOf(g) % 4 !== 0,
    padded: isPadded(g),
    phased: g.up.some((n) => n > 1),
    pooled: g.pooled === true,
  };
}

const activationSource = (f: Activation | undefined) => f && { library: f.wgslLibrary ?? "", expression: f.wgsl };

export const epilogueOf = (call: Call<ConvAttributes>): Epilogue => ({
  bias: call.inputs.length === 3,
  activation: activationSource(call.attributes.activation),
});

/** What every kernel that gathers binds, and to which tensors of a call: source, filter, perhaps bias; destination and, pooled, winners. */
export const convBindings = ({ pooled }: Gather, { bias }: Epilogue): Bindings => ({
  a: read("f32"),
  b: read("f32"),
  ...(bias && { bias: read("f32") }),
  c: write("f32"),
  ...(pooled && { winners: write("u32") }),
});

export const convOperands = ({ pooled }: Gather, { bias }: Epilogue, b: Operand = { input: 1 }): Operands => ({
  a: { input: 0 },
  b,
  ...(bias && { bias: { input: 2 } }),
  c: { output: 0 },
  ...(pooled && { winners: { output: 1 } }),
});

type Operands = { readonly a: Operand; readonly b: Operand; readonly bias?: Operand; readonly c: Operand; readonly winners?: Operand };

function gatherDispatch(g: Gather, shape: GatherKernel, cuts: ReturnType<typeof cut>, epilogue: Epilogue, operands: Operands): Dispatch {
  const [planeH, planeW] = planeOf(g);
  const layout = layoutOf(g);
  return {
    kernel: kernel({
      name: `conv ${g.pooled ? "pooled " : ""}${shape.name}`,
      wgsl: shape.wgsl(layout, epilogue),
      bindings: convBindings(g, epilogue),
      params: gatherParams,
    }),
    bindings: { ...operands },
    params: {
      m: pixelsOf(g),
      n: groupTarget(g),
      k: runOf(g),
      k_split: cuts.kSplit,
      chunks: cuts.chunks,
      units: cuts.units,
      units_split: cuts.unitsSplit,
      splits: cuts.splits,
      segments_x: g.rows ? 1 : g.taps[1],
      groups: g.groups,
      group_k: groupSource(g),
      batch: g.batch,
      source_h: g.source[0],
      source_w: g.source[1],
      source_c: g.sourceChannels,
      target_h: g.target[0],
      target_w: g.target[1],
      target_c: g.targetChannels,
      plane_h: planeH,
      plane_w: planeW,
      step_y: g.step[0],
      step_x: g.step[1],
      up_y: g.up[0],
      up_x: g.up[1],
      offset_y: g.offset[0],
      offset_x: g.offset[1],
      tap_y: g.tap[0],
      tap_x: g.rows ? 0 : g.tap[1],
    },
    workgroups: foldGrid(Math.ceil((tilesOf(g, shape.rows, shape.columns) * cuts.splits) / shape.tilesPerWorkgroup)),
  };
}

/** The filter with its channels exchanged and, where rows of taps are contiguous, these turned around. */
export function flipFilter(g: Geometry, flip: boolean, to: Operand): Dispatch {
  const vector = groupIn(g) % 4 === 0 && groupOut(g) % 4 === 0;
  const unit = vector ? 4 : 1;
  const blocks = Math.ceil(groupOut(g) / 4);
  const size = ((g.window.size[0] * g.window.size[1] * g.inChannels) / unit) * blocks;
  return {
    kernel: kernel({
      name: "conv flip",
      wgsl: convFlip({ vector }),
      bindings: { filter_in: read("f32"), flipped: write("f32") },
      params: { size: "u32", blocks: "u32", width: "u32", group_in: "u32", group_out: "u32", groups: "u32", flip_x: "u32" },
    }),
    bindings: { filter_in: { input: 1 }, flipped: to },
    params: {
      size,
      blocks,
      width: g.window.size[1],
      group_in: groupIn(g) / unit,
      group_out: groupOut(g) / unit,
      groups: g.groups,
      flip_x: flip ? 1 : 0,
    },
    workgroups: foldGrid(Math.ceil(size / 64)),
  };
}

/** Source in input 0, filter in input 1, perhaps bias in input 2; pooled, the winners are output 1. With `flip`, the filter passes through {@link flipFilter}. */
export function lowerGather(call: Call<ConvAttributes>, geometry: Geometry, g: Gather, shape: GatherKernel, flip: boolean): Lowering {
  const size = sizeOf(call.outputs[0].shape);
  if (size === 0) return { dispatches: [] };
  const cuts = cut(g, shape);
  const epilogue = epilogueOf(call);
  const bias: Operand | undefined = epilogue.bias ? { input: 2 } : undefined;
  const split = cuts.splits > 1;
  const flipped: Operand = { temporary: split ? 1 : 0 };
  const before = flip ? [flipFilter(geometry, g.rows, flipped)] : [];
  const factors = { a: { input: 0 }, b: flip ? flipped : { input: 1 } };
  const filterTemporary = flip ? [{ dtype: "f32" as const, shape: filterShape(geometry) }] : [];
  if (!split) {
    const operands = convOperands(g, epilogue, factors.b);
    return { dispatches: [...before, gatherDispatch(g, shape, cuts, epilogue, operands)], temporaries: filterTemporary };
  }
  return {
    dispatches: [
      ...before,
      gatherDispatch(g, shape, cuts, { bias: false }, { ...factors, c: { temporary: 0 } }),
      sumSplits(size, cuts.splits, g.targetChannels, epilogue, bias),
    ],
    temporaries: [{ dtype: "f32", shape: [cuts.splits, size] }, ...filterTemporary],
  };
}
