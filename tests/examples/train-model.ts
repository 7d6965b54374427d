import { adam, createTrainer, crossEntropy, dense, Engine, embedding, rnnLayer, sequential } from "../../src/index.ts";

/** The second example of the README. `tokens` and `next` hold [T, B] token indices, time first. */
export async function trainModel(vocabulary: number, T: number, B: number, tokens: Uint32Array, next: Uint32Array) {
  const engine = await Engine.create();
  // README
  const model = sequential(embedding({ vocabulary, units: 16 }), rnnLayer({ units: 64 }), dense({ units: vocabulary }));
  const options = { input: [T], batch: B, loss: crossEntropy(), optimizer: adam({ learningRate: 0.01 }), clipNorm: 1, seed: 1 };
  const trainer = await createTrainer(engine, model, options);
  for (let step = 0; step < 150; step++) await trainer.step(tokens, next);
  const { loss, gradientNorm } = await trainer.step(tokens, next, { read: true });
  const checkpoint = await trainer.save();
  const stream = await trainer.stream(); // one step of time per call, the state carried on the GPU
  const logits = await stream.next(Uint32Array.of(tokens[0]));
  // end
  engine.dispose();
  return { loss, gradientNorm, names: Object.keys(checkpoint), logits: Array.from(logits) };
}
