import { sortPassShader } from "../../../shaders/sort-pass.wgsl.ts";
import { sortScanShader } from "../../../shaders/sort-scan.wgsl.ts";
import { kernel, read, readWrite, write } from "../../graph/kernel.ts";
import type { Dispatch, Operand } from "../../graph/op.ts";
import type { TensorType } from "../../graph/types.ts";
import { foldGrid } from "../grid.ts";

const BLOCK = 1024;
const DIGIT_BITS = 4;

const PARAMS = { count: "u32", blocks: "u32", shift: "u32", rows: "u32" } as const;

export interface SortPlan {
  readonly dispatches: Dispatch[];
  readonly temporaries: TensorType[];
  /** The rows in ascending order, and the positions that they come from, ascending among equal rows. */
  readonly keys: Operand;
  readonly order: Operand;
}

/** Sorts `count` indices (an input of the call) into rows 0 … rows - 1: three dispatches for each 4 bits of a row number. */
export function sortIndices(indices: Operand, signed: boolean, count: number, rows: number): SortPlan {
  const passes = Math.max(1, Math.ceil(Math.ceil(Math.log2(rows)) / DIGIT_BITS));
  const blocks = Math.max(1, Math.ceil(count / BLOCK));
  const list: TensorType = { dtype: "u32", shape: [count] };
  const temporaries: TensorType[] = [{ dtype: "u32", shape: [16 * blocks] }, list, list, ...(passes > 1 ? [list, list] : [])];
  const counts: Operand = { temporary: 0 };
  const pair = (pass: number) => ({ keys: { temporary: 1 + 2 * (pass % 2) }, order: { temporary: 2 + 2 * (pass % 2) } });
  const dispatches: Dispatch[] = [];
  for (let pass = 0; pass < passes; pass++) {
    const first = pass === 0;
    const keysType = first && signed ? "i32" : "u32";
    const keys = first ? indices : pair(pass - 1).keys;
    const out = pair(pass);
    const params = { count, blocks, shift: pass * DIGIT_BITS, rows };
    const workgroups = foldGrid(blocks);
    dispatches.push(
      {
        kernel: kernel({
          name: "sort: count",
          wgsl: sortPassShader({ place: false, first, signed }),
          bindings: { keys: read(keysType), counts: write("u32") },
          params: PARAMS,
        }),
        bindings: { keys, counts },
        params,
        workgroups,
      },
      {
        kernel: kernel({ name: "sort: scan", wgsl: sortScanShader(), bindings: { values: readWrite("u32") }, params: { count: "u32" } }),
        bindings: { values: counts },
        params: { count: 16 * blocks },
        workgroups: [1, 1, 1],
      },
      {
        kernel: kernel({
          name: "sort: place",
          wgsl: sortPassShader({ place: true, first, signed }),
          bindings: {
            keys: read(keysType),
            ...(first ? {} : { order: read("u32") }),
            offsets: read("u32"),
            keys_out: write("u32"),
            order_out: write("u32"),
          },
          params: PARAMS,
        }),
        bindings: {
          keys,
          ...(first ? {} : { order: pair(pass - 1).order }),
          offsets: counts,
          keys_out: out.keys,
          order_out: out.order,
        },
        params,
        workgroups,
      },
    );
  }
  return { dispatches, temporaries, ...pair(passes - 1) };
}
