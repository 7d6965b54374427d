import { type F32, input, type RandomSource, type Tensor } from "../../graph/tensor.ts";
import {
  abs,
  affine,
  clamp,
  div,
  exp,
  expm1,
  leakyRelu,
  log,
  maximum,
  minimum,
  mul,
  neg,
  pow,
  relu,
  select,
  sigmoid,
  sqrt,
  square,
  step,
  sub,
} from "../../ops/pointwise/index.ts";
import type { OpCase } from "../node-subject.ts";

const COLUMNS = 256;
const positive = (random: RandomSource): number => 0.1 + random.uniform();
const binary: Readonly<Record<string, (a: F32, b: F32) => F32>> = { sub, mul, div, maximum, minimum };
const unary: Readonly<Record<string, (x: F32) => F32>> = { relu, sigmoid, exp, expm1, log, sqrt, square, abs, neg };

/** One row for each function of one or two values: what their kernels share is the reading and writing, what differs is the function. */
export function pointwiseCases(rows: number): OpCase[] {
  const [a, b, c] = [0, 1, 2].map(() => input([rows, COLUMNS]));
  const values = { 0: positive, 1: positive, 2: positive };
  const all: Readonly<Record<string, Tensor>> = {
    ...Object.fromEntries(Object.entries(binary).map(([name, op]) => [name, op(a, b)])),
    ...Object.fromEntries(Object.entries(unary).map(([name, op]) => [name, op(a)])),
    leakyRelu: leakyRelu(a, 0.1),
    clamp: clamp(a, { min: 0.3, max: 0.7 }),
    affine: affine(a, 2, 1),
    pow: pow(a, 1.7),
    step: step(a, 0.5),
    select: select(a, b, c),
  };
  return Object.entries(all).map(([name, tensor]) => ({ name: `${name} ${rows}×${COLUMNS}`, tensor, values }));
}
