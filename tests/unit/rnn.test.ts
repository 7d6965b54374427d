import { describe, expect, test } from "vitest";
import { UnrollError } from "../../src/errors.ts";
import type { Call, DeviceTraits } from "../../src/graph/op.ts";
import { constant, input, type Tensor } from "../../src/graph/tensor.ts";
import { identityActivation, reluActivation, tanhActivation } from "../../src/ops/activation.ts";
import { mul } from "../../src/ops/pointwise/arithmetic.ts";
import { sum } from "../../src/ops/reduce/sums.ts";
import type { WalkAttributes } from "../../src/ops/rnn/check.ts";
import { rnn } from "../../src/ops/rnn/rnn.ts";
import { rnnWalkOp } from "../../src/ops/rnn/walk.ts";
import { rnnWalkGradient, rnnWalkGradientOp } from "../../src/ops/rnn/walk-gradient.ts";
import { evaluate } from "../../src/program/evaluate.ts";
import { gradient } from "../../src/program/gradient.ts";
import { randomSource } from "../../src/random.ts";
import { softwareTraits } from "../support/traits.ts";

const software: DeviceTraits = { ...softwareTraits, walkFlops: 3e9 };
const hardware: DeviceTraits = { ...software, software: false };

const f32 = (...shape: number[]) => ({ dtype: "f32" as const, shape });
const call = (steps: number, batch: number, hidden: number, start = false): Call<WalkAttributes> => ({
  inputs: [f32(steps, batch, hidden), f32(hidden, hidden), ...(start ? [f32(batch, hidden)] : [])],
  outputs: [f32(steps, batch, hidden)],
  attributes: { activation: tanhActivation },
});
const backCall = (steps: number, batch: number, hidden: number): Call<WalkAttributes> => ({
  inputs: [f32(steps, batch, hidden), f32(steps, batch, hidden), f32(hidden, hidden)],
  outputs: [f32(steps, batch, hidden)],
  attributes: { activation: tanhActivation },
});
const chosen = (op: typeof rnnWalkOp, of: Call<WalkAttributes>, device: DeviceTraits) => {
  const rank = (v: (typeof op.kernels)[number]) => v.preference?.(of, device) ?? 0;
  return op.kernels.filter((v) => v.allowed(of, device)).reduce((best, v) => (rank(v) > rank(best) ? v : best));
};

describe("rnn", () => {
  const values = (...shape: number[]) => {
    const random = randomSource(0, `rnn ${shape}`);
    return constant(
      Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => 0.5 * random.normal()),
      shape as never,
    ) as Tensor<"f32", never>;
  };
  const dataOf = (tensor: Tensor) => Array.from(evaluate([tensor], new Map())[0]);

  test("is the textbook's loop", () => {
    const [T, B, I, H] = [4, 2, 3, 5];
    const [x, U, W, b, h0] = [values(T, B, I), values(I, H), values(H, H), values(H), values(B, H)];
    const { sequence, last } = rnn(x, { U, W, b, h0 });
    const [xs, us, ws, bs, hs] = [x, U, W, b, h0].map(dataOf);
    const expected: number[] = [];
    for (let t = 0; t < T; t++)
      for (let row = 0; row < B; row++)
        for (let j = 0; j < H; j++) {
          let s = bs[j];
          for (let i = 0; i < I; i++) s += xs[(t * B + row) * I + i] * us[i * H + j];
          for (let k = 0; k < H; k++) s += (t > 0 ? expected[((t - 1) * B + row) * H + k] : hs[row * H + k]) * ws[k * H + j];
          expected[(t * B + row) * H + j] = Math.tanh(s);
        }
    dataOf(sequence).forEach((y, i) => {
      expect(y).toBeCloseTo(expected[i], 12);
    });
    expect(dataOf(last)).toEqual(dataOf(sequence).slice(-B * H));
    expect([sequence.shape, last.shape]).toEqual([
      [T, B, H],
      [B, H],
    ]);
  });

  test("tokens stand for one-hot vectors; b and h0 may be left out", () => {
    const [U, W, b] = [values(6, 3), values(3, 3), values(3)];
    const tokens = [2, 5, 0, 0];
    const oneHot = constant(
      tokens.flatMap((token) => [0, 1, 2, 3, 4, 5].map((v) => (v === token ? 1 : 0))),
      [2, 2, 6],
    );
    for (const options of [
      { U, W, b },
      { U, W, activation: reluActivation },
      { U, W, b, h0: constant(0, [2, 3]) },
    ]) {
      const expected = dataOf(rnn(oneHot, options).sequence);
      for (const dtype of ["i32", "u32"] as const)
        dataOf(rnn(constant(tokens, [2, 2], dtype) as never, options).sequence).forEach((y, i) => {
          expect(y).toBeCloseTo(expected[i], 12);
        });
    }
  });

  test("gradients to x, U, W, b and h0 agree with central finite differences", () => {
    const [T, B, I, H] = [5, 2, 3, 4];
    const shapes = { x: [T, B, I], U: [I, H], W: [H, H], b: [H], h0: [B, H] };
    for (const onlyLast of [false, true]) {
      const leaves = Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, input(shape)])) as Record<string, never>;
      const { x, ...options } = leaves;
      const { sequence, last } = rnn(x, options as never);
      const output: Tensor = onlyLast ? last : sequence;
      const loss = sum(mul(output as never, values(...output.shape)) as never) as Tensor;
      const wrt = Object.values(leaves) as Tensor[];
      const feeds = new Map<Tensor, Float64Array>(
        wrt.map((leaf, i) => {
          const random = randomSource(1, `feed ${i}`);
          return [leaf, Float64Array.from({ length: leaf.size }, () => 0.5 * random.normal())];
        }),
      );
      const gradients = evaluate(gradient(loss, wrt).tensors, feeds);
      const lossAt = () => evaluate([loss], feeds)[0][0];
      wrt.forEach((leaf, i) => {
        const data = feeds.get(leaf) as Float64Array;
        for (let e = 0; e < data.length; e++) {
          const was = data[e];
          data[e] = was + 1e-5;
          const above = lossAt();
          data[e] = was - 1e-5;
          const below = lossAt();
          data[e] = was;
          expect(gradients[i][e]).toBeCloseTo((above - below) / 2e-5, 7);
        }
      });
    }
  });
});

describe("which walk", () => {
  test("by H and device", () => {
    for (const [sizes, onSoftware, onHardware] of [
      [[64, 1, 32], "registers", "on chip"],
      [[64, 16, 64], "registers", "on chip"],
      [[128, 16, 128], "quads", "on chip"],
      [[128, 1, 128], "streamed", "on chip"],
      [[256, 32, 256], "quads", "shared"],
      [[8, 32, 512], "quads", "shared"],
      [[8, 32, 513], "steps", "steps"],
      [[8, 32, 1024], "steps", "steps"],
    ] as const) {
      const of = call(sizes[0], sizes[1], sizes[2]);
      expect([chosen(rnnWalkOp, of, software).name, chosen(rnnWalkOp, of, hardware).name], String(sizes)).toEqual([onSoftware, onHardware]);
      const back = backCall(sizes[0], sizes[1], sizes[2]);
      expect(chosen(rnnWalkGradientOp, back, software).name).toBe(onSoftware);
      expect(chosen(rnnWalkGradientOp, back, hardware).name).toBe(onHardware);
    }
    expect(chosen(rnnWalkOp, call(128, 16, 128), { ...software, subgroups: undefined }).name).toBe("streamed");
  });

  test("one dispatch for any T, until it is predicted to take over 200 ms; then pieces of at least 64 steps", () => {
    const pieces = (steps: number, device: DeviceTraits) => {
      const of = call(steps, 4, 32, true);
      return chosen(rnnWalkOp, of, device)
        .plan(of, device)
        .dispatches.map(({ params }) => [params?.first, params?.count]);
    };
    expect(pieces(8, software)).toEqual([[0, 8]]);
    expect(pieces(512, software)).toEqual([[0, 512]]);
    // 512 · 2 · 10 · 32² FLOPs at a full batch's rate in 0.2 s
    expect(pieces(512, { ...software, walkFlops: 53e6 })).toEqual([[0, 512]]);
    expect(pieces(512, { ...software, walkFlops: 52e6 })).toEqual([
      [0, 256],
      [256, 256],
    ]);
    expect(pieces(150, { ...software, walkFlops: 1 })).toEqual([
      [0, 64],
      [64, 64],
      [128, 22],
    ]);
  });

  test("another batch size with the same tile needs no other kernel", () => {
    const source = (batch: number, hidden: number) => {
      const of = call(8, batch, hidden);
      return chosen(rnnWalkOp, of, software).plan(of, software).dispatches[0].kernel.wgsl;
    };
    expect(source(32, 128)).toBe(source(17, 128));
    expect(source(32, 32)).toBe(source(1, 32));
  });
});

const [x, U, W, b, h0] = [input([4, 2, 3]), input([3, 5]), input([5, 5]), input([5]), input([2, 5])];
const wrong: [string, () => unknown, string, string][] = [
  ["no x", () => rnn(undefined as never, { U, W }), "argument", "rnn: x must be a tensor, not undefined"],
  ["no U", () => rnn(x, { W } as never), "argument", "rnn: U must be a tensor, not undefined"],
  ["no W", () => rnn(x, { U } as never), "argument", "rnn: W must be a tensor, not undefined"],
  ["b as array", () => rnn(x, { U, W, b: [1] as never }), "argument", "rnn: b must be a tensor, not 1"],
  ["activation by name", () => rnn(x, { U, W, activation: "relu" as never }), "argument", "activation must be an activation such as tanh"],
  ["rank of x", () => rnn(input([4, 3]) as never, { U, W }), "shape", "rnn: x is f32[4, 3]; expected [steps, batch, inputs]"],
  ["rank of tokens", () => rnn(input([4], "i32") as never, { U, W }), "shape", "rnn: x is i32[4]; expected [steps, batch]"],
  ["no steps", () => rnn(input([0, 2, 3]), { U, W }), "shape", "each at least 1"],
  ["f16", () => rnn(input([4, 2, 3], "f16") as never, { U, W }), "dtype", "rnn: x is f16[4, 2, 3]; expected f32, or i32 or u32 tokens"],
  ["dtype of W", () => rnn(x, { U, W: input([5, 5], "i32") as never }), "dtype", "rnn: W is i32[5, 5]; it must be f32"],
  ["inputs of U", () => rnn(x, { U: input([4, 5]), W }), "shape", "rnn: x is f32[4, 2, 3] and U is f32[4, 5]; expected U [3, hidden]"],
  ["W not square", () => rnn(x, { U, W: input([5, 4]) }), "shape", "so W must be f32[5, 5], not f32[5, 4]"],
  ["b", () => rnn(x, { U, W, b: input([4]) }), "shape", "so b must be f32[5], not f32[4]"],
  ["h0", () => rnn(x, { U, W, b, h0: input([4, 5]) }), "shape", "so h0 must be f32[2, 5], not f32[4, 5]"],
  ["walk, W", () => rnnWalkOp.shape([f32(4, 2, 5), f32(5, 4)], { activation: tanhActivation }), "shape", "W must be f32[5, 5]"],
  [
    "walk, h0",
    () => rnnWalkOp.shape([f32(4, 2, 5), f32(5, 5), f32(2, 4)], { activation: tanhActivation }),
    "shape",
    "rnnWalk: xu is f32[4, 2, 5] and h0 is f32[2, 4]; expected [2, 5]",
  ],
  [
    "walk backward, sizes",
    () => rnnWalkGradientOp.shape([f32(4, 2, 5), f32(4, 3, 5), f32(5, 5)], { activation: tanhActivation }),
    "shape",
    "rnnWalkGradient: dSequence is f32[4, 2, 5] and sequence is f32[4, 3, 5]",
  ],
  [
    "an activation that cannot be walked back",
    () => rnnWalkGradient(input([4, 2, 5]), input([4, 2, 5]), W, { ...identityActivation, name: "odd", wgslDerivative: undefined }),
    "gradient",
    'rnn: the derivative of the activation "odd" cannot be had from its output',
  ],
  [
    "second derivatives",
    () => {
      const { sequence } = rnn(x, { U, W, b, h0 });
      const first = gradient(sum(sequence as never) as Tensor, [W]).tensors[0] as Tensor;
      return gradient(sum(mul(first as never, first as never) as never) as Tensor, [W]);
    },
    "gradient",
    "second derivatives of a recurrent network",
  ],
];

describe("misuse", () => {
  test.each(wrong)("%s", (_, act, code, message) => {
    let error: unknown;
    try {
      act();
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(UnrollError);
    expect(error).toMatchObject({ code });
    expect((error as UnrollError).message).toContain(message);
  });
});
