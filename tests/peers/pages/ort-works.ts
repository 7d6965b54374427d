import { BATCH, type Data, type Named, type Values } from "../data.ts";
import { channelsFirst, channelsLast, filterFirst, permuted, rowsFirst } from "../layout.ts";
import { outputSize, padding, type Work } from "../works.ts";
import type { OnnxGraph, OnnxNode } from "./onnx.ts";

/** A work as an ONNX graph: weights are initializers; and from our layouts to its inputs, and back from its output. */
export interface OrtWork {
  readonly graph: OnnxGraph;
  readonly own: (set: Named) => Named;
  readonly back: (y: Values) => Values;
}

const same = (values: Values): Values => values;
const graph = (nodes: OnnxNode[], own: Named, y: readonly number[], weights: Named): OnnxGraph => ({
  nodes,
  inputs: Object.fromEntries(Object.entries(own).map(([name, { shape }]) => [name, shape])),
  outputs: { y },
  weights,
});

/** @throws Error with the reason where ONNX Runtime has no such work. */
export function ortWork(work: Work, { shared, sets }: Data): OrtWork {
  const imagesOf = ({ x }: Named): Named => ({ x: channelsFirst(x) });
  switch (work.kind) {
    case "matmul": {
      const nodes = [{ op: "MatMul", inputs: ["a", "b"], output: "y" }];
      return { graph: graph(nodes, sets[0], [work.m, work.n], {}), own: (set) => set, back: same };
    }
    case "conv": {
      const { n, to, kernel, stride, groups } = work;
      const pad = padding(kernel);
      const attributes = { kernel_shape: [kernel, kernel], strides: [stride, stride], pads: [pad, pad, pad, pad], group: groups };
      const nodes = [{ op: "Conv", inputs: ["x", "w"], output: "y", attributes }];
      const y = [n, to, outputSize(work), outputSize(work)];
      return { graph: graph(nodes, imagesOf(sets[0]), y, { w: filterFirst(shared.w) }), own: imagesOf, back: channelsLast };
    }
    case "pool": {
      const attributes = { kernel_shape: [2, 2], strides: [2, 2] };
      const nodes = [{ op: work.op === "max" ? "MaxPool" : "AveragePool", inputs: ["x"], output: "y", attributes }];
      const y = [work.n, work.channels, work.size / 2, work.size / 2];
      return { graph: graph(nodes, imagesOf(sets[0]), y, {}), own: imagesOf, back: channelsLast };
    }
    case "rnn":
      return rnn(work, shared, sets[0]);
    case "lenet":
      return { graph: graph(lenetNodes, imagesOf(sets[0]), [BATCH, 10], lenetInitializers(shared)), own: imagesOf, back: same };
    default:
      throw new Error("ONNX Runtime Web computes no gradients");
  }
}

/** The RNN operator: W [1, H, I], R [1, H, H], B [1, 2H]; Y [T, 1, B, H] has our order of values. */
function rnn({ t, b, h }: Extract<Work, { kind: "rnn" }>, shared: Named, set: Named): OrtWork {
  const turned = (values: Values): Values => {
    const { shape, data } = permuted(values, [1, 0]);
    return { shape: [1, ...shape], data };
  };
  const bias = new Float32Array(2 * h);
  bias.set(shared.b.data);
  const weights = { W: turned(shared.U), R: turned(shared.W), B: { shape: [1, 2 * h], data: bias } };
  const nodes = [{ op: "RNN", inputs: ["x", "W", "R", "B"], output: "y", attributes: { hidden_size: h } }];
  return { graph: graph(nodes, set, [t, 1, b, h], weights), own: (own) => own, back: same };
}

const window = { kernel_shape: [2, 2], strides: [2, 2] };

export const lenetNodes: OnnxNode[] = [
  { op: "Conv", inputs: ["x", "W1", "b1"], output: "c1", attributes: { kernel_shape: [5, 5] } },
  { op: "Relu", inputs: ["c1"], output: "r1" },
  { op: "MaxPool", inputs: ["r1"], output: "p1", attributes: window },
  { op: "Conv", inputs: ["p1", "W2", "b2"], output: "c2", attributes: { kernel_shape: [5, 5] } },
  { op: "Relu", inputs: ["c2"], output: "r2" },
  { op: "MaxPool", inputs: ["r2"], output: "p2", attributes: window },
  { op: "Flatten", inputs: ["p2"], output: "f", attributes: { axis: 1 } },
  { op: "Gemm", inputs: ["f", "W3", "b3"], output: "y" },
];

export const lenetInitializers = ({ W1, b1, W2, b2, W3, b3 }: Named): Named => ({
  W1: filterFirst(W1),
  b1,
  W2: filterFirst(W2),
  b2,
  W3: rowsFirst(W3),
  b3,
});
