import type { Epilogue } from "../../../shaders/lib/matmul.wgsl.ts";
import { matmulSplits } from "../../../shaders/matmul-splits.wgsl.ts";
import { kernel, read, write } from "../../graph/kernel.ts";
import type { Dispatch, Operand } from "../../graph/op.ts";
import { foldGrid } from "../grid.ts";

export const withoutEpilogue: Epilogue = { bias: false };

/** The ordered second pass: output 0 = f(Σ over the parts in temporary 0 + bias). `size` elements, rows of n. */
export function sumSplits(size: number, splits: number, n: number, epilogue: Epilogue = withoutEpilogue, bias?: Operand): Dispatch {
  const vector = n % 4 === 0;
  const count = vector ? size / 4 : size;
  return {
    kernel: kernel({
      name: "matmul splits",
      wgsl: matmulSplits({ epilogue, vector }),
      bindings: { partial: read("f32"), ...(bias ? { bias: read("f32") } : {}), c: write("f32") },
      params: { size: "u32", splits: "u32", n: "u32" },
    }),
    bindings: { partial: { temporary: 0 }, ...(bias ? { bias } : {}), c: { output: 0 } },
    params: { size: count, splits, n: vector ? n / 4 : n },
    workgroups: foldGrid(Math.ceil(count / 64)),
  };
}
