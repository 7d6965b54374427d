import type * as Unroll from "unroll-gpu/lean";
import { pictures } from "../src/pictures.ts";

type Parts = Pick<
  typeof Unroll,
  | "Engine"
  | "conv2dLayer"
  | "createTrainer"
  | "crossEntropy"
  | "dense"
  | "flattenLayer"
  | "maxPoolLayer"
  | "reluActivation"
  | "sequential"
  | "sgd"
>;

/** Trains a LeNet for some steps, with parts that only some devices need. */
export async function lenet(unroll: Parts): Promise<{ readonly first: number; readonly last: number }> {
  const { conv2dLayer, maxPoolLayer, reluActivation, sgd } = unroll;
  const engine = await unroll.Engine.create();
  try {
    const model = unroll.sequential(
      conv2dLayer({ filters: 8, size: 5, activation: reluActivation }),
      maxPoolLayer({ size: 3, stride: 2, padding: 1 }),
      conv2dLayer({ filters: 16, size: 5, activation: reluActivation }),
      maxPoolLayer({ size: 2 }),
      unroll.flattenLayer(),
      unroll.dense({ units: 10 }),
    );
    const options = { input: [28, 28, 1], batch: 16, loss: unroll.crossEntropy(), optimizer: sgd({ learningRate: 0.1 }), seed: 1 };
    const trainer = await unroll.createTrainer(engine, model, options);
    const losses: number[] = [];
    for (let step = 0; step < 40; step++) {
      const { x, labels } = pictures(16, step + 1);
      losses.push((await trainer.step(x, labels, { read: true })).loss);
    }
    return { first: losses[0] ?? Number.NaN, last: losses.at(-1) ?? Number.NaN };
  } finally {
    engine.dispose();
  }
}
