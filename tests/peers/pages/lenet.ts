import { conv2d, type F32, flatten, matmul, maxPool2d, reluActivation, type Tensor } from "../../../src/index.ts";

type Images = F32<readonly [number, number, number, number]>;

/** x [B, 28, 28, 1] → logits [B, 10]. */
export function lenet({ x, W1, b1, W2, b2, W3, b3 }: Record<string, Tensor>): F32 {
  const block = (images: Tensor, W: Tensor, b: Tensor) =>
    maxPool2d(conv2d(images as Images, W as Images, { bias: b as F32<readonly [number]>, activation: reluActivation }), { size: 2 });
  return matmul(flatten(block(block(x, W1, b1), W2, b2)) as F32, W3 as F32, { bias: b3 as F32<readonly [number]> }) as F32;
}
