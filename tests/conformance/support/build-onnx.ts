import {
  add,
  clamp,
  concat,
  type F32,
  gather,
  leakyRelu,
  logSoftmax,
  matmul,
  max,
  mean,
  mul,
  normL2,
  relu,
  reshape,
  sigmoid,
  slice,
  softmax,
  sub,
  sum,
  type Tensor,
  tanh,
  transpose,
} from "../../../src/index.ts";
import {
  buildBatchNorm,
  buildConv,
  buildConvTranspose,
  buildGlobalPool,
  buildLayerNorm,
  buildMaxUnpool,
  buildPool,
} from "./build-onnx-images.ts";
import { buildNegativeLogLikelihood, buildSoftmaxCrossEntropy } from "./build-onnx-loss.ts";
import { buildOnnxRnn } from "./build-onnx-rnn.ts";
import type { Case, Values } from "./case.ts";
import type { CaseGraph } from "./graph.ts";

/** What a builder sees of a case: operands by number, attributes by name. */
export interface OnnxNode {
  readonly graph: CaseGraph;
  readonly has: (i: number) => boolean;
  /** Operand i as a graph input. */
  readonly x: (i: number) => F32;
  /** Operand i as numbers that the graph is built from: axes, shapes, bounds. */
  readonly numbers: (i: number) => readonly number[] | undefined;
  readonly values: (i: number) => Values;
  readonly number: (name: string, otherwise: number) => number;
  readonly optional: (name: string) => number | undefined;
  readonly list: (name: string) => readonly number[] | undefined;
  readonly text: (name: string, otherwise: string) => string;
  readonly opset: number;
  /** Outputs that are asked for. */
  readonly asked: readonly string[];
}

/** One output, or several by name. */
type Builder = (node: OnnxNode) => Tensor | Record<string, Tensor>;

const unary =
  (f: (x: F32) => F32): Builder =>
  ({ x }) =>
    f(x(0));
const binary =
  (f: (a: F32, b: F32) => F32): Builder =>
  ({ x }) =>
    f(x(0), x(1));

/** `axes` became an input with opset 18 (ReduceSum: 13). Empty axes reduce everything unless noop_with_empty_axes is 1. */
const reduction =
  (f: (x: F32, options: { axes?: readonly number[]; keepDimensions?: boolean }) => F32): Builder =>
  ({ x, numbers, list, number }) => {
    const axes = numbers(1) ?? list("axes") ?? [];
    if (axes.length === 0 && number("noop_with_empty_axes", 0) === 1) return f(x(0), { axes: [], keepDimensions: true });
    return f(x(0), { axes: axes.length === 0 ? undefined : axes, keepDimensions: number("keepdims", 1) === 1 });
  };

/** Before opset 13: the input is flattened to 2-D at `axis` (default 1); since: one axis, default the last. */
const softmaxLike =
  (f: (x: F32, options: { axis?: number }) => F32): Builder =>
  ({ x, number, opset, values }) => {
    const { shape } = values(0);
    if (opset >= 13) return f(x(0), { axis: number("axis", -1) });
    const axis = (number("axis", 1) + shape.length) % shape.length;
    const rows = shape.slice(0, axis).reduce((a, b) => a * b, 1);
    return reshape(f(reshape(x(0), [rows, -1]), { axis: 1 }), shape);
  };

const builders: Readonly<Record<string, Builder>> = {
  Add: binary(add),
  Sub: binary(sub),
  Mul: binary(mul),
  Relu: unary(relu),
  Tanh: unary(tanh),
  Sigmoid: unary(sigmoid),
  LeakyRelu: ({ x, number }) => leakyRelu(x(0), number("alpha", 0.01)),
  Clip: ({ x, numbers }) => {
    const [min] = numbers(1) ?? [];
    const [max] = numbers(2) ?? [];
    return clamp(x(0), { min, max });
  },
  MatMul: binary((a, b) => matmul(a, b)),
  Gemm: ({ x, has, number }) => {
    const product = matmul(x(0), x(1), { transposeA: number("transA", 0) === 1, transposeB: number("transB", 0) === 1 });
    const scaled = (t: F32, factor: number) => (factor === 1 ? t : mul(t, factor));
    const y = scaled(product, number("alpha", 1));
    return has(2) ? add(y, scaled(x(2), number("beta", 1))) : y;
  },
  ReduceSum: reduction(sum),
  ReduceMean: reduction(mean),
  ReduceMax: reduction(max),
  ReduceL2: reduction(normL2),
  Softmax: softmaxLike(softmax),
  LogSoftmax: softmaxLike(logSoftmax),
  Reshape: ({ x, values, numbers, number }) => {
    const from = values(0).shape;
    const allowZero = number("allowzero", 0) === 1;
    return reshape(
      x(0),
      (numbers(1) ?? []).map((n, axis) => (n === 0 && !allowZero ? from[axis] : n)),
    );
  },
  Flatten: ({ x, values, number }) => {
    const { shape } = values(0);
    const axis = number("axis", 1) + (number("axis", 1) < 0 ? shape.length : 0);
    return reshape(x(0), [shape.slice(0, axis).reduce((a, b) => a * b, 1), -1]);
  },
  Transpose: ({ x, list }) => transpose(x(0), list("perm")),
  Concat: ({ x, has, number }) => {
    const parts: F32[] = [];
    for (let i = 0; has(i); i++) parts.push(x(i));
    return concat(parts, number("axis", 0));
  },
  Slice: ({ x, values, numbers }) => {
    const { shape } = values(0);
    const [starts, ends] = [numbers(1) ?? [], numbers(2) ?? []];
    const axes = numbers(3) ?? starts.map((_, axis) => axis);
    const begin = shape.map(() => 0);
    const size: number[] = [...shape];
    const strides = shape.map(() => 1);
    axes.forEach((a, i) => {
      const axis = a < 0 ? a + shape.length : a;
      const n = shape[axis];
      const step = numbers(4)?.[i] ?? 1;
      const limit = (at: number) => Math.min(Math.max(at < 0 ? at + n : at, step < 0 ? -1 : 0), step < 0 ? n - 1 : n);
      begin[axis] = limit(starts[i]);
      size[axis] = Math.max(0, Math.ceil((limit(ends[i]) - begin[axis]) / step));
      strides[axis] = step;
    });
    return slice(x(0), begin, size, strides);
  },
  Gather: ({ graph, x, values, number }) => gather(x(0), graph.i32("indices", values(1)), { axis: number("axis", 0) }),
  // At inference dropout is the identity.
  Dropout: ({ x }) => x(0),
  NegativeLogLikelihoodLoss: buildNegativeLogLikelihood,
  SoftmaxCrossEntropyLoss: buildSoftmaxCrossEntropy,
  RNN: buildOnnxRnn,
  Conv: buildConv,
  ConvTranspose: buildConvTranspose,
  MaxPool: buildPool("max"),
  AveragePool: buildPool("average"),
  LpPool: buildPool("lp"),
  GlobalMaxPool: buildGlobalPool("max"),
  GlobalAveragePool: buildGlobalPool("average"),
  MaxUnpool: buildMaxUnpool,
  BatchNormalization: buildBatchNorm,
  LayerNormalization: buildLayerNorm,
};

export function buildOnnx(graph: CaseGraph, c: Case): void {
  const build = builders[c.op];
  if (!build) throw new Error(`no builder for the ONNX operator ${c.op}`);
  const made = new Map<number, F32>();
  const result = build({
    graph,
    has: (i) => `input${i}` in c.inputs,
    x: (i) => {
      const known = made.get(i);
      if (known) return known;
      const tensor = graph.f32(`input${i}`, c.inputs[`input${i}`]);
      made.set(i, tensor);
      return tensor;
    },
    numbers: (i) => c.inputs[`input${i}`]?.data,
    values: (i) => c.inputs[`input${i}`],
    number: (name, otherwise) => (c.attributes[name] as number | undefined) ?? otherwise,
    optional: (name) => c.attributes[name] as number | undefined,
    list: (name) => c.attributes[name] as readonly number[] | undefined,
    text: (name, otherwise) => (c.attributes[name] as string | undefined) ?? otherwise,
    opset: c.attributes.opset as number,
    asked: Object.keys(c.expected),
  });
  Object.assign(graph.outputs, "source" in result ? { output0: result } : result);
}
