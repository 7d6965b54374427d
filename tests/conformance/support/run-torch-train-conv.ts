import {
  averagePool2d,
  compile,
  conv2d,
  type Engine,
  type F32,
  flatten,
  gradient,
  input,
  matmul,
  maxPool2d,
  reluActivation,
  softmaxCrossEntropy,
  type Tensor,
  tanhActivation,
  transpose,
  type Variable,
} from "../../../src/index.ts";
import type { Case } from "./case.ts";
import type { Numbers } from "./graph.ts";
import { channelsFirst, channelsLast, type Images } from "./images.ts";
import { optimizerOf, type TorchOptions, variableOf } from "./run-torch-updates.ts";

type Vector = Variable<"f32", readonly [number]>;

/**
 * Case train/train_conv_*: ten steps of pool2(tanh(conv(x, pad 1))), pool2(relu(conv)), fc on one batch. Parameters keep PyTorch's
 * layout; the graph transposes.
 */
export async function runTorchTrainConv(engine: Engine, c: Case): Promise<Record<string, Numbers>> {
  const { optimizer, options, steps, pool } = c.attributes as { optimizer: string; options: TorchOptions; steps: number; pool: string };
  const names = Object.keys(c.inputs).filter((name) => /\.(weight|bias)$/.test(name));
  const parameters = Object.fromEntries(names.map((name) => [name, variableOf(c, name, c.inputs[name]) as Variable<"f32">]));
  const pooled = (y: Images) => (pool === "max" ? maxPool2d(y, { size: 2 }) : averagePool2d(y, { size: 2 }));
  const convolved = (y: Images, name: string, padding: number, activation: typeof tanhActivation) =>
    pooled(
      conv2d(y, transpose(parameters[`${name}.weight`], [2, 3, 1, 0]) as Images, {
        padding,
        activation,
        bias: parameters[`${name}.bias`] as Vector,
      }),
    );
  const x = input(c.inputs.x.shape);
  const label = input(c.inputs.label.shape, "i32");
  const first = convolved(channelsLast(x as F32) as Images, "conv1", 1, tanhActivation);
  const second = convolved(first, "conv2", 0, reluActivation);
  const features = flatten(channelsFirst(second) as Tensor<"f32">);
  const logits = matmul(features as F32, parameters["fc.weight"] as F32, { transposeB: true, bias: parameters["fc.bias"] as Vector });
  const loss = softmaxCrossEntropy(logits, label);
  const gradients = gradient(loss, Object.values(parameters));
  const program = await compile(engine, {
    inputs: { x, label },
    outputs: { loss, logits, ...Object.fromEntries(names.map((name) => [`grad.${name}`, gradients.of(parameters[name])])) },
    updates: optimizerOf(optimizer, options)(gradients),
  });
  const outputs = ["loss", "logits", ...names.map((name) => `grad.${name}`)];
  const batch = { x: Float32Array.from(c.inputs.x.data), label: Int32Array.from(c.inputs.label.data) };
  const losses: number[] = [];
  const results: Record<string, Numbers> = {};
  try {
    for (let step = 1; step <= steps; step++) {
      const read = (await program.run(batch as never, { read: outputs as never })) as Record<string, Float32Array>;
      losses.push(read.loss[0]);
      // The file's logits are those of the first step. Its gradients are those of the last: the generator keeps the arrays of the first
      // step, which PyTorch 1.13's zero_grad and backward then fill anew at each step.
      for (const name of Object.keys(read))
        if (name === "logits" ? step === 1 : name !== "loss" && step === steps)
          results[name] = { shape: c.expected[name].shape, data: read[name] };
      for (const name of names)
        if (`step${step}.${name}` in c.expected)
          results[`step${step}.${name}`] = { shape: parameters[name].shape, data: await engine.read(parameters[name]) };
    }
    return { ...results, losses: { shape: [steps], data: losses } };
  } finally {
    program.dispose();
  }
}
