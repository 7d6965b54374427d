import { onnxType } from "../../support/onnx-schema.ts";
import type { Values } from "../data.ts";

const FLOAT = 1;
const OPSET = 21;
const IR_VERSION = 10;
const ATTRIBUTE = { INT: 2, INTS: 7 };

export interface OnnxNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly output: string;
  readonly attributes?: Readonly<Record<string, number | readonly number[]>>;
}

export interface OnnxGraph {
  readonly nodes: readonly OnnxNode[];
  readonly inputs: Readonly<Record<string, readonly number[]>>;
  readonly outputs: Readonly<Record<string, readonly number[]>>;
  readonly weights: Readonly<Record<string, Values>>;
}

/** The bytes of a model in f32. */
export function onnxModel({ nodes, inputs, outputs, weights }: OnnxGraph): Uint8Array {
  const info = (values: Readonly<Record<string, readonly number[]>>) =>
    Object.entries(values).map(([name, shape]) => ({
      name,
      type: { tensor_type: { elem_type: FLOAT, shape: { dim: shape.map((size) => ({ dim_value: size })) } } },
    }));
  const model = {
    ir_version: IR_VERSION,
    opset_import: [{ domain: "", version: OPSET }],
    graph: {
      name: "peer",
      node: nodes.map(({ op, inputs, output, attributes = {} }) => ({
        op_type: op,
        input: inputs,
        output: [output],
        attribute: Object.entries(attributes).map(([name, value]) =>
          typeof value === "number" ? { name, type: ATTRIBUTE.INT, i: value } : { name, type: ATTRIBUTE.INTS, ints: value },
        ),
      })),
      input: info(inputs),
      output: info(outputs),
      initializer: Object.entries(weights).map(([name, { shape, data }]) => ({
        name,
        dims: shape,
        data_type: FLOAT,
        raw_data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
      })),
    },
  };
  const type = onnxType("ModelProto");
  return type.encode(type.fromObject(model)).finish();
}
