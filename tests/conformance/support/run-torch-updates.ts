import {
  adam,
  adamw,
  add,
  clipNorm,
  clipNormInf,
  compile,
  type Engine,
  type F32,
  gradient,
  input,
  matmul,
  mul,
  type OptimizerRule,
  reshape,
  rmsprop,
  rnn,
  save,
  sgd,
  softmaxCrossEntropy,
  sum,
  type Variable,
  variable,
} from "../../../src/index.ts";
import type { Case, Values } from "./case.ts";
import { type Numbers, transposed } from "./graph.ts";

type Results = Record<string, Numbers>;
type Matrix = Variable<"f32", readonly [number, number]>;
type Vector = Variable<"f32", readonly [number]>;

/** A variable that starts with these values. The case is part of its name: cases share an engine. */
export const variableOf = (c: Case, name: string, { shape, data }: Values) => variable(`${c.name}/${name}`, shape, () => data);

/** Σ_i Σ p_i·g_i, whose gradient with respect to p_i is g_i: what optimizers and clipping are given is what the case says. */
function lossWithGradients(parameters: readonly Variable<"f32">[], gradients: readonly F32[]): F32<readonly []> {
  return parameters.map((p, i) => sum(mul(p, gradients[i])) as F32<readonly []>).reduce((a, b) => add(a, b) as F32<readonly []>);
}

/** Case clip/*: parameters at 0 and plain SGD with rate 1 step to minus the clipped gradients. */
export async function runTorchClip(engine: Engine, c: Case): Promise<Results> {
  const { max_norm: max, norm_type: type } = c.attributes as { max_norm: number; norm_type: string | number };
  const names = Object.keys(c.inputs);
  const inputs = Object.fromEntries(names.map((name) => [name, input(c.inputs[name].shape)]));
  const parameters = names.map((name) => variable(`${c.name}/${name}`, c.inputs[name].shape));
  const gradients = gradient(lossWithGradients(parameters, Object.values(inputs)), parameters);
  const clipped = type === "inf" ? clipNormInf(gradients, max) : clipNorm(gradients, max);
  const program = await compile(engine, { inputs, outputs: { norm: clipped.norm }, updates: sgd({ learningRate: 1 })(clipped) });
  try {
    const { norm } = await program.run(feeds(c, names), { read: ["norm"] });
    const results: Results = { total_norm: { shape: [], data: norm } };
    // PyTorch clips with max / (norm + 1e-6), we with max / norm.
    const border = norm[0] > max ? -norm[0] / (norm[0] + 1e-6) : -1;
    for (const [i, parameter] of parameters.entries())
      results[`clipped${i}`] = { shape: parameter.shape, data: Array.from(await engine.read(parameter), (v) => border * v) };
    return results;
  } finally {
    program.dispose();
  }
}

export interface TorchOptions {
  readonly lr: number;
  readonly weight_decay?: number;
  readonly momentum?: number;
  readonly nesterov?: boolean;
  readonly betas?: readonly [number, number];
  readonly eps?: number;
  readonly alpha?: number;
  readonly centered?: boolean;
}

export function optimizerOf(name: string, options: TorchOptions): OptimizerRule {
  const {
    lr: learningRate,
    weight_decay: weightDecay,
    betas: [beta1, beta2] = [],
    eps: epsilon,
    momentum,
    nesterov,
    alpha,
    centered,
  } = options;
  switch (name) {
    case "SGD":
      return sgd({ learningRate, weightDecay, momentum, nesterov });
    case "Adam":
      return adam({ learningRate, beta1, beta2, epsilon, weightDecay });
    case "AdamW":
      return adamw({ learningRate, beta1, beta2, epsilon, weightDecay });
    case "RMSprop":
      return rmsprop({ learningRate, alpha, epsilon, weightDecay, momentum, centered });
    default:
      throw new Error(`no optimizer ${name}`);
  }
}

/** PyTorch's names of optimizer states, and ours. */
const STATES: Readonly<Record<string, string>> = {
  momentum_buffer: "momentum",
  exp_avg: "first_moment",
  exp_avg_sq: "second_moment",
  square_avg: "square_average",
  grad_avg: "gradient_average",
};

/** Case optim/*: parameters and states after 1, 2 and 10 steps with given gradients. */
export async function runTorchOptim(engine: Engine, c: Case): Promise<Results> {
  const { optimizer, options, steps } = c.attributes as { optimizer: string; options: TorchOptions; steps: number };
  const names = Object.keys(c.inputs).filter((name) => name.startsWith("param"));
  const parameters = names.map((name) => variableOf(c, name, c.inputs[name]));
  const inputs = Object.fromEntries(names.map((name) => [name, input(c.inputs[name].shape)]));
  const update = optimizerOf(optimizer, options);
  const program = await compile(engine, {
    inputs,
    updates: update(gradient(lossWithGradients(parameters, Object.values(inputs)), parameters)),
  });
  const results: Results = {};
  try {
    for (let step = 1; step <= steps; step++) {
      const batch = names.map((name, i): [string, Float32Array] => {
        const { size } = parameters[i];
        return [name, Float32Array.from(c.inputs[`grad${i}`].data.slice((step - 1) * size, step * size))];
      });
      await program.run(Object.fromEntries(batch));
      const asked = Object.keys(c.expected).filter((name) => name.startsWith(`step${step}.`));
      if (asked.length === 0) continue;
      const saved = await save(engine);
      for (const name of asked) {
        const [, state, i] = /^step\d+\.(\D+)(\d+)$/.exec(name) ?? [];
        const parameter = parameters[Number(i)];
        const key = state === "param" ? parameter.name : `${parameter.name}#${update.optimizer.name}.${STATES[state]}`;
        if (!saved[key]) throw new Error(`nothing is saved as "${key}", only ${Object.keys(saved).join(", ")}`);
        results[name] = { shape: saved[key].shape, data: saved[key].data };
      }
    }
    return results;
  } finally {
    program.dispose();
  }
}

/** Case train/train_rnn_*: ten steps with clipping and an optimizer on one batch of tokens. */
export async function runTorchTrain(engine: Engine, c: Case): Promise<Results> {
  const {
    T,
    B,
    vocab,
    optimizer,
    options,
    steps,
    clip_max_norm: max,
  } = c.attributes as {
    T: number;
    B: number;
    vocab: number;
    optimizer: string;
    options: TorchOptions;
    steps: number;
    clip_max_norm: number;
  };
  const weight = (name: string) => variableOf(c, name, transposed(c.inputs[name])) as Matrix;
  const bias = (name: string) => variableOf(c, name, c.inputs[name]) as Vector;
  const parameters: Record<string, Matrix | Vector> = {
    weight_ih_l0: weight("weight_ih_l0"),
    weight_hh_l0: weight("weight_hh_l0"),
    bias_ih_l0: bias("bias_ih_l0"),
    bias_hh_l0: bias("bias_hh_l0"),
    "head.weight": weight("head.weight"),
    "head.bias": bias("head.bias"),
  };
  const x = input([T, B], "i32");
  const next = input([T * B], "i32");
  const { sequence } = rnn(x, {
    U: parameters.weight_ih_l0 as Matrix,
    W: parameters.weight_hh_l0 as Matrix,
    // Both biases are parameters of their own, as in PyTorch: the norm counts the gradient of each.
    b: add(parameters.bias_ih_l0 as Vector, parameters.bias_hh_l0 as Vector) as F32<readonly [number]>,
  });
  const logits = matmul(sequence as F32, parameters["head.weight"] as F32, { bias: parameters["head.bias"] as Vector });
  const loss = softmaxCrossEntropy(reshape(logits, [T * B, vocab]), next);
  const clipped = clipNorm(gradient(loss, Object.values(parameters)), max);
  const program = await compile(engine, {
    inputs: { x, next },
    outputs: { loss, norm: clipped.norm },
    updates: optimizerOf(optimizer, options)(clipped),
  });
  const tokens = c.inputs.tokens.data;
  const batch = { x: Int32Array.from(tokens.slice(0, T * B)), next: Int32Array.from(tokens.slice(B)) };
  const losses: number[] = [];
  const norms: number[] = [];
  const results: Results = {};
  try {
    for (let step = 1; step <= steps; step++) {
      const read = await program.run(batch, { read: ["loss", "norm"] });
      losses.push(read.loss[0]);
      norms.push(read.norm[0]);
      for (const [name, parameter] of Object.entries(parameters)) {
        if (!(`step${step}.${name}` in c.expected)) continue;
        const values = { shape: parameter.shape, data: await engine.read(parameter as Variable<"f32">) };
        results[`step${step}.${name}`] = name.includes("weight") ? transposed(values) : values;
      }
    }
    return { ...results, losses: { shape: [steps], data: losses }, grad_norms: { shape: [steps], data: norms } };
  } finally {
    program.dispose();
  }
}

const feeds = (c: Case, names: readonly string[]): Record<string, Float32Array> =>
  Object.fromEntries(names.map((name) => [name, Float32Array.from(c.inputs[name].data)]));
