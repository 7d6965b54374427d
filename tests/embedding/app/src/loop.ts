import type { LoadedTrainer, Trainer } from "unroll-gpu";
import { pictures } from "./pictures.ts";

/** Trains for some steps: every loss and gradient norm, and what was learned, as bits. */
export async function bitsOf(trainer: Trainer | LoadedTrainer, steps: number): Promise<readonly number[]> {
  const floats: number[] = [];
  for (let step = 0; step < steps; step++) {
    const { x, labels } = pictures(16, step + 1);
    const { loss, gradientNorm } = await trainer.step(x, labels, { read: true });
    floats.push(loss, gradientNorm);
  }
  for (const { dtype, data } of Object.values(await trainer.save())) if (dtype === "f32") floats.push(...data);
  await trainer.dispose();
  return [...new Uint32Array(Float32Array.from(floats).buffer)];
}

/** Trains for some steps and gives the first and the last loss. */
export async function loop(trainer: Trainer | LoadedTrainer, steps: number): Promise<{ readonly first: number; readonly last: number }> {
  let first = Number.NaN;
  let last = Number.NaN;
  for (let step = 0; step < steps; step++) {
    const { x, labels } = pictures(16, step + 1);
    if (step === 0 || step === steps - 1) {
      const { loss } = await trainer.step(x, labels, { read: true });
      if (step === 0) first = loss;
      last = loss;
    } else {
      await trainer.step(x, labels);
    }
  }
  await trainer.dispose();
  return { first, last };
}
