import { adam, createTrainer, crossEntropy, dense, Engine, rnnLayer, type Stream, sequential } from "../../../src/index.ts";

const T = 32;
const B = 32;

/** Learns characters of a text, and writes before and after. The draws are fixed, so the same adapter writes the same. */
export async function learnToWrite(text: string, steps: number) {
  const alphabet = [...new Set(text)].sort();
  const codes = Uint32Array.from(text, (character) => alphabet.indexOf(character));
  const engine = await Engine.create();
  const model = sequential(rnnLayer({ units: 96, vocabulary: alphabet.length }), dense({ units: alphabet.length }));
  const trainer = await createTrainer(engine, model, {
    input: [T],
    batch: B,
    loss: crossEntropy(),
    optimizer: adam({ learningRate: 0.005 }),
    clipNorm: 1,
    seed: 1,
  });
  const stream = await trainer.stream();
  const before = await write(stream, alphabet, 300);
  const losses: number[] = [];
  let state = 7;
  for (let step = 0; step < steps; step++) {
    const tokens = new Uint32Array(T * B);
    const next = new Uint32Array(T * B);
    for (let b = 0; b < B; b++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      const start = state % (codes.length - T - 1);
      for (let t = 0; t < T; t++) {
        tokens[t * B + b] = codes[start + t];
        next[t * B + b] = codes[start + t + 1];
      }
    }
    if (step % 20 === 0 || step === steps - 1) losses.push((await trainer.step(tokens, next, { read: true })).loss);
    else await trainer.step(tokens, next);
  }
  const after = await write(stream, alphabet, 300);
  engine.dispose();
  return { losses, before, after, uniform: Math.log(alphabet.length) };
}

async function write(stream: Stream, alphabet: readonly string[], length: number): Promise<string> {
  stream.reset();
  let text = "";
  let token = alphabet.indexOf(" ");
  let state = 11;
  for (let i = 0; i < length; i++) {
    const scores = await stream.next(Uint32Array.of(token));
    const largest = Math.max(...scores);
    const weights = Array.from(scores, (score) => Math.exp((score - largest) / 0.6));
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    let rest = (state / 2 ** 32) * weights.reduce((sum, weight) => sum + weight, 0);
    token = weights.findIndex((weight) => {
      rest -= weight;
      return rest < 0;
    });
    text += alphabet[token];
  }
  return text;
}
