import { type DeviceTraits, Engine } from "../../../src/index.ts";
import { type Case, fromJson, toJson } from "./case.ts";
import { runCases, type Source } from "./run.ts";

/** Called in the page: the cases on one engine on the GPU. Cases and results travel as text, see `toJson`. */
export async function runOnGpu(source: Source, cases: string, traits: Partial<DeviceTraits>): Promise<string> {
  const engine = await Engine.create({ traits });
  try {
    return toJson(await runCases(engine, source, fromJson<Case[]>(cases)));
  } finally {
    engine.dispose();
  }
}
