import protobuf from "protobufjs";
import type { Values } from "../data.ts";

// The part of onnx.proto (Apache-2.0) that a model of fixed shapes needs; field numbers are those of the format.
const { root } = protobuf.parse(
  `
  syntax = "proto3";
  message TensorProto { repeated int64 dims = 1; int32 data_type = 2; string name = 8; bytes raw_data = 9; }
  message AttributeProto { string name = 1; float f = 2; int64 i = 3; repeated int64 ints = 8; int32 type = 20; }
  message NodeProto { repeated string input = 1; repeated string output = 2; string op_type = 4; repeated AttributeProto attribute = 5; }
  message Dimension { int64 dim_value = 1; }
  message Shape { repeated Dimension dim = 1; }
  message TensorType { int32 elem_type = 1; Shape shape = 2; }
  message TypeProto { TensorType tensor_type = 1; }
  message ValueInfoProto { string name = 1; TypeProto type = 2; }
  message GraphProto {
    repeated NodeProto node = 1; string name = 2; repeated TensorProto initializer = 5;
    repeated ValueInfoProto input = 11; repeated ValueInfoProto output = 12;
  }
  message OperatorSetIdProto { string domain = 1; int64 version = 2; }
  message ModelProto { int64 ir_version = 1; GraphProto graph = 7; repeated OperatorSetIdProto opset_import = 8; }
`,
  { keepCase: true },
);

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
  const type = root.lookupType("ModelProto");
  return type.encode(type.fromObject(model)).finish();
}
