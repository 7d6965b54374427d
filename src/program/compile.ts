import { check, checkOptions } from "../errors.ts";
import { Engine } from "./engine.ts";
import { GpuProgram } from "./gpu-program.ts";
import { partsOf } from "./parts.ts";
import type { PlanOptions } from "./plan/plan.ts";
import type { Program } from "./program.ts";
import { type CompileSpec, checkLabel, normalize, type Tensors } from "./spec.ts";

/**
 * Makes a graph ready to run: plans order, memory and kernels, compiles all pipelines side by side, allocates. Variables that the
 * engine does not know yet get their initial values; the others are shared as they are.
 * @throws UnrollError `name`, `argument`, `shape`, `gradient` when the graph is not whole; `limit` when the device allows too little;
 *   `shader` when a kernel does not compile; `disposed`, `lost`. A compile that fails leaves no buffers behind.
 */
export async function compile<const I extends Tensors, const O extends Tensors = Record<never, never>>(
  engine: Engine,
  spec: CompileSpec<I, O> & PlanOptions,
): Promise<Program<I, O>> {
  check(engine instanceof Engine, "argument", "compile: the first argument must be an engine, made by Engine.create()");
  engine.assertUsable();
  checkOptions("compile", spec, ["inputs", "outputs", "updates", "label", "variants"]);
  checkLabel("compile", spec.label);
  const graph = normalize(spec);
  const label = spec.label ?? "program";
  const parts = partsOf(engine);
  const program = "gpu" in parts ? await GpuProgram.create(engine, label, graph, spec) : parts.compile(engine, label, graph);
  return program as unknown as Program<I, O>;
}
