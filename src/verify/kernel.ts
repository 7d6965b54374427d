import { check } from "../errors.ts";
import type { KernelRun } from "../gpu/run-kernel.ts";
import { fromHalf } from "../graph/half.ts";
import type { Bindings, Kernel, Params } from "../graph/kernel.ts";
import { checkEngine, type Engine } from "../program/engine.ts";
import { type KernelInputs, kernelReference, runKernel } from "../program/run-kernel.ts";

export interface KernelCheck {
  readonly ok: boolean;
  /** For each binding that the kernel writes: the largest |GPU − reference| in units of max(1, |reference|), and where it is. */
  readonly outputs: readonly { readonly name: string; readonly error: number; readonly index: number }[];
  readonly tolerance: number;
}

const DEFAULT_TOLERANCE = 1e-5;
/** Half precision has eleven bits. */
const HALF_TOLERANCE = 1e-3;

/**
 * Compares a kernel with its own reference on the given inputs.
 * @throws UnrollError `argument` when the kernel has no reference, or the engine runs on references itself.
 */
export async function verifyKernel<B extends Bindings, P extends Params>(
  engine: Engine,
  kernel: Kernel<B, P>,
  inputs: KernelInputs<B, P>,
): Promise<KernelCheck> {
  checkEngine("verifyKernel", engine);
  check(!engine.isReference, "argument", "verifyKernel: this engine runs on the CPU references; there is nothing to compare");
  const expected = kernelReference(kernel as Kernel, inputs as unknown as KernelRun);
  const actual = (await runKernel(engine, kernel, inputs)) as Record<string, ArrayLike<number>>;
  const written = Object.keys(expected);
  const isHalf = (name: string): boolean => kernel.bindings[name].dtype === "f16";
  const tolerance = kernel.tolerance ?? (written.some(isHalf) ? HALF_TOLERANCE : DEFAULT_TOLERANCE);
  const outputs = Object.entries(expected).map(([name, values]) => {
    let error = 0;
    let index = 0;
    const given = isHalf(name) ? Array.from(actual[name], fromHalf) : actual[name];
    values.forEach((value, i) => {
      const difference = Object.is(given[i], Math.fround(value)) ? 0 : Math.abs(given[i] - value) / Math.max(1, Math.abs(value));
      // what is no number is infinitely wrong; the first of the worst is told
      const distance = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference;
      if (distance > error) [error, index] = [distance, i];
    });
    return { name, error, index };
  });
  return { ok: outputs.every(({ error }) => error <= tolerance), outputs, tolerance };
}
