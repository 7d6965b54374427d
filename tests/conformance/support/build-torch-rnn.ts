import {
  add,
  type F32,
  gradient,
  matmul,
  meanSquaredError,
  reluActivation,
  reshape,
  rnn,
  softmaxCrossEntropy,
  type Tensor,
  tanhActivation,
} from "../../../src/index.ts";
import type { Case } from "./case.ts";
import { type CaseGraph, reshaped, transposed } from "./graph.ts";

type Matrix = F32<readonly [number, number]>;
type Vector = F32<readonly [number]>;

/** Case rnn/rnn_*: one layer, one direction, with a head; results, loss and the gradients of everything. */
export function buildTorchRnn(graph: CaseGraph, c: Case): void {
  const { inputs, attributes } = c;
  const { T, B, H, task, nonlinearity } = attributes as { T: number; B: number; H: number; task: string; nonlinearity: string };
  const wrt: Record<string, Tensor> = {};
  const whole = (name: string): F32 => {
    const tensor = graph.f32(name, inputs[name]);
    wrt[name] = tensor;
    return tensor;
  };
  /** A PyTorch weight [out, in], held as [in, out]; its gradient goes the same way back. */
  const weight = (name: string): Matrix => {
    const tensor = graph.f32(name, transposed(inputs[name]));
    wrt[name] = tensor;
    graph.border[`grad.${name}`] = transposed;
    return tensor as Matrix;
  };
  const x = whole("x") as F32<readonly [number, number, number]>;
  const h0 = graph.f32("h0", reshaped(inputs.h0, [B, H])) as Matrix;
  wrt.h0 = h0;
  graph.border["grad.h0"] = (g) => reshaped(g, [1, B, H]);
  const U = weight("weight_ih_l0");
  const W = weight("weight_hh_l0");
  // PyTorch has two biases, and a gradient for each; here b is their sum.
  const b = attributes.bias ? (add(whole("bias_ih_l0"), whole("bias_hh_l0")) as Vector) : undefined;
  const activation = nonlinearity === "relu" ? reluActivation : tanhActivation;
  const { sequence, last } = rnn(x, { U, W, b, h0, activation });

  const head = matmul(task === "mse" ? (sequence as F32) : last, weight("head.weight") as F32, { bias: whole("head.bias") as Vector });
  const loss =
    task === "mse"
      ? meanSquaredError(head, graph.f32("target", inputs.target))
      : softmaxCrossEntropy(head, graph.i32("label", inputs.label));
  Object.assign(graph.outputs, { y: sequence, hn: reshape(last, [1, B, H]), [task === "mse" ? "pred" : "logits"]: head, loss });
  const gradients = gradient(loss, Object.values(wrt));
  Object.entries(wrt).forEach(([name, tensor]) => {
    graph.outputs[`grad.${name}`] = gradients.of(tensor as F32);
  });
  if (sequence.shape[0] !== T) throw new Error(`the sequence has ${sequence.shape[0]} steps instead of ${T}`);
}
