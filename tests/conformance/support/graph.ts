import { input, type Tensor } from "../../../src/index.ts";
import type { Values } from "./case.ts";

/** A tensor as numbers, on its way into a graph or out of it. */
export interface Numbers {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}

/** A case as a graph: symbolic inputs with what is fed to them, and outputs by the names of the expected tensors. */
export class CaseGraph {
  readonly inputs: Record<string, Tensor> = {};
  readonly feeds: Record<string, Float32Array | Int32Array> = {};
  readonly outputs: Record<string, Tensor> = {};
  /** What is done to an output after it was computed: the way back over the border. */
  readonly border: Record<string, (output: Numbers) => Numbers> = {};

  /** Each case needs some tensors as one type only; the cast says so. */
  private add(name: string, { dtype, shape, data }: Values): Tensor {
    const tensor = input(shape, dtype) as Tensor;
    this.inputs[name] = tensor;
    this.feeds[name] = dtype === "f32" ? Float32Array.from(data) : Int32Array.from(data);
    return tensor;
  }

  f32(name: string, values: Values): Tensor<"f32"> {
    if (values.dtype !== "f32") throw new Error(`${name} is ${values.dtype}, not f32`);
    return this.add(name, values) as Tensor<"f32">;
  }

  i32(name: string, values: Values): Tensor<"i32"> {
    if (values.dtype !== "i32") throw new Error(`${name} is ${values.dtype}, not i32`);
    return this.add(name, values) as Tensor<"i32">;
  }
}

/** [rows, columns] → [columns, rows]: PyTorch's and ONNX's weights are [out, in], ours [in, out]. */
export function transposed<N extends Numbers>(matrix: N): N {
  const [rows, columns] = matrix.shape;
  const data = Array.from(matrix.data, (_, i) => matrix.data[(i % rows) * columns + Math.floor(i / rows)]);
  return { ...matrix, shape: [columns, rows], data };
}

/** The same numbers under another shape. */
export const reshaped = <N extends Numbers>(values: N, shape: readonly number[]): N => ({ ...values, shape });
