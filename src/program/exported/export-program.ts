import { checkOptions } from "../../errors.ts";
import { type CompileSpec, checkLabel, normalize, type Tensors } from "../spec.ts";
import { checkDevices, exportGraphs } from "./export.ts";
import type { ExportOptions } from "./format.ts";
import { type ExportedProgramFile, PROGRAM } from "./load-program.ts";

/**
 * Compiles a graph ahead of time: plans order, memory and kernels for any device with WebGPU's default limits, hardware or software, and
 * returns them as plain JSON. Needs no GPU. {@link loadProgram} runs it, and an app that only loads ships neither ops nor planner. Initial
 * values that are not drawn by one of the initialisers here are in it as seed 0 gives them.
 * @throws UnrollError as `compile` does where the graph is not whole; `limit` where it needs more than the default limits.
 */
export async function exportProgram<const I extends Tensors, const O extends Tensors = Record<never, never>>(
  spec: CompileSpec<I, O> & ExportOptions,
): Promise<ExportedProgramFile> {
  checkOptions("exportProgram", spec, ["inputs", "outputs", "updates", "label", "devices"]);
  checkLabel("exportProgram", spec.label);
  const devices = checkDevices("exportProgram", spec.devices);
  const graph = normalize(spec);
  return { format: "unroll-program/1", ...(await exportGraphs({ [PROGRAM]: { label: spec.label ?? PROGRAM, graph } }, devices)) };
}
