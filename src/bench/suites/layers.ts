import { type F32, input, variable } from "../../graph/tensor.ts";
import { reluActivation } from "../../ops/activation.ts";
import { conv2d } from "../../ops/conv/conv2d.ts";
import { gather } from "../../ops/gather/gather.ts";
import { matmul } from "../../ops/matmul/matmul.ts";
import { batchNormTrain } from "../../ops/norm/batch-norm.ts";
import { layerNorm } from "../../ops/norm/layer-norm.ts";
import { mul } from "../../ops/pointwise/arithmetic.ts";
import { maxPool2d } from "../../ops/pool/public.ts";
import { sum } from "../../ops/reduce/sums.ts";
import { rnn } from "../../ops/rnn/rnn.ts";
import { softmax } from "../../ops/softmax/index.ts";
import { gradient } from "../../program/gradient.ts";
import { programSubject } from "../program-subject.ts";
import type { Subject } from "../subject.ts";
import { scaled } from "../workloads.ts";

interface LayerCase {
  readonly name: string;
  /** The layer's output and what is differentiated. Variables get the prefix, so that two programs share none. */
  build(prefix: string): {
    readonly inputs: Readonly<Record<string, ReturnType<typeof input>>>;
    readonly y: F32;
    readonly of: readonly F32[];
  };
}

const parameter = <const S extends readonly number[]>(name: string, shape: S) => variable(name, shape, scaled) as F32;

/** A layer of images: what it makes of a variable x, so that the gradient of x is part of the work. */
const images = (name: string, shape: readonly number[], layer: (x: F32, prefix: string) => { y: F32; of: readonly F32[] }): LayerCase => ({
  name,
  build(prefix) {
    const x = parameter(`${prefix}/x`, shape);
    const { y, of } = layer(x, prefix);
    return { inputs: {}, y, of: [x, ...of] };
  },
});

const cases: readonly LayerCase[] = [
  images("dense 256→256 B64", [64, 256], (x, prefix) => {
    const [W, b] = [parameter(`${prefix}/W`, [256, 256]), parameter(`${prefix}/b`, [256])];
    return { y: matmul(x as never, W as never, { bias: b as never, activation: reluActivation }) as F32, of: [W, b] };
  }),
  images("conv 3×3 32→64 28² N8, ReLU, max pooling", [8, 28, 28, 32], (x, prefix) => {
    const [W, b] = [parameter(`${prefix}/W`, [3, 3, 32, 64]), parameter(`${prefix}/b`, [64])];
    const y = conv2d(x as never, W as never, { bias: b as never, padding: "same", activation: reluActivation });
    return { y: maxPool2d(y, { size: 2 }), of: [W, b] };
  }),
  images("tanh RNN T128 B16 I64 H128", [128, 16, 64], (x, prefix) => {
    const [U, W, b] = [parameter(`${prefix}/U`, [64, 128]), parameter(`${prefix}/W`, [128, 128]), parameter(`${prefix}/b`, [128])];
    return { y: rnn(x as never, { U, W, b } as never).sequence, of: [U, W, b] };
  }),
  images("batch norm 64×28×28×32", [64, 28, 28, 32], (x, prefix) => {
    const [scale, bias] = [parameter(`${prefix}/scale`, [32]), parameter(`${prefix}/bias`, [32])];
    return { y: batchNormTrain(x as never, scale as never, bias as never).y as F32, of: [scale, bias] };
  }),
  images("layer norm 2048×256", [2048, 256], (x, prefix) => {
    const [scale, bias] = [parameter(`${prefix}/scale`, [256]), parameter(`${prefix}/bias`, [256])];
    return { y: layerNorm(x, { scale, bias } as never), of: [scale, bias] };
  }),
  images("softmax 2048×256", [2048, 256], (x) => ({ y: softmax(x), of: [] })),
  {
    name: "embedding V64 H128, T64 B32",
    build(prefix) {
      const tokens = input([64, 32], "i32");
      const table = parameter(`${prefix}/table`, [64, 128]);
      return { inputs: { tokens: tokens as never }, y: gather(table as never, tokens) as F32, of: [table] };
    },
  },
];

const QUICK = 2;

/** Layers as an app uses them, forward, and forward with all gradients, each one program. */
export const layerSubjects = (quick: boolean): Subject[] =>
  (quick ? cases.slice(0, QUICK) : cases).flatMap(({ name, build }) => [
    programSubject("layers", `${name}, forward`, (set) => {
      const { inputs, y } = build(`bench/${name}/forward ${set}`);
      return { inputs, outputs: { y }, label: name } as never;
    }),
    programSubject("layers", `${name}, forward and gradients`, (set) => {
      const { inputs, y, of } = build(`bench/${name}/gradients ${set}`);
      const dy = input(y.shape);
      const gradients = gradient(sum(mul(y, dy)), of).tensors;
      const named = Object.fromEntries(gradients.map((tensor, i) => [`d${i}`, tensor]));
      return { inputs: { ...inputs, dy }, outputs: { y, ...named }, label: name } as never;
    }),
  ]);
