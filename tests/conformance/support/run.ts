import type { Engine } from "../../../src/index.ts";
import { buildOnnx } from "./build-onnx.ts";
import { buildWebnn } from "./build-webnn.ts";
import type { Case, CaseResult } from "./case.ts";
import { CaseGraph, type Numbers } from "./graph.ts";
import { runGraph } from "./run-graph.ts";
import { runOnnxMomentum } from "./run-onnx-momentum.ts";
import { runTorch } from "./run-torch.ts";

export type Source = "torch" | "webnn" | "onnx";

async function runCase(engine: Engine, source: Source, c: Case): Promise<Record<string, Numbers>> {
  if (source === "torch") return runTorch(engine, c);
  if (c.op === "ai.onnx.preview.training.Momentum") return runOnnxMomentum(engine, c);
  const graph = new CaseGraph();
  (source === "onnx" ? buildOnnx : buildWebnn)(graph, c);
  return runGraph(engine, graph);
}

/** Runs each case on the engine, a few at once; a case that throws is told as its result. */
export async function runCases(engine: Engine, source: Source, cases: readonly Case[], atOnce = 1): Promise<CaseResult[]> {
  const results: CaseResult[] = [];
  const queue = cases.entries();
  const worker = async () => {
    for (const [i, c] of queue) {
      try {
        results[i] = { outputs: await runCase(engine, source, c) };
      } catch (error) {
        results[i] = { error: error instanceof Error ? `${error.name}: ${error.message}` : String(error) };
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return results;
}
