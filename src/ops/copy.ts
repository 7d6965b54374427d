import { copyShader } from "../../shaders/copy.wgsl.ts";
import { check, describe } from "../errors.ts";
import { type Kernel, kernel, read, write } from "../graph/kernel.ts";
import type { Op } from "../graph/op.ts";
import { applyOne, Tensor } from "../graph/tensor.ts";
import { byteLength, type DType, type Shape, stridesOf } from "../graph/types.ts";
import { foldGrid } from "./grid.ts";

/** Copies words bit for bit. `guarded` adds a third binding: while its first word is not 0 nothing is copied. */
export const copyKernel = (dtype: DType, guarded = false): Kernel =>
  kernel({
    name: guarded ? "copy_guarded" : "copy",
    wgsl: copyShader({ guarded }),
    bindings: { x: read(dtype), y: write(dtype), ...(guarded ? { guard: read("u32") } : {}) },
    params: { size: "u32" },
  });

const words = (type: { dtype: DType; shape: Shape }): number => Math.ceil(byteLength(type) / 4);

export const copyWorkgroups = (type: { dtype: DType; shape: Shape }) => foldGrid(Math.ceil(words(type) / 64));

export const copyParams = (type: { dtype: DType; shape: Shape }) => ({ size: words(type) });

/** y = x in memory of its own. */
export const copyOp: Op = {
  name: "copy",
  shape(inputs) {
    check(inputs.length === 1, "argument", () => `copy takes one tensor, not ${inputs.length}`);
    return [{ dtype: inputs[0].dtype, shape: inputs[0].shape }];
  },
  reference(_call, [x], [y]) {
    y.set(x);
  },
  gradient: ({ gradients }) => [gradients[0]],
  moves: ({ inputs: [{ shape }] }) => ({ boxes: [{ input: 0, box: { sizes: shape, strides: stridesOf(shape), base: 0 } }] }),
  kernels: [
    {
      name: "words",
      allowed: ({ inputs }) => inputs[0].dtype !== "f16" || byteLength(inputs[0]) % 4 === 0,
      plan: ({ inputs }) => ({
        dispatches: [
          {
            kernel: copyKernel(inputs[0].dtype),
            bindings: { x: { input: 0 }, y: { output: 0 } },
            params: copyParams(inputs[0]),
            workgroups: copyWorkgroups(inputs[0]),
          },
        ],
      }),
    },
  ],
  cost: ({ inputs }) => ({ flops: 0, bytes: 2 * byteLength(inputs[0]) }),
  error: () => [0],
};

/** A copy of `x` in memory of its own, bit for bit. */
export function copy<D extends DType, S extends Shape>(x: Tensor<D, S>): Tensor<D, S> {
  check(x instanceof Tensor, "argument", () => `copy: x must be a tensor, not ${describe(x)}`);
  return applyOne(copyOp, [x], {});
}
