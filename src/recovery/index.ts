export type { RecoveryLimits } from "./budget.ts";
export { type Checkpoint, type CheckpointStore, fileCheckpoints, indexedDbCheckpoints, memoryCheckpoints } from "./checkpoints.ts";
export type { HostBatch, LossEvent, RecoveringTrainerOptions, RecoveryEvent, TrainOptions } from "./options.ts";
export { createRecoveringTrainer, RecoveringTrainer } from "./recovering-trainer.ts";
