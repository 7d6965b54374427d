import { check, checkFlag, checkOptions, describe, UnrollError } from "../errors.ts";
import { formatAdapter } from "../gpu/device.ts";
import { beyondF32, fitsF32 } from "../graph/f32.ts";
import type { HostArray } from "../graph/types.ts";
import type { Examples, StepResult, TrainerBase } from "../nn/trainer-base.ts";
import type { NamedArrays } from "../program/store.ts";
import { RecoveryBudget } from "./budget.ts";
import { type Call, CallLog, isLoss, type Kept } from "./calls.ts";
import type { Checkpoint, CheckpointStore } from "./checkpoints.ts";
import { opened, wait } from "./opened.ts";
import {
  checkRecovering,
  type HostBatch,
  type RecoveringTrainerOptions,
  type RecoveryEvent,
  type RecoverySettings,
  type TrainOptions,
} from "./options.ts";

/**
 * A trainer that survives the loss of its device. When the device is lost it makes a new engine,
 * loads the last checkpoint and makes the steps since then again: with the same bits on the same
 * adapter. Calls made meanwhile wait. Made by {@link createRecoveringTrainer}.
 */
export class RecoveringTrainer<T extends TrainerBase = TrainerBase> {
  readonly #options: RecoveringTrainerOptions<T>;
  readonly #checkpoints: CheckpointStore;
  readonly #every: number;
  readonly #keptBytes: number;
  readonly #budget: RecoveryBudget;
  readonly #log = new CallLog<T>();
  #trainer: T;
  /** Of the first device. */
  readonly #adapter: string;
  /** Counts devices: what an earlier device answers is ignored. */
  #generation = 0;
  #recovering = false;
  #ended: UnrollError | undefined;
  #rate: number;
  #steps: number;
  #sinceCheckpoint = 0;
  /** The checkpoint that is being saved. */
  #saving: Promise<boolean> | undefined;
  /** The first call that the stored checkpoint does not contain. */
  #covered = 0;
  #failedSave: unknown;

  /** @internal */
  constructor(options: RecoveringTrainerOptions<T>, settings: RecoverySettings, budget: RecoveryBudget, trainer: T) {
    this.#options = options;
    this.#checkpoints = settings.checkpoints;
    this.#every = settings.every;
    this.#keptBytes = settings.keptBytes;
    this.#budget = budget;
    this.#trainer = trainer;
    this.#adapter = formatAdapter(trainer.engine.adapter);
    this.#rate = trainer.learningRate;
    this.#steps = trainer.steps;
    this.#watch();
  }

  /** The trainer on the current device, for `report`, `stream` and the like. Another one after each loss. */
  get trainer(): T {
    return this.#trainer;
  }

  /** Steps made so far. */
  get steps(): number {
    if (!this.#recovering && !this.#ended) this.#steps = this.#trainer.steps;
    return this.#steps;
  }

  /** What the next step uses. */
  get learningRate(): number {
    return this.#rate;
  }

  set learningRate(rate: number) {
    check(
      fitsF32(rate) && rate >= 0,
      "argument",
      () => `trainer.learningRate must be a number of at least 0, not ${describe(rate)}${beyondF32(rate)}`,
    );
    this.#rate = rate;
  }

  /** One training step, as `Trainer.step`. The arrays are copied and kept until a checkpoint contains the step. */
  step(x: HostArray, target: HostArray): Promise<undefined>;
  step(x: HostArray, target: HostArray, options: { readonly read: true }): Promise<StepResult>;
  async step(x: HostArray, target: HostArray, options: { readonly read?: boolean } = {}): Promise<StepResult | undefined> {
    checkOptions("step", options, ["read"]);
    const { read = false } = options;
    checkFlag("step", "read", read);
    this.#throwFailedSave();
    const rate = this.#rate;
    const batch = [copied("step", "x", x), copied("step", "target", target)] as const;
    const make = (trainer: T, { answered }: { readonly answered: boolean }): Promise<unknown> => {
      trainer.learningRate = rate;
      return read && !answered ? trainer.step(...batch, { read: true }) : trainer.step(...batch);
    };
    return (await this.#call({ make, changes: true, bytes: batch[0].byteLength + batch[1].byteLength })) as StepResult | undefined;
  }

  /**
   * Trains until the trainer has made `steps` steps.
   * @param batch the batch of a step (0, 1, …). It should depend on that number alone: then training that goes on from a stored
   *   checkpoint, in a new page, sees the batches that an undisturbed run sees.
   */
  async train(batch: (step: number) => HostBatch | Promise<HostBatch>, options: TrainOptions): Promise<void> {
    checkOptions("train", options, ["steps", "onStep", "signal"]);
    const { steps, onStep, signal } = options;
    check(typeof batch === "function", "argument", () => `train: give a function from the step to its batch, not ${describe(batch)}`);
    check(Number.isSafeInteger(steps) && steps >= 0, "argument", () => `train: steps must be a whole number, not ${describe(steps)}`);
    while (this.steps < steps && !signal?.aborted) {
      const step = this.steps;
      const [x, target] = await batch(step);
      if (!onStep) await this.step(x, target);
      else onStep({ ...(await this.step(x, target, { read: true })), step });
    }
  }

  /** The model's output, as `Trainer.predict`: after all steps so far and before the next. */
  async predict(x: HostArray): Promise<Float32Array> {
    const kept = copied("predict", "x", x);
    const make = (trainer: T): Promise<unknown> => trainer.predict(kept);
    return (await this.#call({ make, changes: false, bytes: kept.byteLength })) as Float32Array;
  }

  /** The loss over batches, as `Trainer.evaluate`. */
  async evaluate(batches: Iterable<HostBatch>): Promise<number> {
    const kept = [...batches].map(([x, target]) => [copied("evaluate", "x", x), copied("evaluate", "target", target)] as const);
    const bytes = kept.reduce((sum, [x, target]) => sum + x.byteLength + target.byteLength, 0);
    const make = (trainer: T): Promise<unknown> => trainer.evaluate(kept);
    return (await this.#call({ make, changes: false, bytes })) as number;
  }

  /** Variables, optimizer state and the number of steps, as `Trainer.save`. */
  async save(): Promise<NamedArrays> {
    return (await this.#call({ make: (trainer) => trainer.save(), changes: false, bytes: 0 })) as NamedArrays;
  }

  /** Goes on after values that were not finite, as `Engine.clearNonFinite`. */
  async clearNonFinite(): Promise<void> {
    const make = async (trainer: T): Promise<void> => trainer.engine.clearNonFinite();
    await this.#call({ make, changes: true, bytes: 0 });
  }

  /**
   * Saves a checkpoint now, and resolves when it is stored.
   * @throws UnrollError `non-finite` while that flag is set; what the store throws.
   */
  async checkpoint(): Promise<void> {
    const make = async (trainer: T, { number }: { readonly number: number }): Promise<void> => {
      await this.#saving;
      if (await this.#save(number)) return;
      this.#throwFailedSave();
      throw trainer.engine.nonFinite ?? new UnrollError("lost", "the device was lost before the checkpoint was saved");
    };
    await this.#call({ make, changes: false, bytes: 0 });
  }

  /** Waits for a checkpoint that is being stored, then frees the engine. The stored checkpoint stays. Calls that wait are refused. */
  async dispose(): Promise<void> {
    if (this.#ended) return;
    await this.#saving;
    this.#end(new UnrollError("disposed", "the trainer was disposed"));
  }

  #call(call: Call<T>): Promise<unknown> {
    if (this.#ended) return Promise.reject(this.#ended);
    const { kept, result } = this.#log.add(call);
    // While steps are made again, the recovery comes to this call in its turn.
    if (!this.#recovering) void this.#make(kept);
    return result;
  }

  /** Makes a call on the current device. Gives the error of a device that was lost. */
  async #make(kept: Kept<T>, again = false): Promise<UnrollError | undefined> {
    const generation = this.#generation;
    try {
      const answer = kept.make(this.#trainer, kept);
      if (kept.changes && !again) this.#count(kept);
      const value = await answer;
      if (generation === this.#generation) this.#log.answer(kept, value);
    } catch (error) {
      if (generation !== this.#generation) return undefined;
      if (isLoss(error)) {
        if (!again) void this.#recover(error);
        return error;
      }
      this.#log.refuse(kept, error);
    }
    return undefined;
  }

  /** Counts a step, and takes a checkpoint where it is time. */
  #count({ number }: Kept<T>): void {
    this.#sinceCheckpoint++;
    const due = this.#sinceCheckpoint >= this.#every || this.#log.bytes > this.#keptBytes;
    if (due && !this.#saving) void this.#save(number + 1);
  }

  /** Saves the state as it is after the calls before `next`, all of which were made. Gives whether it is stored. */
  #save(next: number): Promise<boolean> {
    this.#sinceCheckpoint = 0;
    const saving = this.#stored(this.#trainer, next).finally(() => {
      this.#saving = undefined;
    });
    this.#saving = saving;
    return saving;
  }

  async #stored(trainer: T, next: number): Promise<boolean> {
    const generation = this.#generation;
    const { engine } = trainer;
    try {
      const arrays = await trainer.save();
      // The calls before it are done on the GPU; their answers are on the way.
      await Promise.race([this.#log.answeredBefore(next), engine.lost]);
      // The flag is not part of a checkpoint: what it refused must be refused again after a loss.
      if (generation !== this.#generation || engine.nonFinite) return false;
      await this.#checkpoints.save({ arrays, adapter: formatAdapter(engine.adapter) });
      this.#covered = next;
      if (generation === this.#generation) this.#log.forget(next);
      return true;
    } catch (error) {
      if (!isLoss(error) && !this.#ended) this.#failedSave = error;
      return false;
    }
  }

  #throwFailedSave(): void {
    const error = this.#failedSave;
    this.#failedSave = undefined;
    if (error !== undefined) throw error;
  }

  /** Recovers when the device is lost between calls. */
  #watch(): void {
    const generation = this.#generation;
    void this.#trainer.engine.lost.then((error) => {
      if (generation !== this.#generation) return;
      if (error.code === "disposed") this.#end(error);
      else void this.#recover(error);
    });
  }

  async #recover(cause: UnrollError): Promise<void> {
    if (this.#recovering || this.#ended) return;
    this.#recovering = true;
    this.#steps = this.#trainer.steps;
    let error: UnrollError | undefined = cause;
    try {
      // A device may be lost again while the steps are made again.
      while (error) error = await this.#tryRecovery(error);
    } catch (reason) {
      this.#end(
        reason instanceof UnrollError ? reason : new UnrollError("lost", `the recovery failed: ${String(reason)}`, { cause: reason }),
      );
    }
  }

  async #tryRecovery(cause: UnrollError): Promise<UnrollError | undefined> {
    this.#generation++;
    this.#trainer.engine.dispose();
    // `self-test`: the adapter computes wrong values, and another device of it would, too.
    if (cause.code === "self-test") throw cause;
    const delayMs = this.#budget.died();
    const { youngDeaths, youngMs } = this.#budget.limits;
    if (delayMs === undefined)
      throw new UnrollError(
        "lost",
        `${youngDeaths} devices in a row were lost within ${youngMs / 1000} s each; the last: ${cause.message}`,
      );
    this.#report(() => this.#options.onLost?.({ error: cause, delayMs }));
    await Promise.all([this.#saving, wait(delayMs)]);
    if (this.#ended) return undefined;
    let checkpoint: Checkpoint | undefined;
    try {
      ({ trainer: this.#trainer, checkpoint } = await opened(
        this.#options,
        this.#checkpoints,
        this.#budget,
        this.#budget.limits.refusedMs,
      ));
      if (this.#ended) {
        this.#trainer.engine.dispose();
        return undefined;
      }
      this.#log.forget(this.#covered);
      const repeated = this.#log.changes;
      for (let kept = this.#log.from(0); kept; kept = this.#log.from(kept.number + 1)) {
        const lost = await this.#make(kept, true);
        if (lost) return lost;
        if (this.#ended) return undefined;
      }
      this.#recovering = false;
      this.#sinceCheckpoint = repeated;
      this.#watch();
      const event = recovery(this.#trainer, checkpoint?.adapter ?? this.#adapter, repeated);
      this.#report(() => this.#options.onRecovered?.(event));
      return undefined;
    } catch (error) {
      if (isLoss(error)) return error;
      throw error;
    }
  }

  /** An error of the app's callback is the app's, and does not end the recovery. */
  #report(callback: () => void): void {
    queueMicrotask(callback);
  }

  #end(error: UnrollError): void {
    this.#steps = this.steps;
    this.#ended = error;
    this.#generation++;
    this.#log.end(error);
    this.#trainer.engine.dispose();
  }
}

function copied(call: string, name: string, data: Examples): HostArray {
  check(
    ArrayBuffer.isView(data),
    "dtype",
    () => `${call}: ${name} must be a typed array, which can be given to a new device after a loss, not ${describe(data)}`,
  );
  return (data as HostArray).slice();
}

function recovery(trainer: TrainerBase, before: string, repeated: number): RecoveryEvent {
  const adapter = formatAdapter(trainer.engine.adapter);
  return { steps: trainer.steps, repeated, adapter, sameAdapter: before === adapter };
}

/**
 * Makes an engine and a trainer that survive the loss of the device: a crash of the GPU process, a
 * driver that is reset or updated, a laptop that changes its GPU. Loads the stored checkpoint,
 * where there is one.
 * @throws UnrollError `argument`; what `engine` and `trainer` throw. Later calls reject with `lost`
 *   when devices die faster than the limits allow, and with `adapter` when no adapter comes back.
 */
export async function createRecoveringTrainer<T extends TrainerBase>(options: RecoveringTrainerOptions<T>): Promise<RecoveringTrainer<T>> {
  const settings = checkRecovering(options);
  const budget = new RecoveryBudget(settings.limits);
  for (;;)
    try {
      // At the start no adapter is waited for: it was not refused after a crash, there is none.
      const { trainer, checkpoint } = await opened(options, settings.checkpoints, budget, 0);
      const recovering = new RecoveringTrainer(options, settings, budget, trainer);
      if (checkpoint) options.onRecovered?.(recovery(trainer, checkpoint.adapter, 0));
      return recovering;
    } catch (error) {
      const delayMs = isLoss(error) ? budget.died() : undefined;
      if (delayMs === undefined) throw error;
      await wait(delayMs);
    }
}
