import { check, checkOptions, describe } from "../errors.ts";
import { type KernelRun, kernelCall, runKernelOn } from "../gpu/run-kernel.ts";
import { fromHalf, toHalf } from "../graph/half.ts";
import { arrayName, checkMemory } from "../graph/host-array.ts";
import type { Bindings, Kernel, Params, Workgroups } from "../graph/kernel.ts";
import { hostArray } from "../graph/tensor.ts";
import type { HostArray, HostArrays } from "../graph/types.ts";
import { checkKernel } from "../graph/user-kernel.ts";
import { nameOfClass, typedArrayName } from "../host.ts";
import { checkEngine, type Engine } from "./engine.ts";
import { gpuPartsOf } from "./parts.ts";

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
  if (parts) {
    checkRun(kernel as Kernel, run);
    return (await runKernelOn(parts.gpu, kernel as Kernel, run)) as unknown as KernelResults<B>;
  }
  return Object.fromEntries(
    Object.entries(kernelReference(kernel as Kernel, run)).map(([name, values]) => {
      const { dtype } = kernel.bindings[name];
      const data = hostArray(dtype, values.length);
      data.set(dtype === "f16" ? values.map(toHalf) : values);
      return [name, data];
    }),
  ) as unknown as KernelResults<B>;
}

/** What the kernel's reference writes, in f64. @throws UnrollError `argument` when the kernel has none. */
export function kernelReference(kernel: Kernel, run: KernelRun): Record<string, Float64Array> {
  checkValues(kernel, run);
  const { lengths, params } = kernelCall(kernel, run);
  check(kernel.reference, "argument", () => `kernel "${kernel.name}" has no reference`);
  const arrays = Object.fromEntries(
    Object.keys(kernel.bindings).map((name) => {
      const value = run.buffers[name];
      if (typeof value === "number") return [name, new Float64Array(lengths[name])];
      // halves come as their bits
      return [
        name,
        kernel.bindings[name].dtype === "f16" ? Float64Array.from(value as HostArray, fromHalf) : Float64Array.from(value as HostArray),
      ];
    }),
  );
  kernel.reference(arrays, params);
  return Object.fromEntries(Object.entries(arrays).filter(([name]) => kernel.bindings[name].access !== "read"));
}

/** What is bound and the params must be those of the kernel. @throws UnrollError `name`, `dtype`, `argument` */
function checkValues(kernel: Kernel, run: KernelRun): void {
  checkKernel(kernel);
  checkOptions(`kernel "${kernel.name}"`, run, ["buffers", "params", "workgroups"]);
  for (const [name, value] of Object.entries({ buffers: run.buffers, params: run.params ?? {} }))
    check(
      typeof value === "object" && value !== null,
      "argument",
      () => `kernel "${kernel.name}": ${name} must be an object by name, not ${describe(value)}`,
    );
  for (const [name, { dtype, access }] of Object.entries(kernel.bindings)) {
    const value = run.buffers[name];
    check(value !== undefined && value !== null, "name", () => `kernel "${kernel.name}": nothing is given for the binding "${name}"`);
    if (typeof value === "number") {
      check(access === "write", "argument", () => `kernel "${kernel.name}": "${name}" is read, so it needs values, not a length`);
      check(Number.isInteger(value) && value >= 0, "argument", () => `kernel "${kernel.name}": "${name}" cannot have ${value} elements`);
    } else {
      check(
        typedArrayName(value) === arrayName(dtype),
        "dtype",
        () => `kernel "${kernel.name}": "${name}" is ${dtype}, but ${nameOfClass(value)} was given`,
      );
      checkMemory(`kernel "${kernel.name}": "${name}"`, value);
    }
  }
  for (const name of Object.keys(run.buffers))
    check(
      Object.hasOwn(kernel.bindings, name),
      "name",
      () => `kernel "${kernel.name}" has no binding "${name}"; it has ${Object.keys(kernel.bindings).join(", ")}`,
    );
  const params = run.params ?? {};
  for (const name of Object.keys(kernel.params ?? {}))
    check(Number.isFinite(params[name]), "argument", () => `kernel "${kernel.name}": the param "${name}" must be a number`);
}

/** The same, and the workgroups. */
function checkRun(kernel: Kernel, run: KernelRun): void {
  checkValues(kernel, run);
  const workgroups = run.workgroups ?? kernel.workgroups?.(kernelCall(kernel, run));
  check(
    workgroups === undefined ||
      (Array.isArray(workgroups) && workgroups.length === 3 && workgroups.every((n) => Number.isInteger(n) && n >= 0)),
    "argument",
    () => `kernel "${kernel.name}": workgroups must be three whole numbers, not ${String(workgroups)}`,
  );
  check(workgroups, "argument", () => `kernel "${kernel.name}": give workgroups, in the kernel or in the call`);
}
