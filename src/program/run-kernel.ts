import { check } from "../errors.ts";
import { type KernelRun, kernelCall, runKernelOn } from "../gpu/run-kernel.ts";
import type { Bindings, Kernel, Params, Workgroups } from "../graph/kernel.ts";
import { hostArray } from "../graph/tensor.ts";
import type { HostArray, HostArrays } from "../graph/types.ts";
import { checkEngine, type Engine, gpuPartsOf } from "./engine.ts";

/** Names of the bindings that a kernel writes. */
export type Written<B extends Bindings> = { [K in keyof B]: B[K]["access"] extends "read" ? never : K }[keyof B];

export interface KernelInputs<B extends Bindings, P extends Params> {
  /** For each binding its values; for one that is only written, the number of its elements. */
  readonly buffers: { readonly [K in keyof B]: HostArrays[B[K]["dtype"]] | (B[K]["access"] extends "write" ? number : never) };
  readonly params?: { readonly [K in keyof P]: number };
  /** Overrides the kernel's own rule. */
  readonly workgroups?: Workgroups;
}

export type KernelResults<B extends Bindings> = { [K in Written<B>]: HostArrays[B[K]["dtype"]] };

/**
 * Runs one kernel on its own: uploads, one dispatch, reads back what it wrote. On a reference engine it runs the kernel's reference.
 * @throws UnrollError `name`, `dtype`, `argument` when buffers or params do not fit; `shader` when the WGSL does not compile.
 */
export async function runKernel<B extends Bindings, P extends Params>(
  engine: Engine,
  kernel: Kernel<B, P>,
  inputs: KernelInputs<B, P>,
): Promise<KernelResults<B>> {
  checkEngine("runKernel", engine);
  engine.assertUsable();
  const run = inputs as unknown as KernelRun;
  const parts = gpuPartsOf(engine);
  if (parts) return (await runKernelOn(parts.gpu, kernel as Kernel, run)) as unknown as KernelResults<B>;
  return Object.fromEntries(
    Object.entries(kernelReference(kernel as Kernel, run)).map(([name, values]) => {
      const data = hostArray(kernel.bindings[name].dtype, values.length);
      data.set(values);
      return [name, data];
    }),
  ) as unknown as KernelResults<B>;
}

/** What the kernel's reference writes, in f64. @throws UnrollError `argument` when the kernel has none. */
export function kernelReference(kernel: Kernel, run: KernelRun): Record<string, Float64Array> {
  const { lengths, params } = kernelCall(kernel, run);
  check(kernel.reference, "argument", () => `kernel "${kernel.name}" has no reference`);
  const arrays = Object.fromEntries(
    Object.keys(kernel.bindings).map((name) => {
      const value = run.buffers[name];
      return [name, typeof value === "number" ? new Float64Array(lengths[name]) : Float64Array.from(value as HostArray)];
    }),
  );
  kernel.reference(arrays, params);
  return Object.fromEntries(Object.entries(arrays).filter(([name]) => kernel.bindings[name].access !== "read"));
}
