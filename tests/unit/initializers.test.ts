import { describe, expect, test } from "vitest";
import { UnrollError } from "../../src/errors.ts";
import type { Initializer } from "../../src/graph/tensor.ts";
import {
  fill,
  glorot,
  glorotNormal,
  he,
  heNormal,
  normal,
  ones,
  orthogonal,
  torchUniform,
  uniform,
  zeros,
} from "../../src/nn/initializers.ts";
import { randomSource } from "../../src/random.ts";

const draw = (initializer: Initializer, shape: readonly number[]): number[] => Array.from(initializer(shape, randomSource(7, "test")));

const moments = (values: number[]) => {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const variance = values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length;
  return { mean, std: Math.sqrt(variance), most: values.reduce((a, b) => Math.max(a, Math.abs(b)), 0) };
};

test("constants", () => {
  expect(draw(zeros(), [2])).toEqual([0, 0]);
  expect(draw(ones(), [])).toEqual([1]);
  expect(draw(fill(-2), [1, 2])).toEqual([-2, -2]);
});

describe("the spread follows the fans", () => {
  const conv = [3, 3, 8, 16]; // fan in 72, fan out 144
  const limit = (bound: number) => ({ most: bound, std: bound / Math.sqrt(3) });
  test.each<[string, Initializer, readonly number[], { most?: number; std: number }]>([
    ["uniform", uniform({ min: -0.5, max: 0.5 }), [3000], limit(0.5)],
    ["normal", normal({ std: 0.1 }), [3000], { std: 0.1 }],
    ["glorot", glorot(), [60, 40], limit(Math.sqrt(6 / 100))],
    ["glorot, convolution", glorot(), conv, limit(Math.sqrt(6 / (72 + 144)))],
    ["glorot, gain", glorot({ gain: 5 / 3 }), [60, 40], limit((5 / 3) * Math.sqrt(6 / 100))],
    ["glorotNormal", glorotNormal(), [60, 40], { std: Math.sqrt(2 / 100) }],
    ["he", he(), [60, 40], limit(Math.sqrt(6 / 60))],
    ["heNormal, convolution", heNormal(), conv, { std: Math.sqrt(2 / 72) }],
    ["torchUniform", torchUniform(), [60, 40], limit(1 / Math.sqrt(60))],
    ["torchUniform of a bias", torchUniform({ fan: 25 }), [3000], limit(0.2)],
  ])("%s", (_, initializer, shape, { most, std }) => {
    const seen = moments(draw(initializer, shape));
    expect(Math.abs(seen.std / std - 1)).toBeLessThan(0.08);
    expect(Math.abs(seen.mean)).toBeLessThan(0.1 * std);
    if (most === undefined) return;
    expect(seen.most).toBeLessThanOrEqual(most);
    expect(seen.most).toBeGreaterThan(0.97 * most);
  });

  test("uniform and normal are moved", () => {
    expect(moments(draw(uniform({ min: 2, max: 3 }), [2000])).mean).toBeCloseTo(2.5, 1);
    expect(moments(draw(normal({ mean: -4, std: 0.5 }), [2000])).mean).toBeCloseTo(-4, 1);
  });
});

describe("orthogonal", () => {
  test.each([[[7, 7]], [[9, 4]], [[4, 9]], [[3, 2, 2, 5]], [[1, 1]]])("%j has orthonormal rows or columns", (shape) => {
    const columns = shape[shape.length - 1];
    const rows = shape.reduce((a, b) => a * b, 1) / columns;
    const values = draw(orthogonal({ gain: 2 }), shape);
    const at = (i: number, j: number) => values[i * columns + j];
    const count = Math.min(rows, columns);
    for (let a = 0; a < count; a++)
      for (let b = 0; b < count; b++) {
        let product = 0;
        for (let k = 0; k < Math.max(rows, columns); k++) product += rows < columns ? at(a, k) * at(b, k) : at(k, a) * at(k, b);
        expect(product).toBeCloseTo(a === b ? 4 : 0, 12);
      }
  });
});

test("the same name and seed give the same values", () => {
  expect(draw(glorot(), [3, 4])).toEqual(draw(glorot(), [3, 4]));
});

const wrong: [string, () => unknown, string, string][] = [
  ["glorot of a vector", () => draw(glorot(), [5]), "shape", "glorot: [5] has no fan in; expected [in, out] or [KH, KW, C_in, C_out]"],
  ["torchUniform of a vector", () => draw(torchUniform(), [5]), "shape", "torchUniform: [5] has no fan in"],
  ["heNormal of nothing", () => draw(heNormal(), [0, 3]), "shape", "heNormal: [0, 3] has no fan in"],
  ["orthogonal of a vector", () => draw(orthogonal(), [5]), "shape", "orthogonal: needs at least 2 dimensions, not [5]"],
  ["range", () => uniform({ min: 1, max: 0 }), "argument", "uniform: min 1 and max 0 are no range"],
  ["std", () => normal({ std: -1 }), "argument", "normal: std must be at least 0, not -1"],
  ["gain", () => he({ gain: Number.NaN }), "argument", "he: gain must be a number, not NaN"],
  ["fan", () => torchUniform({ fan: 0 }), "argument", "torchUniform: fan must be more than 0, not 0"],
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
