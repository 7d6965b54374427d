import { describe, expect, test } from "vitest";
import { inPage } from "../../support/page.ts";
import { type Extent, everyNth } from "../../support/sweep.ts";
import type { FaultResult } from "../pages/verify.ts";

interface Fault {
  readonly fault: string;
  readonly op: string;
  /** A regular expression for the right text of a kernel, and what stands there instead. */
  readonly right: string;
  readonly wrong: string;
  /** Only samples with this in their note: where the fault can show at all. */
  readonly note?: string;
}

const TANH = String.raw`select\(far, near, a < 0\.625\)`;
const OTHER_TANH = "((1.0 + 1e-5) * select(far, near, a < 0.625))";
const LAST_TERM = { fault: "the last term of each sum is dropped", right: String.raw`min\(([^;]*), params\.(k|reduce)\);` };

/** Faults of the kind that people write. */
const FAULTS: readonly Fault[] = [
  { ...LAST_TERM, op: "matmul", wrong: "min($1, max(params.$2, 1u) - 1u);" },
  { ...LAST_TERM, op: "sum", wrong: "min($1, max(params.$2, 1u) - 1u);" },
  { fault: "tanh is off by 1e-5", op: "tanh", right: TANH, wrong: OTHER_TANH },
  { fault: "tanh is off by 1e-5 in an epilogue", op: "matmul", right: TANH, wrong: OTHER_TANH, note: "whole tiles" },
  { fault: "tanh is off by 1e-5 within the walk", op: "rnnWalk", right: TANH, wrong: OTHER_TANH },
  {
    fault: "the state is stale by one step",
    op: "rnnWalk",
    right: "let time_before = ([^;]+);",
    wrong: "let time_before = max($1, 1u) - 1u;",
  },
  {
    fault: "a stale tile: no barrier between filling it and reading it",
    op: "matmul",
    right: String.raw`workgroupBarrier\(\);(\s*for \(var half)`,
    wrong: "$1",
    note: "whole tiles",
  },
  {
    fault: "a stale tile: the neighbour's part is read",
    op: "transpose",
    right: String.raw`tile\[local\.x \* 17u \+ local\.y\]`,
    wrong: "tile[(local.x ^ 1u) * 17u + local.y]",
  },
  { fault: "a swapped stride", op: "matmul", right: String.raw`tile\.c \+ ([^;]*)\* params\.n`, wrong: "tile.c + $1* params.m" },
  { fault: "a missing bounds check", op: "matmul", right: String.raw`if \(([^()]*) < params\.m\)`, wrong: "if (true)" },
  {
    fault: "taps read the line below theirs",
    op: "conv2d",
    right: String.raw`return vec4<u32>\(by\.x \* \(`,
    wrong: "return vec4<u32>((by.x + 1u) * (",
  },
  { fault: "one pixel beyond the image's edge counts", op: "conv2d", right: "let inside = at < ", wrong: "let inside = at <= " },
  {
    fault: "taps between the pixels of a stride count",
    op: "conv2dInputGradient",
    right: String.raw`select\(0u, 1u, all`,
    wrong: "select(1u, 1u, all",
    note: "stride",
  },
  {
    fault: "the last line of each image batch is dropped",
    op: "conv2dFilterGradient",
    right: String.raw`lines_split, params\.lines\)`,
    wrong: "lines_split, params.lines - 1u)",
  },
  {
    fault: "the last line of each image is dropped",
    op: "conv2d",
    right: String.raw`params\.rows, params\.target_h\)`,
    wrong: "params.rows, params.target_h - 1u)",
    note: "depthwise",
  },
  {
    fault: "the taps are not turned around",
    op: "conv2dInputGradient",
    right: String.raw`params\.tap_first \+ tap \* params\.tap_step`,
    wrong: "tap",
    note: "depthwise",
  },
  {
    fault: "channels of the source are those of the target, whatever the multiplier",
    op: "conv2d",
    right: String.raw`channel / params\.multiplier`,
    wrong: "min(channel, params.source_c - 1u)",
    note: "filters each",
  },
  {
    fault: "a missing bound: pixels behind the line's end count",
    op: "conv2dFilterGradient",
    right: String.raw`if \(meets\d\)`,
    wrong: "if (true)",
    note: "depthwise",
  },
  {
    fault: "pixels between those of a stride count, tap by tap",
    op: "conv2dInputGradient",
    right: String.raw`x \* params\.up_x != at_x`,
    wrong: "false",
    note: "depthwise",
  },
  {
    fault: "the taps of a turned row stay in place",
    op: "conv2dInputGradient",
    right: String.raw`to_tap \* params\.group_out`,
    wrong: "tap * params.group_out",
  },
  {
    fault: "few channels: what lies beyond a line's end counts",
    op: "conv2d",
    right: String.raw`inside && inside_x\d+\)`,
    wrong: "inside)",
    note: "narrow",
  },
  {
    fault: "few channels: the last of four lanes is not added",
    op: "conv2dInputGradient",
    right: String.raw`, vec4<f32>\(1\.0\)\)`,
    wrong: ", vec4<f32>(1.0, 1.0, 1.0, 0.0))",
    note: "narrow",
  },
  {
    fault: "a stale tile: no barrier between filling it and reading it",
    op: "conv2d",
    right: String.raw`workgroupBarrier\(\);(\s*for \(var half)`,
    wrong: "$1",
    note: "whole tiles",
  },
  {
    fault: "terms are taken from the tile's first line",
    op: "conv2dFilterGradient",
    right: String.raw`line_of\(tile, term / params\.k\)`,
    wrong: "line_of(tile, tile.line_begin)",
    note: "whole tiles",
  },
  {
    fault: "the last part of a sum that is cut is left out",
    op: "conv2d",
    right: String.raw`s < params\.splits; s`,
    wrong: "s + 1u < params.splits; s",
    note: "cut",
  },
  {
    fault: "parts of a sum that is cut begin one too early",
    op: "conv2dInputGradient",
    right: String.raw`\(unit % params\.chunks\) \* params\.k_split`,
    wrong: "(unit % params.chunks) * (params.k_split - 4u)",
    note: "cut",
  },
  { fault: "the last of equal maxima wins", op: "maxPool2d", right: "v > best", wrong: "v >= best" },
  {
    fault: "padding before the image is counted",
    op: "averagePool2d",
    right: String.raw`end_tap\(start, k, d, n\) - first_tap\(start, d\)`,
    wrong: "end_tap(start, k, d, n)",
  },
  {
    fault: "the last window over a pixel is left out",
    op: "maxUnpool2d",
    right: String.raw`py / params\.sh \+ 1u`,
    wrong: "py / params.sh",
  },
  { fault: "no absolute value", op: "lpPool2d", right: String.raw`abs\(v\)`, wrong: "v" },
  { fault: "no epsilon", op: "batchNormTrain", right: String.raw`e \+ params\.epsilon`, wrong: "e" },
  {
    fault: "pixels' corners instead of their centres",
    op: "resize2d",
    right: String.raw`line\.rise \* i32\(o\) \+ line\.shift`,
    wrong: "line.rise * i32(o)",
  },
  {
    fault: "the direct kernel reads one element beyond the line's end",
    op: "conv2d",
    right: String.raw`at \+ (\d+)u < params\.in_line`,
    wrong: "at + $1u <= params.in_line",
    note: "one channel",
  },
  {
    fault: "the direct kernel leaves out the last pixel of a line",
    op: "conv2d",
    right: String.raw`target_x \+ p < params\.out_w`,
    wrong: "target_x + p + 1u < params.out_w",
    note: "one channel",
  },
  {
    fault: "the direct kernel leaves out the last line",
    op: "conv2dFilterGradient",
    right: String.raw`min\(\(split \+ 1u\) \* params\.lines_split, params\.lines\)`,
    wrong: "min((split + 1u) * params.lines_split, params.lines - 1u)",
    note: "one channel",
  },
  {
    fault: "the taps of a pooled window in the other order",
    op: "conv2dMaxPool2d",
    right: String.raw`2u \* window\.y \+ t / 2u, 2u \* window\.z \+ t % 2u`,
    wrong: "2u * window.y + t % 2u, 2u * window.z + t / 2u",
    note: "whole tiles",
  },
  {
    fault: "the bias is added to one tap of a pooled window only",
    op: "conv2dMaxPool2d",
    right: String.raw`let v = sums\[(\d)\] \+ addends;`,
    wrong: "let v = sums[$1];",
  },
  {
    fault: "both pairs of a quad take the same pixels",
    op: "conv2d",
    right: String.raw`tile\.row \+ \(lane / 2u\) \* 8u`,
    wrong: "tile.row",
    note: "whole tiles",
  },
  {
    fault: "pixels that follow one another stay in the first image",
    op: "conv2d",
    right: String.raw`pixel\.x \+ select\(0u, 1u, below\)`,
    wrong: "pixel.x",
    note: "strides, same",
  },
  { fault: "the last of equal values wins", op: "argmax", right: "let better = key > best;", wrong: "let better = key >= best;" },
  { fault: "of equal parts the later one wins", op: "argmin", right: String.raw`b\.at < a\.at`, wrong: "b.at > a.at" },
  { fault: "−0 is smaller than 0", op: "argmax", right: String.raw`magnitude == K\(0u\)`, wrong: "magnitude == K(1u)" },
  { fault: "NaN is the smallest", op: "argmax", right: String.raw`K\(0xffffffffu\), magnitude`, wrong: "K(0u), magnitude" },
  {
    fault: "the last element of each part is dropped",
    op: "argmin",
    right: String.raw`params\.chunk, params\.n\)`,
    wrong: "params.chunk, max(params.n, 2u) - 1u)",
  },
  {
    fault: "a negative index counts from the wrong end",
    op: "oneHot",
    right: String.raw`select\(index, index \+ `,
    wrong: "select(index, index + 1 + ",
  },
  {
    fault: "equal scores count whatever their class",
    op: "topKAccuracy",
    right: "key == own && c < chosen",
    wrong: "key == own && c != chosen",
  },
  { fault: "ignored rows count", op: "topKAccuracy", right: "label == params\\.ignore", wrong: "false" },
  {
    fault: "a walk that is cut goes on from 0",
    op: "rnnWalk",
    right: String.raw`= (state\[\(time_before \* params\.batch \+ row\))`,
    wrong: "= 0.0 * $1",
    note: "in pieces",
  },
  {
    fault: "a walk that is cut goes on from the step before the last",
    op: "rnnWalkGradient",
    right: String.raw`let index = params\.first;`,
    wrong: "let index = params.first - 1u;",
    note: "in pieces",
  },
  {
    fault: "each piece of a walk begins without a state",
    op: "rnnWalk",
    right: "let has_product = index > 0u",
    wrong: "let has_product = index > params.first",
    note: "in pieces",
  },
  { fault: "the first momentum is dampened", op: "sgd", right: String.raw`control\[2\] > 1u`, wrong: "control[2] > 0u" },
  {
    fault: "Nesterov's step leaves the gradient out",
    op: "sgd",
    right: String.raw`d \+ params\.momentum \* b`,
    wrong: "params.momentum * b",
  },
  { fault: "the bias correction is late by a step", op: "adam", right: String.raw`f32\(control\[2\]\)`, wrong: "f32(control[2] - 1u)" },
  { fault: "the decay goes through the gradient", op: "adamw", right: String.raw`p -= (rate\[0\] \* )`, wrong: "g += 0.0 * $1" },
  { fault: "the mean is not taken off", op: "rmsprop", right: String.raw`s - a \* a`, wrong: "s" },
  { fault: "gradients are not clamped", op: "rmsprop", right: String.raw`return clamp\(([^,]*), -limit, limit\)`, wrong: "return $1" },
  { fault: "gaps between variables are updated", op: "sgd", right: String.raw`blocks\[i / 16u\]`, wrong: "(blocks[i / 16u] + 1u)" },
  {
    fault: "the square of the limit counts",
    op: "clipping",
    right: String.raw`norm > bitcast<u32>\(params\.max_norm\)`,
    wrong: "norm > bitcast<u32>(params.max_norm * params.max_norm)",
  },
  {
    fault: "the largest magnitude is not taken",
    op: "clipping",
    right: String.raw`bitcast<f32>\(m\) \* shared_scale, infinity`,
    wrong: "bitcast<f32>(m) * shared_scale, false",
    note: "clipNormInf",
  },
  { fault: "only the last buffer's norm counts", op: "clipping", right: String.raw`\(params\.offset \+ (\w+)\)`, wrong: "$1" },
  {
    fault: "one optimizer ignores the flag",
    op: "non-finite flag",
    right: String.raw`if \(i >= params\.size \|\| control\[1\] != 0u\)`,
    wrong: "if (i >= params.size)",
    note: "rmsprop",
  },
  {
    fault: "the earlier optimizer steps where the gradients of the later one are not finite",
    op: "non-finite flag",
    right: String.raw`control\[1\] = 1u;`,
    wrong: "control[1] = 0u;",
    note: "in gd",
  },
  { fault: "a carried state changes all the same", op: "non-finite flag", right: String.raw`guard\[0\] != 0u`, wrong: "false" },
  { fault: "only the first loss is looked at", op: "non-finite flag", right: String.raw`i < params\.loss_size`, wrong: "i < 1u" },
  { fault: "one row too many is allowed", op: "indices out of range", right: String.raw`<= params\.span`, wrong: "<= params.span + 1u" },
  { fault: "the mask is not looked at", op: "indices out of range", right: String.raw`\(mask\[place\] << 1u\) == 0u`, wrong: "false" },
  { fault: "another run is named", op: "non-finite flag", right: String.raw`= run\[0\]`, wrong: "= run[0] + 1u" },
  { fault: "every run draws the same", op: "carried state", right: String.raw`run\[0\]`, wrong: "0u * run[0]" },
  { fault: "red and blue change places", op: "image reader", right: String.raw`y\[first\] = result\.r`, wrong: "y[first] = result.b" },
  { fault: "tiles of a row are read from the first", op: "image reader", right: String.raw`id\.z % params\.columns`, wrong: "0u * id.z" },
  {
    fault: "the background shows inverted",
    op: "image reader",
    right: String.raw`background\.rgb \* \(1\.0 - part\)`,
    wrong: "background.rgb * part",
  },
  { fault: "the largest of some values is the last", op: "image writer", right: String.raw`max\(range\.y, value\)`, wrong: "value" },
  { fault: "alpha is not multiplied in", op: "image writer", right: String.raw`color\.rgb \* color\.a`, wrong: "color.rgb" },
  { fault: "tiles begin at the tensor's first", op: "image writer", right: String.raw`params\.first \+ tile \*`, wrong: "tile *" },
];

/** Plants all of the faults or every eighth, and sees the proof find them. */
export function faultTests(extent: Extent): void {
  describe(`the proof catches planted faults: ${extent} of them`, () => {
    for (const { fault, op, right, wrong, note } of extent === "whole" ? FAULTS : everyNth(FAULTS, 8, "faults"))
      test(`${op}: ${fault}`, async () => {
        const { planted, caught, variant, problem } = await inPage<FaultResult>(
          "tests/gpu/pages/verify.ts",
          "verifyWithFault",
          op,
          right,
          wrong,
          note,
        );
        expect(planted, "no kernel holds this text any more: plant the fault anew").toBeGreaterThan(0);
        console.log(`${op} [${variant}]: ${fault}: ${problem}`);
        expect(caught).toBe(true);
      });
  });
}
