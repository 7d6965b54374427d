import { onnxType } from "../../support/onnx-schema.ts";
import type { Values } from "./case.ts";

interface RawTensor {
  dims: number[];
  data_type: number;
  float_data: number[];
  int32_data: number[];
  int64_data: number[];
  name: string;
  raw_data: Uint8Array;
}
interface RawAttribute {
  name: string;
  type: number;
  f: number;
  i: number;
  s: Uint8Array;
  floats: number[];
  ints: number[];
  strings: Uint8Array[];
}
interface RawNode {
  input: string[];
  output: string[];
  op_type: string;
  domain: string;
  attribute: RawAttribute[];
}
interface RawModel {
  graph: { node: RawNode[]; initializer: RawTensor[]; input: { name: string }[]; output: { name: string }[] };
  opset_import: { domain: string; version: number }[];
}

export type AttributeValue = number | string | readonly number[] | readonly string[];

/** A model with one node, which all models of the conformance data are. */
export interface OnnxModel {
  readonly op: string;
  readonly domain: string;
  /** The version of the operator set of the node's domain. */
  readonly opset: number;
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  /** Operand names in order, "" where an optional one is absent. */
  readonly nodeInputs: readonly string[];
  readonly nodeOutputs: readonly string[];
  readonly graphInputs: readonly string[];
  readonly graphOutputs: readonly string[];
  readonly initializers: Readonly<Record<string, Values>>;
}

const FLOAT = 1;
const INT32 = 6;
const INT64 = 7;

function decode<T>(message: string, bytes: Uint8Array): T {
  const type = onnxType(message);
  return type.toObject(type.decode(bytes), { longs: Number, arrays: true, defaults: true }) as T;
}

function valuesOf(tensor: RawTensor): Values {
  const { dims: shape, data_type: type, raw_data: raw } = tensor;
  const size = shape.reduce((a, b) => a * b, 1);
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  const read = (width: number, at: (offset: number) => number, list: number[]): number[] =>
    raw.byteLength > 0 ? Array.from({ length: raw.byteLength / width }, (_, i) => at(i * width)) : list;
  let data: number[];
  if (type === FLOAT) data = read(4, (o) => view.getFloat32(o, true), tensor.float_data);
  else if (type === INT32) data = read(4, (o) => view.getInt32(o, true), tensor.int32_data);
  else if (type === INT64) data = read(8, (o) => Number(view.getBigInt64(o, true)), tensor.int64_data);
  else throw new Error(`TensorProto "${tensor.name}": data type ${type} is not read here`);
  if (data.length !== size) throw new Error(`TensorProto "${tensor.name}": ${data.length} values for shape [${shape}]`);
  return { dtype: type === FLOAT ? "f32" : "i32", shape, data };
}

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

function attributeValue(a: RawAttribute): AttributeValue {
  switch (a.type) {
    case 1:
      return a.f;
    case 2:
      return a.i;
    case 3:
      return text(a.s);
    case 6:
      return a.floats;
    case 7:
      return a.ints;
    case 8:
      return a.strings.map(text);
    default:
      throw new Error(`attribute "${a.name}": type ${a.type} is not read here`);
  }
}

export const decodeTensor = (bytes: Uint8Array): Values => valuesOf(decode<RawTensor>("TensorProto", bytes));

export function decodeModel(bytes: Uint8Array): OnnxModel {
  const { graph, opset_import: opsets } = decode<RawModel>("ModelProto", bytes);
  if (graph.node.length !== 1) throw new Error(`a model with ${graph.node.length} nodes: only one is expected`);
  const [node] = graph.node;
  const opset = opsets.find(({ domain }) => domain === node.domain);
  if (!opset) throw new Error(`no operator set for domain "${node.domain}"`);
  return {
    op: node.op_type,
    domain: node.domain,
    opset: opset.version,
    attributes: Object.fromEntries(node.attribute.map((a) => [a.name, attributeValue(a)])),
    nodeInputs: node.input,
    nodeOutputs: node.output,
    graphInputs: graph.input.map(({ name }) => name),
    graphOutputs: graph.output.map(({ name }) => name),
    initializers: Object.fromEntries(graph.initializer.map((t) => [t.name, valuesOf(t)])),
  };
}
