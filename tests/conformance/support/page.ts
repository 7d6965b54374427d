import { Engine, type EngineOptions } from "../../../src/index.ts";
import { type Case, fromJson, toJson } from "./case.ts";
import { runCases, type Source } from "./run.ts";

/** Called in the page: the cases on one engine on the GPU. Cases and results travel as text, see `toJson`. */
export async function runOnGpu(source: Source, cases: string, options: EngineOptions): Promise<string> {
  const engine = await Engine.create(options);
  try {
    return toJson(await runCases(engine, source, fromJson<Case[]>(cases)));
  } finally {
    engine.dispose();
  }
}
