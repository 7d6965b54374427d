export type { RecoveryLimits } from "./budget.ts";
export { type Checkpoint, type CheckpointStore, fileCheckpoints, indexedDbCheckpoints, memoryCheckpoints } from "./checkpoints.ts";
export {
  createRecoveringTrainer,
  type HostBatch,
  type LossEvent,
  RecoveringTrainer,
  type RecoveringTrainerOptions,
  type RecoveryEvent,
  type TrainOptions,
} from "./recovering-trainer.ts";
