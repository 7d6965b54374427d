import { describe, expect, test } from "vitest";
import { UnrollError } from "../../src/errors.ts";
import { input, type Tensor } from "../../src/graph/tensor.ts";
import { randomNormal, randomUniform } from "../../src/ops/random/draw.ts";
import { dropout } from "../../src/ops/random/dropout.ts";
import { sum } from "../../src/ops/reduce/sums.ts";
import { evaluate } from "../../src/program/evaluate.ts";
import { gradient } from "../../src/program/gradient.ts";
import { nodesOf } from "../../src/program/order.ts";
import { hashString, lowerNormalQuantile, normalFromWord, philox, randomSource } from "../../src/random.ts";

const hex = (words: readonly number[]) => words.map((word) => word.toString(16).padStart(8, "0")).join(" ");

/** All counters of the graph get the number of this run. */
function run(tensor: Tensor, number: number, feeds = new Map<Tensor, ArrayLike<number>>()): Float64Array {
  for (const node of nodesOf([tensor])) for (const leaf of node.inputs) if (leaf.source.kind === "counter") feeds.set(leaf, [number]);
  return evaluate([tensor], feeds)[0];
}

describe("Philox4x32-10", () => {
  // The known answers that come with Random123 (kat_vectors), the authors' own implementation.
  test.each([
    [[0, 0, 0, 0], [0, 0], "6627e8d5 e169c58d bc57ac4c 9b00dbd8"],
    [[0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff], [0xffffffff, 0xffffffff], "408f276d 41c83b0e a20bc7c6 6d5451fd"],
    [[0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0], "d16cfe09 94fdcceb 5001e420 24126ea1"],
  ] as const)("counter %j key %j", (counter, key, answer) => {
    expect(hex(philox(counter, key))).toBe(answer);
  });
});

describe("the normal quantile", () => {
  /** Φ by the series of its integral: exact to f64 for |z| < 6. */
  function distribution(z: number): number {
    let term = z;
    let total = z;
    for (let k = 1; Math.abs(term) > 1e-18; k++) {
      term *= (z * z) / (2 * k + 1);
      total += term;
    }
    return 0.5 + (total * Math.exp((-z * z) / 2)) / Math.sqrt(2 * Math.PI);
  }

  test("inverts the distribution function to 7 digits", () => {
    for (let p = 2 ** -25; p <= 0.5; p *= 1.07) {
      const z = lowerNormalQuantile(p);
      const slope = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
      expect(Math.abs(distribution(z) - p) / slope).toBeLessThan(3e-7 * Math.max(1, Math.abs(z)));
    }
  });

  test("of a word: both signs, at most 5.42", () => {
    expect(normalFromWord(0)).toBeCloseTo(-5.4198, 3);
    expect(normalFromWord(1)).toBe(-normalFromWord(0));
    expect(Math.abs(normalFromWord(0xffffffff))).toBeLessThan(1e-6);
  });
});

describe("randomSource", () => {
  test("the same seed and name give the same numbers, others do not", () => {
    const draw = (seed: number, name?: string) => {
      const source = randomSource(seed, name);
      return Array.from({ length: 9 }, () => source.uniform());
    };
    expect(draw(1, "a")).toEqual(draw(1, "a"));
    expect(draw(1, "a")).not.toEqual(draw(1, "b"));
    expect(draw(1, "a")).not.toEqual(draw(2, "a"));
    expect(new Set(["", "a", "b", "ab", "ba", "layer/U", "layer/W"].map(hashString)).size).toBe(7);
  });

  test("moments", () => {
    const source = randomSource(3, "moments");
    const count = 40000;
    const mean = (next: () => number) => Array.from({ length: count }, next).reduce((a, b) => a + b, 0) / count;
    expect(Math.abs(mean(() => source.uniform()) - 0.5)).toBeLessThan(5 * Math.sqrt(1 / 12 / count));
    expect(Math.abs(mean(() => source.normal()))).toBeLessThan(5 / Math.sqrt(count));
    expect(Math.abs(mean(() => source.normal() ** 2) - 1)).toBeLessThan(5 * Math.sqrt(2 / count));
    expect(Math.abs(mean(() => source.normal() ** 4) - 3)).toBeLessThan(5 * Math.sqrt(96 / count));
  });
});

describe("random ops", () => {
  test("draw anew in each run, the same again for the same run, seed and stream", () => {
    const draw = (seed: number, stream: number, number: number) => Array.from(run(randomUniform([3, 5], { seed, stream }), number));
    expect(draw(1, 0, 0)).toEqual(draw(1, 0, 0));
    for (const other of [draw(2, 0, 0), draw(1, 1, 0), draw(1, 0, 1)]) expect(other).not.toEqual(draw(1, 0, 0));
    for (const u of draw(1, 0, 0)) {
      expect(u).toBeGreaterThanOrEqual(0);
      expect(u).toBeLessThan(1);
      expect(Math.fround(u)).toBe(u);
    }
    expect(randomNormal([2, 3], { seed: 0 })).toMatchObject({ dtype: "f32", shape: [2, 3] });
  });

  test("dropout drops about `rate`, scales the rest, and its gradient has the same mask", () => {
    const x = input([50, 40]);
    const values = new Float64Array(2000).fill(3);
    const y = dropout(x, { rate: 0.25, seed: 5 });
    const forward = run(y, 8, new Map([[x, values]]));
    const kept = forward.filter((value) => value !== 0);
    expect(Math.abs(kept.length - 1500)).toBeLessThan(5 * Math.sqrt(2000 * 0.25 * 0.75));
    for (const value of kept) expect(value).toBe(4);
    const backward = run(gradient(sum(y), [x]).tensors[0], 8, new Map([[x, values]]));
    expect(Array.from(backward)).toEqual(Array.from(forward, (value) => value / 3));
    expect(Array.from(run(dropout(x, { rate: 0, seed: 5 }), 0, new Map([[x, values]])))).toEqual(Array.from(values));
  });
});

const x = input([4]);
const wrong: [string, () => unknown, string, string][] = [
  ["seed", () => randomUniform([2], { seed: -1 }), "argument", "randomUniform: seed must be a whole number from 0 to 2^32 - 1, not -1"],
  ["no seed", () => randomNormal([2], {} as never), "argument", "randomNormal: seed must be a whole number"],
  ["stream", () => randomNormal([2], { seed: 0, stream: 0.5 }), "argument", "randomNormal: stream must be"],
  ["shape", () => randomUniform([2.5], { seed: 0 }), "shape", "randomUniform: the shape is [2.5]"],
  ["rate", () => dropout(x, { rate: 1, seed: 0 }), "argument", "dropout: rate must be in [0, 1), not 1"],
  ["rate NaN", () => dropout(x, { rate: Number.NaN, seed: 0 }), "argument", "not NaN"],
  ["dropout dtype", () => dropout(input([4], "i32") as never, { rate: 0.5, seed: 0 }), "dtype", "dropout: x is i32[4]; expected f32"],
  ["no tensor", () => dropout([1] as never, { rate: 0.5, seed: 0 }), "argument", "x must be a tensor"],
];

describe("misuse", () => {
  test.each(wrong)("%s", (_, call, code, message) => {
    let error: unknown;
    try {
      call();
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(UnrollError);
    expect(error).toMatchObject({ code });
    expect((error as UnrollError).message).toContain(message);
  });
});
