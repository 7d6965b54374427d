import { add, clipNorm, compile, Engine, glorot, gradient, input, matmul, meanSquaredError, orthogonal, rnn, sgd, variable } from "../../src/index.ts";

/** The example of the README, and what it makes. `nextBatch` gives Float32Arrays x [T, B, I] and target [T, B, O], time first. */
export async function trainRnn(T: number, B: number, I: number, H: number, O: number, nextBatch: () => { x: Float32Array; target: Float32Array }) {
  const losses: number[] = [];
  // README
  const engine = await Engine.create();
  const x = input([T, B, I]), target = input([T, B, O]);
  const U = variable("U", [I, H], glorot()), W = variable("W", [H, H], orthogonal()), b = variable("b", [H]);
  const V = variable("V", [H, O], glorot()), c = variable("c", [O]);
  const { sequence } = rnn(x, { U, W, b });
  const loss = meanSquaredError(add(matmul(sequence, V), c), target);
  const updates = sgd({ learningRate: 0.2 })(clipNorm(gradient(loss, [U, W, b, V, c]), 1));
  const train = await compile(engine, { inputs: { x, target }, outputs: { loss }, updates });
  for (let step = 0; step < 200; step++) await train.run(nextBatch());
  const { loss: e } = await train.run(nextBatch(), { read: ["loss"] });
  // end
  losses.push(e[0]);
  const dispatches = train.dispatches;
  engine.dispose();
  return { losses, dispatches };
}
