import { convDepthwise } from "../../../shaders/conv_depthwise.wgsl.ts";
import { convDepthwiseFilter } from "../../../shaders/conv_depthwise_filter.wgsl.ts";
import { convDepthwiseTaps, convDepthwiseTapsFilter, tapParams } from "../../../shaders/conv_depthwise_taps.wgsl.ts";
import { stripParams } from "../../../shaders/lib/conv-depthwise.wgsl.ts";
import { kernel, type Params, read, write } from "../../graph/kernel.ts";
import type { Call, DeviceTraits, Dispatch, Lowering, Operand } from "../../graph/op.ts";
import { sizeOf } from "../../graph/types.ts";
import { foldGrid } from "../grid.ts";
import { sumSplits } from "../matmul/splits.ts";
import { FEW, type Into, tapsOf } from "./depthwise.ts";
import { epilogueOf, forwardGather, inputGather } from "./gather.ts";
import { type ConvAttributes, type Geometry, groupOut } from "./problem.ts";

/** All three tensors can be read as vec4. */
const inVectors = (g: Geometry): boolean => groupOut(g) === 1 && g.inChannels % 4 === 0;

/** Invocations that keep a device busy; for the filter's gradient, where each leaves sums to the second pass. */
const wanted = ({ software }: DeviceTraits, into: Into): number => (software ? 512 : into === "filter" ? 2 ** 12 : 2 ** 15);
/** Lines that a strip has at least: each begins with KH − 1 lines that the strip above it reads too. */
const LEAST_LINES = 4;
/** Parts that a sum is cut into at most, and multiply-adds from which on it is cut. */
const MOST_SPLITS = 128;
const WORTH_CUTTING = 2 ** 16;

/** In how many parts the sum over `items` strips or lines is cut, each of how many. */
function cut(g: Geometry, items: number, invocations: number, device: DeviceTraits) {
  const work = g.batch * g.output[0] * g.output[1] * tapsOf(g) * g.outChannels;
  const parts = work <= WORTH_CUTTING ? 1 : Math.min(MOST_SPLITS, items, Math.ceil(wanted(device, "filter") / invocations));
  const each = Math.max(1, Math.ceil(items / parts));
  return { each, splits: Math.max(1, Math.ceil(items / each)) };
}

/** One kernel with all that it needs to know; of the filter's gradient, in how many parts it leaves the sum. */
interface Work {
  readonly name: string;
  readonly wgsl: string;
  readonly fields: Params;
  readonly params: Readonly<Record<string, number>>;
  readonly workgroup: number;
  readonly splits: number;
}

/** Source and target: of the gradient of x they are exchanged. */
const ends = (g: Geometry, into: Into) =>
  into === "x"
    ? { source: g.output, sourceC: g.outChannels, target: g.input, targetC: g.inChannels }
    : { source: g.input, sourceC: g.inChannels, target: g.output, targetC: g.outChannels };

const sizes = ({ source, sourceC, target, targetC }: ReturnType<typeof ends>, unit: number) => ({
  source_h: source[0],
  source_w: source[1],
  source_c: sourceC / unit,
  target_h: target[0],
  target_w: target[1],
  target_c: targetC / unit,
});

/** Strips of `span` columns, so high that there are enough of them. */
function stripWork(call: Call<ConvAttributes>, g: Geometry, into: Into, device: DeviceTraits): Work {
  const { size: taps, stride, dilation, padding } = g.window;
  const few = tapsOf(g) <= FEW;
  const vector = few && inVectors(g);
  const unit = vector ? 4 : 1;
  const span = few && !vector ? 4 : 2;
  const between = ends(g, into);
  const channels = between.targetC / unit;
  const strips = Math.ceil(Math.ceil(between.target[1] / dilation[1]) / span);
  const lines = Math.ceil(between.target[0] / dilation[0]);
  const planes = g.batch * dilation[0] * dilation[1];
  const missing = Math.ceil(wanted(device, into) / Math.max(strips * planes * channels, 1));
  const rows = Math.max(Math.ceil(lines / missing), Math.min(LEAST_LINES, lines));
  const chunks = Math.ceil(lines / rows);
  const items = strips * chunks * planes;
  const { each, splits } = into === "filter" ? cut(g, items, channels, device) : { each: 1, splits: items };
  const start = (axis: 0 | 1) => (into === "x" ? padding[axis][0] - (taps[axis] - 1) * dilation[axis] : -padding[axis][0]);
  const options = { vector, taps, stride, span };
  return {
    name: into === "filter" ? "conv depthwise filter" : "conv depthwise",
    wgsl: into === "filter" ? convDepthwiseFilter(options) : convDepthwise({ ...options, epilogue: epilogueOf(call) }),
    fields: stripParams,
    params: {
      size: channels * splits,
      strips,
      chunks,
      rows,
      items,
      items_split: each,
      ...sizes(between, unit),
      multiplier: groupOut(g),
      gap_y: dilation[0],
      gap_x: dilation[1],
      offset_y: start(0),
      offset_x: start(1),
      tap_first: into === "x" ? tapsOf(g) - 1 : 0,
      tap_step: into === "x" ? -1 : 1,
    },
    workgroup: 16,
    splits,
  };
}

const spanOf = (vector: boolean): number => (vector ? 2 : 4);

/** Tap by tap. */
function tapWork(call: Call<ConvAttributes>, g: Geometry, into: Into, device: DeviceTraits): Work {
  const vector = inVectors(g);
  const unit = vector ? 4 : 1;
  const between = ends(g, into);
  const channels = between.targetC / unit;
  const { step, up, offset, tap } = into === "x" ? inputGather(g) : forwardGather(g);
  const lines = g.batch * between.target[0];
  const filter = into === "filter";
  const { each, splits } = filter ? cut(g, lines, channels * tapsOf(g), device) : { each: 0, splits: 1 };
  const strips = filter ? splits : Math.ceil(Math.ceil(between.target[1] / up[1]) / spanOf(vector));
  return {
    name: filter ? "conv depthwise taps filter" : "conv depthwise taps",
    wgsl: filter
      ? convDepthwiseTapsFilter({ vector })
      : convDepthwiseTaps({ vector, epilogue: epilogueOf(call), transposed: into === "x", span: spanOf(vector) }),
    fields: tapParams,
    params: {
      size: channels * strips * (filter ? tapsOf(g) : lines * up[1]),
      strips,
      lines,
      lines_split: each,
      taps_y: g.window.size[0],
      taps_x: g.window.size[1],
      ...sizes(between, unit),
      multiplier: groupOut(g),
      step_y: step[0],
      step_x: step[1],
      up_y: up[0],
      up_x: up[1],
      offset_y: offset[0],
      offset_x: offset[1],
      tap_y: tap[0],
      tap_x: tap[1],
    },
    workgroup: 64,
    splits,
  };
}

function dispatch(work: Work, operands: Readonly<Record<string, Operand>>): Dispatch {
  const { name, wgsl, fields, params, workgroup } = work;
  const bindings = Object.fromEntries(Object.keys(operands).map((name) => [name, name === "c" ? write("f32") : read("f32")]));
  return {
    kernel: kernel({ name, wgsl, bindings, params: fields }),
    bindings: operands,
    params,
    workgroups: foldGrid(Math.ceil(params.size / workgroup)),
  };
}

/** Down strips of the target, or tap by tap. */
export function lowerDepthwise(call: Call<ConvAttributes>, g: Geometry, into: Into, by: "strips" | "taps", device: DeviceTraits): Lowering {
  const { shape } = call.outputs[0];
  const size = sizeOf(shape);
  if (size === 0) return { dispatches: [] };
  const work = (by === "strips" ? stripWork : tapWork)(call, g, into, device);
  const factors = { a: { input: 0 }, b: { input: 1 } };
  if (into !== "filter" || work.splits === 1) {
    const bias: Readonly<Record<string, Operand>> = call.inputs.length === 3 ? { bias: { input: 2 } } : {};
    return { dispatches: [dispatch(work, { ...factors, ...bias, c: { output: 0 } })] };
  }
  return {
    dispatches: [dispatch(work, { ...factors, c: { temporary: 0 } }), sumSplits(size, work.splits, shape[3])],
    temporaries: [{ dtype: "f32", shape: [work.splits, size] }],
  };
}
