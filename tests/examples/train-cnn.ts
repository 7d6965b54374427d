import {
  adam,
  conv2dLayer,
  createTrainer,
  crossEntropy,
  dense,
  Engine,
  flattenLayer,
  maxPoolLayer,
  reluActivation,
  sequential,
} from "../../src/index.ts";

/** The third example of the README. `images` [B, 28, 28, 1], `labels` [B]. */
export async function trainCnn(B: number, nextBatch: () => readonly [images: Float32Array, labels: Int32Array]) {
  const engine = await Engine.create();
  // README
  const model = sequential(
    conv2dLayer({ filters: 8, size: 5, activation: reluActivation }), maxPoolLayer({ size: 2 }),
    conv2dLayer({ filters: 16, size: 5, activation: reluActivation }), maxPoolLayer({ size: 2 }),
    flattenLayer(), dense({ units: 10 }),
  );
  const options = { input: [28, 28, 1], batch: B, loss: crossEntropy(), optimizer: adam({ learningRate: 0.003 }), seed: 1 };
  const trainer = await createTrainer(engine, model, options);
  for (let step = 0; step < 60; step++) await trainer.step(...nextBatch());
  const scores = await trainer.predict(nextBatch()[0]); // [B, 10], the largest of each row says which digit it is
  // end
  engine.dispose();
  return Array.from(scores);
}
