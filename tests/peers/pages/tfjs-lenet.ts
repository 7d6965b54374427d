import * as tf from "@tensorflow/tfjs-core";
import type { Named, Values } from "../data.ts";

export type Tensors = Record<string, tf.Tensor>;

export const tensor = ({ shape, data }: Values): tf.Tensor => tf.tensor(data, [...shape], data instanceof Int32Array ? "int32" : "float32");
export const tensors = (values: Named): Tensors => Object.fromEntries(Object.entries(values).map(([name, value]) => [name, tensor(value)]));

/** Logits [B, 10]. */
export function lenet({ x, W1, b1, W2, b2, W3, b3 }: Tensors): tf.Tensor {
  const block = (images: tf.Tensor, filter: tf.Tensor, bias: tf.Tensor) =>
    tf.maxPool(
      tf.fused.conv2d({
        x: images as tf.Tensor4D,
        filter: filter as tf.Tensor4D,
        strides: 1,
        pad: "valid",
        bias,
        activation: "relu",
      }),
      2,
      2,
      "valid",
    );
  return tf.fused.matMul({ a: tf.reshape(block(block(x, W1, b1), W2, b2), [-1, 256]), b: W3, bias: b3 });
}
