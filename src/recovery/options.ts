import { check, checkOptions, describe, type UnrollError } from "../errors.ts";
import type { HostArray } from "../graph/types.ts";
import type { StepResult, TrainerBase } from "../nn/trainer-base.ts";
import type { Engine } from "../program/engine.ts";
import type { RecoveryLimits } from "./budget.ts";
import { type CheckpointStore, memoryCheckpoints } from "./checkpoints.ts";

/** A batch on the host: what a step is made again from. */
export type HostBatch = readonly [x: HostArray, target: HostArray];

export interface LossEvent {
  readonly error: UnrollError;
  /** The wait before a new device is requested, in milliseconds. */
  readonly delayMs: number;
}

export interface RecoveryEvent {
  /** Steps that the trainer has made, once those since the checkpoint were made again. */
  readonly steps: number;
  /** How many steps were made again. */
  readonly repeated: number;
  readonly adapter: string;
  /** Whether the adapter is the one that computed the checkpoint. If not, the bits differ from those of an undisturbed run. */
  readonly sameAdapter: boolean;
}

export interface RecoveringTrainerOptions<T extends TrainerBase> {
  /** Makes the trainer on an engine: `(engine) => createTrainer(engine, model, options)`, or with `loadTrainer`. Called for each device. */
  readonly trainer: (engine: Engine) => Promise<T>;
  /** Makes an engine with a new device. Default `Engine.create`, which requests a new adapter each time. */
  readonly engine?: () => Promise<Engine>;
  /** Where checkpoints are kept. Default `memoryCheckpoints()`. What it holds at first is loaded, so that training goes on from there. */
  readonly checkpoints?: CheckpointStore;
  /** Steps between checkpoints. Default 100. */
  readonly every?: number;
  /** Bytes of batches kept since the last checkpoint; where more would be kept, a checkpoint comes earlier. Default 256 MB. */
  readonly keptBytes?: number;
  readonly limits?: RecoveryLimits;
  /** The device was lost; another one is requested after the wait. */
  readonly onLost?: (event: LossEvent) => void;
  /** Training goes on. Also called at the start, where a checkpoint was loaded. */
  readonly onRecovered?: (event: RecoveryEvent) => void;
}

export interface TrainOptions {
  /** Train until the trainer has made so many steps. */
  readonly steps: number;
  /** Called after each step with its loss; reading it makes each step wait for the GPU. */
  readonly onStep?: (result: StepResult & { readonly step: number }) => void;
  /** Ends the training after the current step. */
  readonly signal?: AbortSignal;
}

/** Options without gaps. */
export interface RecoverySettings {
  readonly checkpoints: CheckpointStore;
  readonly every: number;
  readonly keptBytes: number;
  readonly limits: RecoveryLimits;
}

/** Checks the options of `createRecoveringTrainer` and fills in what they leave out. */
export function checkRecovering<T extends TrainerBase>(options: RecoveringTrainerOptions<T>): RecoverySettings {
  checkOptions("createRecoveringTrainer", options, [
    ...["trainer", "engine", "checkpoints", "every", "keptBytes", "limits", "onLost", "onRecovered"],
  ]);
  const { trainer: build, engine, checkpoints = memoryCheckpoints(), every = 100, keptBytes = 256e6, limits = {} } = options;
  for (const [name, value] of Object.entries({ trainer: build, engine, onLost: options.onLost, onRecovered: options.onRecovered }))
    check(
      typeof value === "function" || (value === undefined && name !== "trainer"),
      "argument",
      () => `createRecoveringTrainer: ${name} must be a function, not ${describe(value)}`,
    );
  check(
    typeof checkpoints?.save === "function" && typeof checkpoints.load === "function",
    "argument",
    () => `createRecoveringTrainer: checkpoints must be a store such as memoryCheckpoints(), not ${describe(checkpoints)}`,
  );
  for (const [name, value] of Object.entries({ every, keptBytes }))
    check(value > 0, "argument", () => `createRecoveringTrainer: ${name} must be a number above 0, not ${describe(value)}`);
  checkOptions("createRecoveringTrainer: limits", limits, ["youngMs", "youngDeaths", "firstDelayMs", "refusedMs"]);
  for (const [name, value] of Object.entries(limits))
    check(
      typeof value === "number" && value >= 0,
      "argument",
      () => `createRecoveringTrainer: ${name} must be a number of at least 0, not ${describe(value)}`,
    );
  return { checkpoints, limits, every, keptBytes };
}
