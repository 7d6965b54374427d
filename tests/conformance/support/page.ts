import { Engine, type EngineOptions } from "../../../src/index.ts";
import { type Case, fromJson, toJson } from "./case.ts";
import { runCases, type Source } from "./run.ts";

const engines = new Map<string, Promise<Engine>>();

/**
 * Called in the page: the cases on an engine on the GPU, the same one for all calls with these options, as its pipelines are dear.
 * Cases and results travel as text, see `toJson`.
 * @param alone after a fault: on an engine that nothing else has used, one case after another.
 */
export async function runOnGpu(source: Source, cases: string, options: EngineOptions, alone = false): Promise<string> {
  const key = JSON.stringify(options);
  if (alone) {
    const engine = await Engine.create(options);
    try {
      return toJson(await runCases(engine, source, fromJson<Case[]>(cases), 1));
    } finally {
      engine.dispose();
    }
  }
  const made = engines.get(key) ?? Engine.create(options);
  engines.set(key, made);
  return toJson(await runCases(await made, source, fromJson<Case[]>(cases), AT_ONCE));
}

/** While one compiles another computes. */
const AT_ONCE = 4;
