import { check, describe, UnrollError } from "../errors.ts";
import type { TrainerBase } from "../nn/trainer-base.ts";
import { Engine } from "../program/engine.ts";
import type { RecoveryBudget } from "./budget.ts";
import type { Checkpoint, CheckpointStore } from "./checkpoints.ts";
import type { RecoveringTrainerOptions } from "./options.ts";

export const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Makes engine and trainer and loads the checkpoint. An adapter that is refused is asked for again until the limit. */
export async function opened<T extends TrainerBase>(
  { engine: make = () => Engine.create(), trainer: build }: RecoveringTrainerOptions<T>,
  checkpoints: CheckpointStore,
  budget: RecoveryBudget,
  refusedMs: number,
): Promise<{ readonly trainer: T; readonly checkpoint: Checkpoint | undefined }> {
  const checkpoint = await checkpoints.load();
  const start = performance.now();
  for (let attempt = 0; ; attempt++) {
    let engine: Engine;
    try {
      engine = await make();
    } catch (error) {
      const refused = error instanceof UnrollError && error.code === "adapter";
      if (!refused || performance.now() - start >= refusedMs) throw error;
      await wait(budget.delay(attempt));
      continue;
    }
    check(
      typeof engine?.dispose === "function" && typeof engine.lost?.then === "function",
      "argument",
      () => `createRecoveringTrainer: engine must give an engine, as Engine.create does, not ${describe(engine)}`,
    );
    budget.born();
    try {
      const trainer = await build(engine);
      check(
        typeof trainer?.step === "function" && trainer.engine === engine,
        "argument",
        () =>
          `createRecoveringTrainer: trainer must give a trainer on the engine that it gets, as createTrainer does, not ${describe(trainer)}`,
      );
      if (checkpoint) await trainer.load(checkpoint.arrays);
      return { trainer, checkpoint };
    } catch (error) {
      engine.dispose();
      throw error;
    }
  }
}
