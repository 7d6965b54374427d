import { createRecoveringTrainer, createTrainer, indexedDbCheckpoints, type Model, type TrainerOptions } from "../../src/index.ts";

/** The example of the README on the loss of the device. */
export async function recover(model: Model, options: TrainerOptions, batchOf: (step: number) => readonly [Float32Array, Int32Array]) {
  // README
  const trainer = await createRecoveringTrainer({
    trainer: (engine) => createTrainer(engine, model, options), // called again for each new device
    checkpoints: indexedDbCheckpoints("my network"), // or memoryCheckpoints(), the default, or fileCheckpoints(path)
    every: 100, // steps between checkpoints
    onRecovered: ({ steps, sameAdapter }) => console.log(`going on at step ${steps}${sameAdapter ? "" : " on another adapter"}`),
  });
  await trainer.train((step) => batchOf(step), { steps: 1000 }); // goes on where the stored checkpoint ends, in a new page too
  const scores = await trainer.predict(batchOf(0)[0]);
  // end
  const { steps } = trainer;
  await trainer.dispose();
  return { steps, scores: scores.length };
}
