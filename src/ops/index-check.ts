import { indexCheckParams, indexCheckShader } from "../../shaders/index_check.wgsl.ts";
import { type Kernel, kernel, read, readWrite } from "../graph/kernel.ts";
import type { IndexRange, Op } from "../graph/op.ts";
import { byteLength, sizeOf } from "../graph/types.ts";
import { foldGrid } from "./grid.ts";

export const indexCheckKernel = (masked: boolean): Kernel =>
  kernel({
    name: masked ? "index_check_masked" : "index_check",
    wgsl: indexCheckShader({ masked }),
    bindings: { indices: read("u32"), run: read("u32"), status: readWrite("u32"), ...(masked ? { mask: read("f32") } : {}) },
    params: indexCheckParams,
  });

/** Elements of a tensor: `times` runs of `length`, `step` apart. */
export type Part = readonly [start: number, length: number, step: number, times: number];

type Range = Pick<IndexRange, "low" | "high" | "ignore">;

/** Params and grid for one part of a tensor. @param number of the check in its program */
export function indexCheckCall({ low, high, ignore = low }: Range, [start, length, step, times]: Part, number: number) {
  const count = length * times;
  return {
    params: { count, start, length, step, low: low >>> 0, span: high - low, ignore: ignore >>> 0, number },
    workgroups: foldGrid(Math.ceil(count / 64)),
  };
}

export interface IndexCheckAttributes {
  readonly range: Range;
  readonly number: number;
}

/** Sets the flag of the program where an index is out of range. Inputs: the indices, perhaps a mask. The planner puts it before their first use. */
export const indexCheckOp: Op<IndexCheckAttributes> = {
  name: "index check",
  shape: () => [],
  reference: () => {},
  gradient: () => [],
  kernels: [
    {
      name: "index check",
      allowed: () => true,
      plan({ inputs, attributes: { range, number } }) {
        const size = sizeOf(inputs[0].shape);
        const masked = inputs.length > 1;
        return {
          dispatches: [
            {
              kernel: indexCheckKernel(masked),
              bindings: { indices: { input: 0 }, ...(masked ? { mask: { input: 1 } } : {}) },
              engine: { run: "counter", status: "status" },
              ...indexCheckCall(range, [0, size, size, 1], number),
            },
          ],
        };
      },
    },
  ],
  cost: ({ inputs }) => ({ flops: 0, bytes: inputs.reduce((sum, type) => sum + byteLength(type), 0) }),
  error: () => [],
};
