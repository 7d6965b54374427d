import { compile } from "../../program/compile.ts";
import { Engine, type EngineOptions } from "../../program/engine.ts";
import { verify } from "../../verify/program.ts";
import type { BenchResult } from "../schema.ts";
import { distribution } from "../statistics.ts";
import { batchOf, leNetStep, trainingStep } from "../workloads.ts";
import type { StartName } from "./start-names.ts";

const MODELS: Readonly<Record<StartName, () => unknown>> = {
  "first loss of LeNet B64": () => leNetStep(),
  "first loss of tanh RNN T128 B16 I64 H128 O64": () => trainingStep(),
};

/**
 * From nothing to the first loss on the host, on a device of its own: device, pipelines, first result. Only the first in a fresh browser is
 * cold: it keeps compiled shaders.
 * @param module milliseconds that loading the script took, where that is known.
 */
export async function measureStart(
  name: StartName,
  source: Pick<EngineOptions, "gpu" | "powerPreference">,
  module?: number,
): Promise<BenchResult> {
  const parts: { name: string; ms: number }[] = module === undefined ? [] : [{ name: "module load", ms: module }];
  const begin = performance.now();
  let last = begin;
  const mark = (part: string) => {
    const now = performance.now();
    parts.push({ name: part, ms: now - last });
    last = now;
  };
  const engine = await Engine.create(source);
  try {
    mark("device");
    const program = await compile(engine, MODELS[name]() as never);
    mark("pipeline compilation");
    const batch = batchOf((program as never as { spec: { inputs: never } }).spec.inputs);
    await program.run(batch as never, { read: ["loss"] as never });
    mark("first result");
    const total = performance.now() - begin + (module ?? 0);
    // only now: a check before would have warmed everything up
    const { ok, firstWrong } = await verify(program, batch as never);
    const base = { suite: "start", name, subject: "unroll", dispatches: (program as never as { dispatches: number }).dispatches };
    if (!ok) {
      const message = `${firstWrong?.op} (${firstWrong?.variant}) is off by ${firstWrong?.error}, allowed ${firstWrong?.bound}`;
      return { ...base, check: { ok: false, against: "reference", message } };
    }
    return { ...base, check: { ok: true, against: "reference" }, wall: distribution([total], 1), parts };
  } finally {
    engine.dispose();
  }
}
