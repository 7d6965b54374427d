import {
  conv2dLayer,
  createTrainer,
  crossEntropy,
  dense,
  Engine,
  flattenLayer,
  formatAdapter,
  load,
  maxPoolLayer,
  reluActivation,
  sequential,
  sgd,
  type Trainer,
} from "../../../src/index.ts";
import { BATCHES, type Batch, mark, run } from "./measure.ts";
import { BATCH, CLASSES, firstWeights, LEARNING_RATE, SHAPES } from "./network.ts";

let engine: Engine;
const batches: Batch[] = [];

async function start(first: Batch) {
  batches.push(first);
  engine = await Engine.create();
  mark("Engine.create");
  const model = sequential(
    conv2dLayer({ filters: 8, size: 5, activation: reluActivation }),
    maxPoolLayer({ size: 2 }),
    conv2dLayer({ filters: 16, size: 5, activation: reluActivation }),
    maxPoolLayer({ size: 2 }),
    flattenLayer(),
    dense({ units: CLASSES }),
  );
  const { W1, b1, W2, b2, W3, b3 } = firstWeights();
  const f32 = "f32" as const;
  await load(engine, {
    "lenet/0.conv2d/W": { dtype: f32, shape: SHAPES.W1, data: W1 },
    "lenet/0.conv2d/b": { dtype: f32, shape: SHAPES.b1, data: b1 },
    "lenet/2.conv2d/W": { dtype: f32, shape: SHAPES.W2, data: W2 },
    "lenet/2.conv2d/b": { dtype: f32, shape: SHAPES.b2, data: b2 },
    "lenet/5.dense/W": { dtype: f32, shape: SHAPES.W3, data: W3 },
    "lenet/5.dense/b": { dtype: f32, shape: SHAPES.b3, data: b3 },
  });
  const trainer: Trainer = await createTrainer(engine, model, {
    input: [28, 28, 1],
    batch: BATCH,
    loss: crossEntropy(),
    optimizer: sgd({ learningRate: LEARNING_RATE }),
    name: "lenet",
  });
  mark("compile");
  const step = async (k: number): Promise<number> => (await trainer.step(batches[k].x, batches[k].labels, { read: true })).loss;
  return {
    step,
    async loop(steps: number) {
      for (let i = 0; i < steps - 1; i++) await trainer.step(batches[i % BATCHES].x, batches[i % BATCHES].labels);
      return step((steps - 1) % BATCHES);
    },
    prepare: (all: readonly Batch[]) => {
      batches.splice(0, 1, ...all);
    },
  };
}

run(start, async () => formatAdapter(engine.adapter));
