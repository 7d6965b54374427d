import { Digits } from "../../../demo/digits/index.ts";
import { CLASSES, digitModel, LEARNING_RATE, rateShare, SIDE, STEPS } from "../../../demo/digits/network.ts";
import { adam, compile, copy, createImageReader, createTrainer, crossEntropy, Engine, input, type Trainer } from "../../../src/index.ts";

const BATCH = 64;
/** Batches that are drawn, decoded and read at once. */
const BATCHES = 10;

export interface Learned {
  readonly losses: readonly number[];
  readonly heldOut: Reading;
  /** New renderings of the fonts that it learned from. */
  readonly known: Reading;
  readonly seconds: number;
}

export interface Reading {
  readonly count: number;
  readonly accuracy: number;
  /** By font: how many of its digits were read correctly, and of how many. */
  readonly fonts: Readonly<Record<string, readonly [right: number, count: number]>>;
}

/** A source of pictures and labels on the host: drawn with fonts, decoded, read on the GPU. */
async function source(engine: Engine, options: { readonly seed: number; readonly fonts: "train" | "held-out" }, count: number) {
  const digits = await Digits.create(options);
  const reader = await createImageReader(engine, { size: [SIDE, SIDE], channels: 1, batch: count });
  const x = input(reader.shape);
  const program = await compile(engine, { inputs: { x }, outputs: { y: copy(x) } });
  return {
    async next() {
      const sheet = await digits.sheet(count);
      reader.read(sheet.image, { tiles: [sheet.image.height / sheet.side, sheet.columns] });
      const { y } = await program.run({ x: reader.values }, { read: ["y"] });
      sheet.image.close();
      return { images: y as Float32Array, labels: sheet.labels, fonts: sheet.digits.map(({ font }) => font.name) };
    },
  };
}

async function read(trainer: Trainer, fonts: "train" | "held-out", count: number): Promise<Reading> {
  const { images, labels, fonts: names } = await (await source(trainer.engine, { seed: 7_000_000, fonts }, count)).next();
  const scores = await trainer.predict(images);
  const found: Record<string, [number, number]> = {};
  labels.forEach((label, n) => {
    const row = scores.subarray(n * CLASSES, (n + 1) * CLASSES);
    const [right, count] = found[names[n]] ?? [0, 0];
    found[names[n]] = [right + Number(row.indexOf(Math.max(...row)) === label), count + 1];
  });
  const right = Object.values(found).reduce((sum, [n]) => sum + n, 0);
  return { count, accuracy: right / count, fonts: found };
}

/** Trains the network of the demo on digits of its training fonts, and has it read others. */
export async function learn(seed: number, steps = STEPS): Promise<Learned> {
  const begin = performance.now();
  const engine = await Engine.create();
  try {
    const trainer = await createTrainer(engine, digitModel(), {
      input: [SIDE, SIDE, 1],
      batch: BATCH,
      loss: crossEntropy(),
      optimizer: adam({ learningRate: LEARNING_RATE }),
      seed,
    });
    const digits = await source(engine, { seed, fonts: "train" }, BATCH * BATCHES);
    const losses: number[] = [];
    let drawn = await digits.next();
    let coming = digits.next();
    for (let step = 0; step < steps; step++) {
      const part = step % BATCHES;
      if (part === 0 && step > 0) {
        drawn = await coming;
        // While the GPU learns from these, the next are drawn.
        coming = digits.next();
      }
      const images = drawn.images.subarray(part * BATCH * SIDE * SIDE, (part + 1) * BATCH * SIDE * SIDE);
      const labels = drawn.labels.subarray(part * BATCH, (part + 1) * BATCH);
      trainer.learningRate = LEARNING_RATE * rateShare(step);
      if (step % 50 < 49) await trainer.step(images, labels);
      else losses.push((await trainer.step(images, labels, { read: true })).loss);
    }
    await coming;
    const heldOut = await read(trainer, "held-out", 2000);
    const known = await read(trainer, "train", 1000);
    return { losses, heldOut, known, seconds: (performance.now() - begin) / 1000 };
  } finally {
    engine.dispose();
  }
}
