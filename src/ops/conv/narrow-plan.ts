import { convNarrow, NARROW_INVOCATIONS, narrowParams } from "../../../shaders/conv_narrow.wgsl.ts";
import { kernel } from "../../graph/kernel.ts";
import type { Call, Lowering } from "../../graph/op.ts";
import { foldGrid } from "../grid.ts";
import { mostLines } from "./direct.ts";
import { convBindings, convOperands, epilogueOf, type Gather, isPadded, workOf } from "./gather.ts";
import type { ConvAttributes } from "./problem.ts";

/** Sums and pixels of the source, all vec4, that an invocation keeps at a time: with more they leave the registers (SwiftShader: a third slower). */
const MOST_KEPT = 24;

/** Pixels of the source that a row of taps of neighbouring pixels sees. */
function seenBy(g: Gather, pixels: number): number {
  const seen = new Set<number>();
  for (let p = 0; p < pixels; p++) for (let k = 0; k < g.taps[1]; k++) seen.add(p * g.step[1] + k * g.tap[1]);
  return seen.size;
}

/** Pixels for each invocation: loads of the filter serve all, and few pixels lie beyond a line's end. */
function pixelsOf(g: Gather): number {
  const terms = g.taps[1] * g.targetChannels;
  const fits = (pixels: number): boolean =>
    seenBy(g, pixels) + pixels * g.targetChannels <= MOST_KEPT && pixels * terms <= mostLines(workOf(g));
  // a load costs about as much as a multiply-add of vec4
  const cost = (pixels: number): number => (seenBy(g, pixels) + terms + terms * pixels) * Math.ceil(g.target[1] / pixels);
  let best = 1;
  for (let pixels = 2; fits(pixels); pixels++) if (cost(pixels) <= cost(best)) best = pixels;
  return best;
}

/** Source in input 0, filter in input 1, perhaps bias in input 2. */
export function lowerNarrow(call: Call<ConvAttributes>, g: Gather, transposed: boolean): Lowering {
  const pixels = pixelsOf(g);
  const epilogue = epilogueOf(call);
  const tiles = Math.ceil(g.target[1] / pixels);
  const size = g.batch * g.target[0] * tiles;
  if (size === 0) return { dispatches: [] };
  return {
    dispatches: [
      {
        kernel: kernel({
          name: `conv narrow ${pixels}×${g.targetChannels}`,
          wgsl: convNarrow({
            epilogue,
            channels: g.targetChannels,
            taps: g.taps[1],
            tap: g.tap[1],
            step: g.step[1],
            pixels,
            transposed,
            padded: isPadded(g),
          }),
          bindings: convBindings(g, epilogue),
          params: narrowParams,
        }),
        bindings: { ...convOperands(g, epilogue) },
        params: {
          size,
          tiles,
          n: g.targetChannels,
          kh: g.taps[0],
          blocks: g.sourceChannels / 4,
          in_h: g.source[0],
          in_w: g.source[1],
          out_h: g.target[0],
          out_w: g.target[1],
          step_y: g.step[0],
          tap_y: g.tap[0],
          offset_y: g.offset[0],
          offset_x: g.offset[1] + Math.min(0, (g.taps[1] - 1) * g.tap[1]),
        },
        workgroups: foldGrid(Math.ceil(size / NARROW_INVOCATIONS)),
      },
    ],
  };
}
