import { UnrollError } from "../errors.ts";
import { type KernelRun, kernelCall } from "../gpu/run-kernel.ts";
import type { Kernel, Workgroups } from "../graph/kernel.ts";
import type { Call, Lowering, Operand } from "../graph/op.ts";
import type { HostArray } from "../graph/types.ts";
import { kernelReference } from "../program/run-kernel.ts";
import { runLowering } from "../verify/runner.ts";
import type { Check } from "./schema.ts";
import type { Bench } from "./subject.ts";

const TOLERANCE = { f32: 1e-5, i32: 0, u32: 0, f16: 1e-3 };

/**
 * Compares what a kernel writes with its reference. Allowed is tolerance · max(|reference|, scale), where scale is the largest |reference|
 * of the output, but at most 1: an output of small numbers must be right, too.
 */
export async function checkKernelOutput(bench: Bench, kernel: Kernel, run: KernelRun): Promise<Check> {
  if (!kernel.reference) return { ok: true, against: "none" };
  const expected = referenceOf(kernel, run);
  const { outputs, problem } = await outputsOf(bench, kernel, run);
  if (problem !== undefined) return { ok: false, against: "reference", message: problem };
  let worst = { ratio: 0, message: "" };
  for (const [name, right] of Object.entries(expected)) {
    const tolerance = kernel.tolerance ?? TOLERANCE[kernel.bindings[name].dtype];
    const scale = Math.min(
      1,
      right.reduce((most, value) => (Number.isFinite(value) ? Math.max(most, Math.abs(value)) : most), 0),
    );
    right.forEach((value, i) => {
      const given = outputs[name][i];
      if (Object.is(given, value) || given === Math.fround(value) || (Number.isNaN(given) && Number.isNaN(value))) return;
      const allowed = tolerance * Math.max(scale, Math.abs(value));
      const off = Math.abs(given - value);
      const ratio = Number.isNaN(off) || allowed === 0 ? Number.POSITIVE_INFINITY : off / allowed;
      if (ratio > worst.ratio)
        worst = { ratio, message: `"${name}"[${i}] is ${given} instead of ${value}, off by ${off}, allowed ${allowed}` };
    });
  }
  const error = Number.isFinite(worst.ratio) ? { error: worst.ratio } : {}; // JSON has no infinity
  return worst.ratio <= 1
    ? { ok: true, against: "reference", ...error }
    : { ok: false, against: "reference", ...error, message: worst.message };
}

/** What throws here is the reference, not the kernel. */
function referenceOf(kernel: Kernel, run: KernelRun): Record<string, Float64Array> {
  try {
    return kernelReference(kernel, run);
  } catch (cause) {
    if (cause instanceof UnrollError) throw cause;
    const at = cause instanceof Error ? cause.stack?.split("\n").slice(1, 2).join("").trim() : undefined;
    throw new UnrollError("argument", `the reference of kernel "${kernel.name}" throws: ${String(cause)}${at ? ` (${at})` : ""}`, {
      cause,
    });
  }
}

interface Outputs {
  readonly outputs: Readonly<Record<string, Float64Array>>;
  readonly problem?: string;
}

/** As ops are proven: over poison, between guard words, twice. */
async function outputsOf({ gpu }: Bench, kernel: Kernel, run: KernelRun): Promise<Outputs> {
  const bindings = Object.entries(kernel.bindings);
  const call = kernelCall(kernel, run);
  const type = (name: string) => ({ dtype: kernel.bindings[name].dtype, shape: [call.lengths[name]] });
  const inputs = bindings.flatMap(([name, { access }]) => (access === "write" ? [] : [name]));
  const outputs = bindings.flatMap(([name, { access }]) => (access === "write" ? [name] : []));
  const inPlace = inputs.filter((name) => kernel.bindings[name].access === "read_write");
  const operands: Record<string, Operand> = Object.fromEntries([
    ...inputs.map((name, input) => [name, { input }]),
    ...outputs.map((name, output) => [name, { output }]),
  ]);
  const workgroups = (run.workgroups ?? kernel.workgroups?.(call)) as Workgroups;
  const lowering: Lowering = { dispatches: [{ kernel, bindings: operands, params: call.params, workgroups }] };
  const types: Call = { inputs: inputs.map(type), outputs: outputs.map(type), attributes: undefined };
  const hosts = inputs.map((name) => run.buffers[name] as HostArray);
  const changed = inPlace.map((name) => inputs.indexOf(name));
  const result = await runLowering(gpu, types, lowering, hosts, undefined, undefined, changed);
  const named = (_: string, kind: string, i: string) => `"${(kind === "input" ? inputs : outputs)[Number(i)]}"`;
  const problem = result.problem?.replace(/^(input|output) (\d+)/, named);
  const values = [...result.outputs, ...result.changed];
  return { outputs: Object.fromEntries([...outputs, ...inPlace].map((name, i) => [name, values[i]])), problem };
}
