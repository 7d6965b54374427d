import type { Engine } from "../../../src/index.ts";
import { buildTorchConv, buildTorchMaxout, buildTorchPool } from "./build-torch-conv.ts";
import { buildTorchLoss } from "./build-torch-loss.ts";
import { buildTorchRnn } from "./build-torch-rnn.ts";
import type { Case } from "./case.ts";
import { CaseGraph, type Numbers } from "./graph.ts";
import { runGraph } from "./run-graph.ts";
import { runTorchTrainConv } from "./run-torch-train-conv.ts";
import { runTorchClip, runTorchOptim, runTorchTrain } from "./run-torch-updates.ts";

export async function runTorch(engine: Engine, c: Case): Promise<Record<string, Numbers>> {
  const graph = new CaseGraph();
  switch (c.op) {
    case "rnn":
      buildTorchRnn(graph, c);
      return runGraph(engine, graph);
    case "loss":
      buildTorchLoss(graph, c);
      return runGraph(engine, graph);
    case "conv2d":
      buildTorchConv(graph, c);
      return runGraph(engine, graph);
    case "pool2d":
      buildTorchPool(graph, c);
      return runGraph(engine, graph);
    case "maxout":
      buildTorchMaxout(graph, c);
      return runGraph(engine, graph);
    case "clip":
      return runTorchClip(engine, c);
    case "optim":
      return runTorchOptim(engine, c);
    case "train":
      return c.name.includes("train_conv_") ? runTorchTrainConv(engine, c) : runTorchTrain(engine, c);
    default:
      throw new Error(`nothing runs the group ${c.op}`);
  }
}
