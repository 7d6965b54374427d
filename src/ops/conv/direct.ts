import { convDirect, DIRECT_INVOCATIONS, directParams } from "../../../shaders/conv_direct.wgsl.ts";
import { kernel } from "../../graph/kernel.ts";
import type { Call, DeviceTraits, Lowering } from "../../graph/op.ts";
import { foldGrid } from "../grid.ts";
import { convBindings, convOperands, epilogueOf, type Gather, isPadded, SMALL_WORK, workOf } from "./gather.ts";
import type { ConvAttributes } from "./problem.ts";

/** Channels that are few, and terms of a row of taps that may be written out. */
const MOST_CHANNELS = 4;
const MOST_TERMS = 24;

/** Lines of multiply-adds that compile quickly enough for so much work. */
export const mostLines = (work: number): number => (work <= SMALL_WORK ? 60 : 112);

const runOf = (g: Gather): number => g.taps[1] * g.sourceChannels;

/** Whether shaders/conv_direct can compute it: few channels, and rows of taps that are contiguous. */
export const isDirect = (g: Gather): boolean =>
  g.rows && g.groups === 1 && g.up.every((n) => n === 1) && g.sourceChannels <= MOST_CHANNELS && runOf(g) <= MOST_TERMS;

/**
 * First on a software GPU where rows of taps are short or channels of y few: with more of both, tiles that share loads in a quad do better.
 * On a real GPU, untuned, always.
 */
export const directPreference = (g: Gather, { software }: DeviceTraits): number => {
  if (!software) return 3;
  return runOf(g) <= 8 || g.targetChannels <= 16 ? 7 : 0;
};

/** Pixels and channels for each invocation: at most 16 sums of vec4, so that few loads serve many, and few pixels lie beyond a line's end. */
function tileOf(g: Gather): { pixels: number; columns: number } {
  const lines = g.pooled ? 2 : 1;
  const [run, step] = [runOf(g), g.step[1] * g.sourceChannels];
  // In loads of a scalar: with a test for the edge one costs twice as much, one of vec4 five times. A pixel beyond the end costs as much.
  const cost = (pixels: number, vectors: number): number => {
    const loads = lines * ((pixels - 1) * step + run) * (isPadded(g) ? 2 : 1) + 5 * run * vectors;
    return loads * Math.ceil(g.target[1] / pixels) * Math.ceil(g.targetChannels / 4 / vectors);
  };
  let best = { pixels: lines, vectors: 1 };
  for (const vectors of [1, 2])
    for (let pixels = lines; pixels * lines * vectors <= Math.min(16, mostLines(workOf(g)) / run); pixels += lines)
      if (cost(pixels, vectors) <= cost(best.pixels, best.vectors)) best = { pixels, vectors };
  return { pixels: best.pixels, columns: 4 * best.vectors };
}

/** x in input 0, filter in input 1, perhaps bias in input 2; y is output 0 and, pooled, winners are output 1. */
export function lowerDirect(call: Call<ConvAttributes>, g: Gather): Lowering {
  const { pixels, columns } = tileOf(g);
  const epilogue = epilogueOf(call);
  const vector = g.targetChannels % 4 === 0;
  const pooled = g.pooled === true;
  const shrink = pooled ? 2 : 1;
  const [outH, outW] = [g.target[0] / shrink, g.target[1] / shrink];
  const tiles = Math.ceil(g.target[1] / pixels);
  const blocks = Math.ceil(g.targetChannels / columns);
  const size = g.batch * outH * tiles * blocks;
  if (size === 0) return { dispatches: [] };
  return {
    dispatches: [
      {
        kernel: kernel({
          name: `conv ${pooled ? "pooled " : ""}direct ${pixels}×${columns}`,
          wgsl: convDirect({
            epilogue,
            run: runOf(g),
            step: g.step[1] * g.sourceChannels,
            pixels,
            columns,
            vector,
            // Pixels beyond a line's end exist where tiles do not fit; what they load is not used.
            padded: isPadded(g),
            pooled,
          }),
          bindings: convBindings(g, epilogue),
          params: directParams,
        }),
        bindings: { ...convOperands(g, epilogue) },
        params: {
          size,
          blocks,
          tiles,
          n: g.targetChannels,
          kh: g.taps[0],
          in_h: g.source[0],
          in_line: g.source[1] * g.sourceChannels,
          out_h: outH,
          out_w: outW,
          step_y: g.step[0],
          tap_y: g.tap[0],
          offset_y: g.offset[0],
          offset_x: g.offset[1] * g.sourceChannels,
        },
        workgroups: foldGrid(Math.ceil(size / DIRECT_INVOCATIONS)),
      },
    ],
  };
}
