import { indexCheckParams, indexCheckShader } from "../../../shaders/index_check.wgsl.ts";
import { type Kernel, kernel, read, readWrite } from "../../graph/kernel.ts";
import type { Op } from "../../graph/op.ts";
import type { Node } from "../../graph/tensor.ts";
import { byteLength, sizeOf } from "../../graph/types.ts";
import { foldGrid } from "../../ops/grid.ts";
import type { NamedRange, Part, TensorRange } from "./range.ts";
import type { ComputedIndices } from "./trace.ts";

export const indexCheckKernel = (masked: boolean): Kernel =>
  kernel({
    name: masked ? "index_check_masked" : "index_check",
    wgsl: indexCheckShader({ masked }),
    bindings: { indices: read("u32"), run: read("u32"), status: readWrite("u32"), ...(masked ? { mask: read("f32") } : {}) },
    params: indexCheckParams,
  });

/** Params and grid for one part of a tensor. @param number of the check in its program */
export function indexCheckCall({ low, high, ignore = low }: NamedRange, [start, length, step, times]: Part, number: number) {
  const count = length * times;
  return {
    params: { count, start, length, step, low: low >>> 0, span: high - low, ignore: ignore >>> 0, number },
    workgroups: foldGrid(Math.ceil(count / 64)),
  };
}

interface IndexCheckAttributes {
  readonly range: NamedRange;
  readonly number: number;
}

/** Sets the flag of the program where an index is out of range. Inputs: the indices, perhaps a mask. The planner puts it before their first use. */
const indexCheckOp: Op<IndexCheckAttributes> = {
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

/** `nodes` with a check before the first use of what is computed, and what the checks are of, by number. */
export function withChecks(nodes: readonly Node[], computed: readonly ComputedIndices[]): { nodes: Node[]; checks: TensorRange[] } {
  const before = new Map<Node, Node[]>();
  const checks = computed.map(({ node, tensor, range, mask }, number): TensorRange => {
    const inputs = mask ? [tensor, mask] : [tensor];
    const added = { op: indexCheckOp, inputs, attributes: { range, number }, outputs: [] } as unknown as Node;
    before.set(node, [...(before.get(node) ?? []), added]);
    const { dtype, shape } = tensor;
    return { ...range, type: { dtype, shape } };
  });
  return { nodes: nodes.flatMap((node) => [...(before.get(node) ?? []), node]), checks };
}
