import { convFilterDirect, FILTER_DIRECT_INVOCATIONS, filterDirectParams } from "../../../shaders/conv_filter_direct.wgsl.ts";
import { kernel, read, write } from "../../graph/kernel.ts";
import type { Call, Lowering, Operand } from "../../graph/op.ts";
import { sizeOf } from "../../graph/types.ts";
import { foldGrid } from "../grid.ts";
import { sumSplits } from "../matmul/splits.ts";
import { mostLines } from "./direct.ts";
import { forwardGather, isPadded } from "./gather.ts";
import { type ConvAttributes, type Geometry, groupIn, multiplyAdds } from "./problem.ts";

/** Invocations that a software GPU wants; where the filter has fewer tiles, the sum over lines is cut. */
const WANTED = 256;

const runOf = (g: Geometry): number => g.window.size[1] * groupIn(g);

/** Rows of taps, channels and pixels for each invocation: as many rows, then pixels, as may be written out. */
function tileOf(g: Geometry): { rows: number; columns: number; pixels: number } {
  const columns = g.outChannels > 4 ? 8 : 4;
  const lines = (runOf(g) * columns) / 4;
  const most = mostLines(multiplyAdds(g));
  const atOnce = Math.max(1, Math.min(g.window.size[0], Math.floor(most / (2 * lines))));
  const rows = Math.ceil(g.window.size[0] / Math.ceil(g.window.size[0] / atOnce));
  // Only whole parts of a line: a pixel too many would read what is no part of the sum, and what is not finite does not vanish times 0.
  const pixels = [4, 3, 2].find((n) => n * lines * rows <= most && g.output[1] % n === 0) ?? 1;
  return { rows, columns, pixels };
}

/** x in input 0, the gradient of y in input 1. */
export function lowerDirectFilter(call: Call<ConvAttributes>, g: Geometry): Lowering {
  const { rows, columns, pixels } = tileOf(g);
  const size = sizeOf(call.outputs[0].shape);
  const vector = g.outChannels % 4 === 0;
  const lines = g.batch * g.output[0];
  const [rowBlocks, blocks] = [Math.ceil(g.window.size[0] / rows), Math.ceil(g.outChannels / columns)];
  const linesSplit = Math.max(1, Math.ceil(lines / Math.max(1, Math.ceil(WANTED / (rowBlocks * blocks)))));
  const splits = Math.max(1, Math.ceil(lines / linesSplit));
  const c: Operand = splits === 1 ? { output: 0 } : { temporary: 0 };
  const { stride, dilation, padding } = g.window;
  const first = {
    kernel: kernel({
      name: `conv filter direct ${rows * g.window.size[1] * groupIn(g)}×${columns}`,
      wgsl: convFilterDirect({
        run: runOf(g),
        step: stride[1] * groupIn(g),
        rows,
        columns,
        pixels,
        vector,
        // Rows of taps beyond the last exist where blocks do not fit; what they add up is not stored.
        padded: isPadded(forwardGather(g)),
      }),
      bindings: { a: read("f32"), b: read("f32"), c: write("f32") },
      params: filterDirectParams,
    }),
    bindings: { a: { input: 0 }, b: { input: 1 }, c },
    params: {
      size: splits * rowBlocks * blocks,
      row_blocks: rowBlocks,
      blocks,
      n: g.outChannels,
      kh: g.window.size[0],
      lines,
      lines_split: linesSplit,
      in_h: g.input[0],
      in_line: g.input[1] * groupIn(g),
      out_h: g.output[0],
      out_w: g.output[1],
      step_y: stride[0],
      tap_y: dilation[0],
      offset_y: -padding[0][0],
      offset_x: -padding[1][0] * groupIn(g),
    },
    workgroups: foldGrid(Math.ceil((splits * rowBlocks * blocks) / FILTER_DIRECT_INVOCATIONS)),
  };
  if (splits === 1) return { dispatches: [first] };
  return {
    dispatches: [first, sumSplits(size, splits, g.outChannels)],
    temporaries: [{ dtype: "f32", shape: [splits, size] }],
  };
}
