import {
  conv2dLayer,
  crossEntropy,
  dense,
  Engine,
  exportTrainer,
  flattenLayer,
  loadTrainer,
  maxPoolLayer,
  reluActivation,
  sequential,
  sgd,
} from "../../src/index.ts";

/** The README's example of training that is planned ahead of time. */
export async function exportAndTrain(B: number, nextBatch: () => readonly [images: Float32Array, labels: Int32Array]) {
  const model = sequential(
    conv2dLayer({ filters: 4, size: 5, activation: reluActivation }),
    maxPoolLayer({ size: 2 }),
    flattenLayer(),
    dense({ units: 10 }),
  );
  const options = { input: [28, 28, 1], batch: B, loss: crossEntropy(), optimizer: sgd({ learningRate: 0.1, momentum: 0.9 }), seed: 1 };
  const engine = await Engine.create();
  // README
  // in Node, without a GPU: planned for real GPUs and for software ones
  const json = JSON.stringify(await exportTrainer(model, { ...options, batches: { step: [B], predict: [1] } }));
  // on the page, from a file: no layers, no ops, no planner
  const trainer = await loadTrainer(engine, JSON.parse(json));
  for (let step = 0; step < 60; step++) await trainer.step(...nextBatch());
  const scores = await trainer.predict(nextBatch()[0].subarray(0, 28 * 28));
  // end
  engine.dispose();
  return { scores: Array.from(scores), bytes: json.length };
}
