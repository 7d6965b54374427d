import {
  type Activation,
  add,
  type F32,
  reluActivation,
  reshape,
  rnn,
  slice,
  type Tensor,
  tanhActivation,
  transpose,
} from "../../../src/index.ts";
import type { OnnxNode } from "./build-onnx.ts";
import { reshaped, transposed } from "./graph.ts";

const activations: Readonly<Record<string, Activation>> = { Tanh: tanhActivation, Relu: reluActivation };

/** One direction, forward, full length: W [1, H, I], R [1, H, H], B [1, 2·H] and initial_h [1, B, H]; layout 1 has the batch first. */
export function buildOnnxRnn({ graph, x, has, values, number, text, list, asked }: OnnxNode): Record<string, Tensor> {
  if (text("direction", "forward") !== "forward" || has(4)) throw new Error("only forward, without lengths");
  const name = (list("activations") as readonly string[] | undefined)?.[0] ?? "Tanh";
  const [, hidden, features] = values(1).shape;
  const batchFirst = number("layout", 0) === 1;
  const U = graph.f32("W", transposed(reshaped(values(1), [hidden, features])));
  const W = graph.f32("R", transposed(reshaped(values(2), [hidden, hidden])));
  const halves = has(3) ? graph.f32("B", reshaped(values(3), [2, hidden])) : undefined;
  const half = (i: number): F32 => reshape(slice(halves as F32, [i, 0], [1, hidden]), [hidden]);
  const sequenceFirst = batchFirst ? transpose(x(0), [1, 0, 2]) : x(0);
  const [steps, batch] = sequenceFirst.shape;
  const { sequence, last } = rnn(sequenceFirst as F32<readonly [number, number, number]>, {
    U: U as F32<readonly [number, number]>,
    W: W as F32<readonly [number, number]>,
    b: halves && (add(half(0), half(1)) as F32<readonly [number]>),
    h0: has(5) ? (reshape(x(5), [batch, hidden]) as F32<readonly [number, number]>) : undefined,
    activation: activations[name],
  });
  const all: Record<string, Tensor> = {
    output0: batchFirst ? reshape(transpose(sequence, [1, 0, 2]), [batch, steps, 1, hidden]) : reshape(sequence, [steps, 1, batch, hidden]),
    output1: reshape(last, batchFirst ? [batch, 1, hidden] : [1, batch, hidden]),
  };
  return Object.fromEntries(asked.map((output) => [output, all[output]]));
}
