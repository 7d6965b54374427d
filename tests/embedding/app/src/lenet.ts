import {
  conv2dLayer,
  createTrainer,
  crossEntropy,
  dense,
  type Engine,
  flattenLayer,
  maxPoolLayer,
  reluActivation,
  sequential,
  sgd,
  type Trainer,
} from "unroll-gpu";

/** A network in the manner of LeNet-5 and what trains it: the whole of what the app uses of the library. */
export function createLeNet(engine: Engine, batch: number, name = "lenet"): Promise<Trainer> {
  const model = sequential(
    conv2dLayer({ filters: 8, size: 5, activation: reluActivation }),
    maxPoolLayer({ size: 2 }),
    conv2dLayer({ filters: 16, size: 5, activation: reluActivation }),
    maxPoolLayer({ size: 2 }),
    flattenLayer(),
    dense({ units: 10 }),
  );
  return createTrainer(engine, model, {
    input: [28, 28, 1],
    batch,
    loss: crossEntropy(),
    optimizer: sgd({ learningRate: 0.1 }),
    seed: 1,
    name,
  });
}

/** Ten kinds of pictures that a small network tells apart in a few steps: a bright bar in a row of its own, in noise. */
export function pictures(batch: number, seed: number): { readonly x: Float32Array; readonly labels: Int32Array } {
  let state = seed;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const x = Float32Array.from({ length: batch * 28 * 28 }, () => 0.2 * random());
  const labels = Int32Array.from({ length: batch }, () => Math.floor(10 * random()));
  labels.forEach((label, n) => {
    for (let row = 0; row < 2; row++) x.fill(1, (n * 28 + 4 + 2 * label + row) * 28 + 4, (n * 28 + 4 + 2 * label + row) * 28 + 24);
  });
  return { x, labels };
}

/** Trains for some steps: every loss and gradient norm, and what was learned, as bits. */
export async function bits(engine: Engine, steps: number): Promise<readonly number[]> {
  const trainer = await createLeNet(engine, 16);
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
export async function train(engine: Engine, steps: number, name?: string): Promise<{ readonly first: number; readonly last: number }> {
  const batch = 16;
  const trainer = await createLeNet(engine, batch, name);
  let first = Number.NaN;
  let last = Number.NaN;
  for (let step = 0; step < steps; step++) {
    const { x, labels } = pictures(batch, step + 1);
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
