import {
  adam,
  createRecoveringTrainer,
  createTrainer,
  crossEntropy,
  dense,
  dropoutLayer,
  Engine,
  embedding,
  indexedDbCheckpoints,
  type NamedArrays,
  type RecoveringTrainer,
  type RecoveringTrainerOptions,
  type RecoveryEvent,
  rnnLayer,
  sequential,
  type Trainer,
} from "../../../src/index.ts";

const [T, B, V] = [6, 3, 11];

/** A character network with dropout, clipping and Adam: all that a step can carry from one to the next. */
const trainerOn = (engine: Engine): Promise<Trainer> =>
  createTrainer(
    engine,
    sequential(embedding({ vocabulary: V, units: 8 }), rnnLayer({ units: 16 }), dropoutLayer({ rate: 0.3 }), dense({ units: V })),
    { input: [T], batch: B, loss: crossEntropy(), optimizer: adam({ learningRate: 0.02 }), clipNorm: 0.5, seed: 3 },
  );

function batch(step: number): readonly [Uint32Array, Int32Array] {
  const x = Uint32Array.from({ length: T * B }, (_, i) => (i * i + 3 * step) % V);
  return [x, Int32Array.from(x, (token) => (token * 2 + 1) % V)];
}

const make = (options: Partial<RecoveringTrainerOptions<Trainer>> = {}): Promise<RecoveringTrainer<Trainer>> =>
  createRecoveringTrainer({
    trainer: trainerOn,
    engine: () => Engine.create({ selfTest: false }),
    limits: { youngMs: 0, firstDelayMs: 0 },
    every: 4,
    ...options,
  });

/** All bits of a checkpoint, as text. */
const bitsOf = (arrays: NamedArrays): string =>
  Object.keys(arrays)
    .sort()
    .map((name) => `${name} ${new Uint32Array(arrays[name].data.slice().buffer).join()}`)
    .join("\n");

/** What a run without any loss ends with. */
async function undisturbed(steps: number): Promise<string> {
  const trainer = await trainerOn(await Engine.create({ selfTest: false }));
  for (let step = 0; step < steps; step++) await trainer.step(...batch(step));
  const bits = bitsOf(await trainer.save());
  trainer.engine.dispose();
  return bits;
}

/** Destroys the last device when dispatch number `at` (counted from `arm`) is recorded. */
function lossAtDispatch(at: number): { arm(): void; restore(): void } {
  const { dispatchWorkgroups } = GPUComputePassEncoder.prototype;
  const { requestDevice } = GPUAdapter.prototype;
  let device: GPUDevice | undefined;
  let seen = Number.NEGATIVE_INFINITY;
  GPUAdapter.prototype.requestDevice = async function (...args) {
    device = await requestDevice.apply(this, args);
    return device;
  };
  GPUComputePassEncoder.prototype.dispatchWorkgroups = function (...sizes) {
    if (seen++ === at) device?.destroy();
    return dispatchWorkgroups.apply(this, sizes);
  };
  return {
    arm: () => {
      seen = 0;
    },
    restore: () => {
      GPUComputePassEncoder.prototype.dispatchWorkgroups = dispatchWorkgroups;
      GPUAdapter.prototype.requestDevice = requestDevice;
    },
  };
}

export interface DispatchOutcome {
  readonly dispatches: number;
  /** Where the device was lost, and what went wrong there. */
  readonly tried: readonly number[];
  readonly wrong: readonly string[];
}

/** Loses the device at dispatches `first`, `first + stride`, … of the step after six, and trains on. */
export async function everyDispatch(first: number, stride: number): Promise<DispatchOutcome> {
  const [before, steps] = [6, 10];
  const expected = await undisturbed(steps);
  const tried: number[] = [];
  const wrong: string[] = [];
  let dispatches = 1;
  for (let at = first; at < dispatches; at += stride) {
    tried.push(at);
    const events: RecoveryEvent[] = [];
    const loss = lossAtDispatch(at);
    const trainer = await make({ onRecovered: (event) => events.push(event) });
    ({ dispatches } = await trainer.trainer.program);
    await trainer.train(batch, { steps: before });
    loss.arm();
    await trainer.train(batch, { steps });
    loss.restore();
    const bits = bitsOf(await trainer.save());
    if (events.length !== 1 || !events[0].sameAdapter || events[0].repeated > 7)
      wrong.push(`dispatch ${at}: recovered ${JSON.stringify(events)}`);
    if (bits !== expected) wrong.push(`dispatch ${at}: other bits`);
    if (trainer.steps !== steps) wrong.push(`dispatch ${at}: ${trainer.steps} steps`);
    await trainer.dispose();
  }
  return { dispatches, tried, wrong };
}

declare global {
  /** Of the run below, for the test that kills the GPU process meanwhile. */
  var progress: { step: number; events: RecoveryEvent[]; losses: number } | undefined;
}

/** Trains `steps` steps, however often the device is lost, and compares with a run that was not disturbed. */
export async function trainThrough(expected: string, steps: number): Promise<{ readonly same: boolean; readonly steps: number }> {
  const progress = { step: 0, events: [] as RecoveryEvent[], losses: 0 };
  globalThis.progress = progress;
  const trainer = await make({
    limits: { youngMs: 0, firstDelayMs: 50 },
    every: 25,
    onLost: () => progress.losses++,
    onRecovered: (event) => progress.events.push(event),
  });
  await trainer.train(batch, {
    steps,
    onStep: ({ step }) => {
      progress.step = step;
    },
  });
  const same = bitsOf(await trainer.save()) === expected;
  await trainer.dispose();
  return { same, steps: trainer.steps };
}

export { undisturbed };

/** The first half of a run, whose checkpoint stays in IndexedDB when the page goes. */
export async function firstHalf(name: string, steps: number): Promise<void> {
  const trainer = await make({ checkpoints: indexedDbCheckpoints(name) });
  await trainer.train(batch, { steps });
  await trainer.checkpoint();
  await trainer.dispose();
}

/** The rest of it, in another page. */
export async function secondHalf(name: string, steps: number): Promise<{ readonly from: number; readonly same: boolean }> {
  const checkpoints = indexedDbCheckpoints(name);
  const trainer = await make({ checkpoints });
  const from = trainer.steps;
  await trainer.train(batch, { steps });
  const same = bitsOf(await trainer.save()) === (await undisturbed(steps));
  await trainer.dispose();
  await checkpoints.clear();
  if ((await checkpoints.load()) !== undefined) throw new Error("the checkpoint is still there");
  return { from, same };
}

/** Checkpoints in the origin's private file system. */
export async function inFile(): Promise<{ readonly from: number; readonly same: boolean }> {
  const { fileCheckpoints } = await import("../../../src/index.ts");
  const folder = await navigator.storage.getDirectory();
  const checkpoints = fileCheckpoints(await folder.getFileHandle("checkpoint.safetensors", { create: true }));
  const first = await make({ checkpoints });
  await first.train(batch, { steps: 5 });
  await first.checkpoint();
  await first.dispose();
  const second = await make({ checkpoints });
  const from = second.steps;
  await second.train(batch, { steps: 9 });
  const same = bitsOf(await second.save()) === (await undisturbed(9));
  await second.dispose();
  await folder.removeEntry("checkpoint.safetensors");
  return { from, same };
}
