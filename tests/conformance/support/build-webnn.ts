import {
  add,
  type F32,
  leakyRelu,
  logSum,
  logSumExp,
  matmul,
  max,
  mean,
  min,
  mul,
  normL1,
  normL2,
  prod,
  relu,
  sigmoid,
  softmax,
  sum,
  sumOfSquares,
  tanh,
} from "../../../src/index.ts";
import { buildConv2d, buildConvTranspose2d, buildPool } from "./build-webnn-conv.ts";
import type { Case } from "./case.ts";
import type { CaseGraph } from "./graph.ts";

interface Options {
  readonly c?: string;
  readonly alpha?: number;
  readonly beta?: number;
  readonly aTranspose?: boolean;
  readonly bTranspose?: boolean;
  readonly axes?: readonly number[];
  readonly keepDimensions?: boolean;
}
interface Arguments {
  readonly input: string;
  readonly a: string;
  readonly b: string;
  readonly axis?: number;
  readonly options?: Options;
}
/** The operator applied to the case's operands; its only result. */
type Builder = (operand: (name: string) => F32, given: Arguments, options: Options) => F32;

const unary =
  (f: (x: F32) => F32): Builder =>
  (operand, { input }) =>
    f(operand(input));

const reduction =
  (f: (x: F32, options: { axes?: readonly number[]; keepDimensions?: boolean }) => F32): Builder =>
  (operand, { input }, { axes, keepDimensions }) =>
    f(operand(input), { axes, keepDimensions });

const scaled = (x: F32, factor = 1): F32 => (factor === 1 ? x : mul(x, factor));

const builders: Readonly<Record<string, Builder>> = {
  conv2d: (operand, given, options) => buildConv2d(operand, given as never, options as never),
  convTranspose2d: (operand, given, options) => buildConvTranspose2d(operand, given as never, options as never),
  averagePool2d: (operand, given, options) => buildPool("average")(operand, given, options as never),
  l2Pool2d: (operand, given, options) => buildPool("l2")(operand, given, options as never),
  maxPool2d: (operand, given, options) => buildPool("max")(operand, given, options as never),
  matmul: (operand, { a, b }) => matmul(operand(a), operand(b)),
  gemm: (operand, { a, b }, { alpha, beta, c, aTranspose, bTranspose }) => {
    const product = scaled(matmul(operand(a), operand(b), { transposeA: aTranspose, transposeB: bTranspose }), alpha);
    return c === undefined ? product : add(product, scaled(operand(c), beta));
  },
  softmax: (operand, { input, axis = 1 }) => softmax(operand(input), { axis }),
  relu: unary(relu),
  tanh: unary(tanh),
  sigmoid: unary(sigmoid),
  leakyRelu: (operand, { input }, { alpha }) => leakyRelu(operand(input), alpha),
  reduceSum: reduction(sum),
  reduceMean: reduction(mean),
  reduceMax: reduction(max),
  reduceMin: reduction(min),
  reduceProduct: reduction(prod),
  reduceL1: reduction(normL1),
  reduceL2: reduction(normL2),
  reduceSumSquare: reduction(sumOfSquares),
  reduceLogSum: reduction(logSum),
  reduceLogSumExp: reduction(logSumExp),
};

export function buildWebnn(graph: CaseGraph, c: Case): void {
  const given = c.attributes as unknown as Arguments;
  const build = builders[c.op];
  if (!build) throw new Error(`no builder for the WebNN operator ${c.op}`);
  const [output] = Object.keys(c.expected);
  graph.outputs[output] = build((name) => graph.f32(name, c.inputs[name]), given, given.options ?? {});
}
