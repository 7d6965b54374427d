import { createImageReader, createTrainer, dense, Engine, flattenLayer, sequential, sgd, squaredError } from "../../../src/index.ts";

/** Losses of some steps and the output after them, of a trainer that gets two pictures from a reader's buffer or from an array. */
export async function train(from: "buffer" | "array"): Promise<{ losses: number[]; output: number[] }> {
  const engine = await Engine.create();
  try {
    const reader = await createImageReader(engine, { size: [3, 2], channels: 1, batch: 2 });
    const pictures = [0, 1].map(
      (i) =>
        new ImageData(
          Uint8ClampedArray.from({ length: 24 }, (_, k) => (k % 4 === 3 ? 255 : (37 * k + 90 * i) % 256)),
          2,
          3,
        ),
    );
    pictures.forEach((image, index) => {
      reader.read(image, { index });
    });
    const grey = ({ data }: ImageData, k: number) => (0.299 * data[4 * k] + 0.587 * data[4 * k + 1] + 0.114 * data[4 * k + 2]) / 255;
    const array = Float32Array.from(pictures.flatMap((image) => Array.from({ length: 6 }, (_, k) => grey(image, k))));
    const x = from === "buffer" ? reader.values : array;
    const model = sequential(flattenLayer(), dense({ units: 1 }));
    const options = { input: [3, 2, 1], batch: 2, loss: squaredError(), optimizer: sgd({ learningRate: 0.1 }), seed: 1 };
    const trainer = await createTrainer(engine, model, options);
    const losses: number[] = [];
    for (let step = 0; step < 5; step++) losses.push((await trainer.step(x, Float32Array.of(1, -1), { read: true })).loss);
    return { losses, output: [...(await trainer.predict(x))] };
  } finally {
    engine.dispose();
  }
}
