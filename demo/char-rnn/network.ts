import {
  adam,
  assign,
  clipNorm,
  glorot,
  gradient,
  input,
  matmul,
  normal,
  orthogonal,
  rnn,
  softmaxCrossEntropy,
  variable,
} from "../../src/index.ts";

/** The largest norm that the gradients, all together, may have. */
export const CLIP = 0.5;

/**
 * The network: h_t = tanh(U x_t + W h_{t−1} + b), o_t = V h_t + c, where x_t is one character of `vocabulary`. Its weights are
 * variables: programs of any length and batch share them.
 */
export function charNetwork(vocabulary: number, hidden: number) {
  // One-hot inputs have a fan-in of 1, so rows of U start large; W starts by forgetting. With an orthogonal W of gain 1 one sample in six got
  // caught in a mirror state (−h, which tanh keeps as well as h) early on, and wrote rare letters only.
  const U = variable("U", [vocabulary, hidden], normal({ std: 0.7 }));
  const W = variable("W", [hidden, hidden], orthogonal({ gain: 0.7 }));
  const b = variable("b", [hidden]);
  const V = variable("V", [hidden, vocabulary], glorot());
  const c = variable("c", [vocabulary]);
  const parameters = [U, W, b, V, c] as const;

  /** One step of truncated BPTT: the memory h goes on from run to run, the gradient stops at the beginning of each. */
  function training(steps: number, batch: number) {
    const tokens = input([steps, batch], "u32");
    const targets = input([steps, batch], "u32");
    const rate = input([]);
    const h = variable(`h of ${batch} streams`, [batch, hidden]);
    const { sequence, last } = rnn(tokens, { U, W, b, h0: h });
    const loss = softmaxCrossEntropy(matmul(sequence, V, { bias: c }), targets);
    const gradients = clipNorm(gradient(loss, parameters), CLIP);
    return {
      inputs: { tokens, targets, rate },
      outputs: { loss, norm: gradients.norm },
      updates: [adam({ learningRate: rate })(gradients), assign(h, last)],
      label: `training T=${steps} B=${batch}`,
    };
  }

  /** One character in, scores of the next one out; what was written before is in h. */
  function writing() {
    const token = input([1, 1], "u32");
    const h = variable("h while writing", [1, hidden]);
    const { sequence, last } = rnn(token, { U, W, b, h0: h });
    return {
      memory: h,
      program: { inputs: { token }, outputs: { scores: matmul(sequence, V, { bias: c }) }, updates: assign(h, last), label: "writing" },
    };
  }

  return { training, writing, size: parameters.reduce((sum, { size }) => sum + size, 0) };
}
