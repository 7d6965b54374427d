import {
  add,
  concat,
  constant,
  type F32,
  input,
  leakyRelu,
  matmul,
  max,
  mean,
  mul,
  neg,
  pad,
  relu,
  reshape,
  sigmoid,
  slice,
  softmax,
  square,
  sub,
  sum,
  type Tensor,
  tanh,
  transpose,
  type Variable,
  variable,
} from "../../src/index.ts";

/** A small generator of fixed pseudo-random numbers. */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** In [0, 1). (mulberry32) */
  real(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number in [0, below). */
  below(below: number): number {
    return Math.floor(this.real() * below);
  }

  pick<T>(values: readonly T[]): T {
    return values[this.below(values.length)];
  }

  values(length: number): Float32Array {
    return Float32Array.from({ length }, () => 2 * this.real() - 1);
  }
}

export interface RandomGraph {
  readonly inputs: Record<string, F32>;
  readonly variables: readonly Variable<"f32">[];
  readonly outputs: Record<string, F32>;
  /** Every tensor that was made, the leaves first. */
  readonly pool: readonly F32[];
}

const SIZES = [1, 2, 3, 4, 5, 8];

/**
 * A graph of real ops with fan-out, repeated operands, views of leaves, views as outputs, outputs named twice, and now and then a
 * tensor of no elements. All values stay within a small range, so that rounding errors do.
 */
export function randomGraph(seed: number, steps: number, sizes: readonly number[] = SIZES): RandomGraph {
  const dice = new Dice(seed);
  const limits = new Map<F32, number>();
  const pool: F32[] = [];
  /** Keeps a tensor whose magnitudes are at most `limit`; squashes it where they could become large. */
  const keep = (tensor: F32, limit: number): F32 => {
    const kept = limit > 8 ? (tanh(tensor) as F32) : tensor;
    limits.set(kept, Math.min(limit, limit > 8 ? 1 : limit));
    if (!pool.includes(kept)) pool.push(kept);
    return kept;
  };
  const limitOf = (tensor: F32): number => limits.get(tensor) as number;
  const shape = () => Array.from({ length: dice.pick([0, 1, 2, 2, 2, 3]) }, () => (dice.real() < 0.02 ? 0 : dice.pick(sizes)));

  const allInputs = [shape(), shape(), [dice.pick(sizes), dice.pick(sizes)]].map((s) => input(s) as F32);
  const variables = [shape(), [dice.pick(sizes), dice.pick(sizes)]].map(
    (s, i) =>
      variable(`v${seed}.${i}`, s, (size, random) =>
        Float32Array.from({ length: size.reduce((a, b) => a * b, 1) }, () => random.uniform() - 0.5),
      ) as Variable<"f32">,
  );
  const numbers = constant(dice.values(4), [4]) as F32;
  for (const leaf of [...allInputs, ...variables, numbers]) keep(leaf, 1);

  const recent = () => (dice.real() < 0.6 ? pool[Math.max(0, pool.length - 1 - dice.below(4))] : dice.pick(pool));
  const partner = (x: F32): F32 | undefined => {
    const others = pool.filter((t) => broadcasts(t.shape, x.shape));
    return others.length > 0 ? dice.pick(others) : undefined;
  };
  const moves: (() => unknown)[] = [
    () => {
      const x = recent();
      const [op, limit] = dice.pick<readonly [(x: F32) => F32, (l: number) => number]>([
        [tanh, () => 1],
        [relu, (l) => l],
        [sigmoid, () => 1],
        [square, (l) => l * l],
        [neg, (l) => l],
        [leakyRelu, (l) => l],
      ]);
      keep(op(x), limit(limitOf(x)));
    },
    () => {
      const x = recent();
      const y = dice.real() < 0.1 ? x : partner(x);
      if (!y) return;
      const [a, b] = dice.real() < 0.5 ? [x, y] : [y, x];
      const [la, lb] = [limitOf(a), limitOf(b)];
      const [op, limit] = dice.pick<readonly [(a: F32, b: F32) => F32, number]>([
        [add, la + lb],
        [sub, la + lb],
        [mul, la * lb],
      ]);
      keep(op(a, b), limit);
    },
    () => {
      const a = recent();
      if (a.shape.length === 0) return;
      const inner = a.shape[a.shape.length - 1];
      const others = pool.filter((t) => t.shape.length <= 2 && t.shape.length > 0 && t.shape[Math.max(0, t.shape.length - 2)] === inner);
      const b = others.length > 0 ? dice.pick(others) : (keep(constant(0.3, [inner, dice.pick(sizes)]) as F32, 0.3) as F32);
      const product = keep(matmul(a, b) as F32, inner * limitOf(a) * limitOf(b));
      // What an epilogue could take over.
      if (dice.real() < 0.5 && product.shape.length > 0) {
        const bias = pool.filter((t) => t.shape.length === 1 && t.shape[0] === product.shape[product.shape.length - 1]);
        const sum = bias.length > 0 ? keep(add(product, dice.pick(bias)) as F32, 2 * limitOf(product)) : product;
        if (dice.real() < 0.5) keep(tanh(sum), 1);
      }
    },
    () => {
      const x = recent();
      keep(dice.real() < 0.5 ? (reshape(x, [x.size]) as F32) : (reshape(x, [1, ...x.shape]) as F32), limitOf(x));
    },
    () => {
      const x = recent();
      if (x.shape.length > 1) keep(transpose(x) as F32, limitOf(x));
    },
    () => {
      const x = recent();
      if (x.shape.length === 0 || x.size === 0) return;
      const axis = dice.below(x.shape.length);
      const op = dice.pick([sum, mean, max]);
      keep(op(x, { axes: [axis], keepDimensions: dice.real() < 0.5 }) as F32, op === sum ? x.shape[axis] * limitOf(x) : limitOf(x));
    },
    () => {
      const x = recent();
      if (x.shape.length > 0 && x.size > 0) keep(softmax(x), 1);
    },
    () => {
      const x = recent();
      if (x.shape.length === 0) return;
      const begin = x.shape.map((n) => dice.below(Math.max(1, n)));
      const size = x.shape.map((n, i) => (n === 0 ? 0 : 1 + dice.below(n - begin[i])));
      keep(slice(x, begin, size) as F32, limitOf(x));
    },
    () => {
      const x = recent();
      if (x.shape.length > 0 && x.size > 0)
        keep(
          pad(
            x,
            x.shape.map(() => dice.below(2)),
            x.shape.map(() => dice.below(2)),
          ) as F32,
          limitOf(x),
        );
    },
    () => {
      const x = recent();
      const others = pool.filter((t) => t.shape.length === x.shape.length && t.shape.every((n, i) => i === 0 || n === x.shape[i]));
      if (x.shape.length > 0) {
        const y = dice.pick(others);
        keep(concat([x, y], 0) as F32, Math.max(limitOf(x), limitOf(y)));
      }
    },
  ];
  for (let i = 0; i < steps; i++) {
    const before = pool.length;
    dice.pick(moves)();
    // Nothing grows beyond what a quick test can bear.
    if (pool.length > before && pool[pool.length - 1].size > 4096) pool.length = before;
  }

  const outputs: Record<string, F32> = {};
  const count = 1 + dice.below(4);
  for (let i = 0; i < count; i++)
    outputs[`out${i}`] = dice.real() < 0.7 ? pool[Math.max(0, pool.length - 1 - dice.below(6))] : dice.pick(pool);
  if (dice.real() < 0.3) outputs.again = outputs.out0;
  if (dice.real() < 0.3) outputs.view = reshape(outputs.out0, [outputs.out0.size]) as F32;
  const used = leavesOf(Object.values(outputs));
  const inputs = Object.fromEntries(allInputs.filter((t) => used.has(t)).map((t, i) => [`in${i}`, t]));
  return { inputs, variables: variables.filter((v) => used.has(v)), outputs, pool };
}

function broadcasts(a: readonly number[], b: readonly number[]): boolean {
  for (let i = 1; i <= Math.min(a.length, b.length); i++) {
    const [m, n] = [a[a.length - i], b[b.length - i]];
    if (m !== n && m !== 1 && n !== 1) return false;
  }
  return true;
}

/** The leaves that tensors depend on. */
export function leavesOf(tensors: Iterable<Tensor>): Set<Tensor> {
  const seen = new Set<Tensor>();
  const leaves = new Set<Tensor>();
  const visit = (tensor: Tensor): void => {
    if (seen.has(tensor)) return;
    seen.add(tensor);
    if (tensor.source.kind === "node") tensor.source.node.inputs.forEach(visit);
    else leaves.add(tensor);
  };
  for (const tensor of tensors) visit(tensor);
  return leaves;
}

/** One number that depends on tensors, to take gradients of. */
export function randomLoss(tensors: readonly F32[]): F32<readonly []> {
  const parts = tensors.filter((t) => t.size > 0).map((t) => mean(square(tanh(t))) as F32<readonly []>);
  return parts.reduce((total, part) => add(total, part));
}
