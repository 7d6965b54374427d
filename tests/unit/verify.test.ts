import { describe, expect, test } from "vitest";
import { median } from "../../src/bench/statistics.ts";
import { Gpu } from "../../src/gpu/gpu.ts";
import { fromHalf, toHalf } from "../../src/graph/half.ts";
import { matmulOp } from "../../src/ops/matmul/matmul.ts";
import { randomSource } from "../../src/random.ts";
import { compare } from "../../src/verify/compare.ts";
import { prepareSample } from "../../src/verify/prepare.ts";
import type { Proof } from "../../src/verify/proof.ts";
import { matmulSamples } from "../../src/verify/samples/matmul.ts";
import type { OpSummary } from "../../src/verify/schema.ts";
import { isLoose } from "../../src/verify/summary.ts";
import { verifyProofs } from "../../src/verify/whole.ts";
import { fakeDevice } from "../support/fake-device.ts";

const vector = [{ dtype: "f32", shape: [2, 2] }] as const;
const whole = (right: number[], bound: number) => ({ kind: "whole", outputs: [Float64Array.from(right)], bounds: [bound] }) as const;

describe("comparing the GPU's values with the right ones", () => {
  test.each([
    ["equal", [1, 2, 3, 4], [1, 2, 3, 4], 0],
    ["within the bound", [1, 2, 3, 4], [1, 2, 3, 4.05], 0.5],
    ["beyond the bound", [1, 2, 3, 4], [1, 2.2, 3, 4], 2],
    ["the same infinity", [1, -Infinity, 3, 4], [1, -Infinity, 3, 4], 0],
    ["the other infinity", [1, -Infinity, 3, 4], [1, Infinity, 3, 4], Infinity],
    ["not a number where one is due", [1, 2, 3, 4], [1, 2, NaN, 4], Infinity],
    ["a number where none is due", [1, 2, NaN, 4], [1, 2, 3, 4], Infinity],
    ["an infinity beyond f32", [1, 1e39, 3, 4], [1, Infinity, 3, 4], 0],
  ])("%s", (_, right, actual, ratio) => {
    expect(compare(vector, whole(right, 0.1), [Float64Array.from(actual)]).ratio).toBeCloseTo(ratio, 5);
  });

  test("says where the worst element is", () => {
    const { where, error } = compare(vector, whole([1, 2, 3, 4], 0.1), [Float64Array.of(1, 2, 3.5, 4)]);
    expect(where).toBe("output 0 at [1, 0] of [2, 2]: 3.5 instead of 3");
    expect(error).toBe(0.5);
  });

  test("a bound of 0 allows nothing", () => {
    expect(compare(vector, whole([1, 2, 3, 4], 0), [Float64Array.of(1, 2, 3, 4 + 1e-12)]).ratio).toBe(Infinity);
  });
});

test("a bound is loose when the worst error is less than a fiftieth of it", () => {
  const summary = (ratio: number, bound: number) => ({ worst: { error: ratio * bound, bound, ratio, variant: "" } }) as OpSummary;
  expect(isLoose(summary(0.03, 1e-6))).toBe(false);
  expect(isLoose(summary(0.01, 1e-6))).toBe(true);
  expect(isLoose(summary(0, 0))).toBe(false);
  expect(isLoose(summary(0, 1e-37))).toBe(false);
});

test("a spot of a product is the element that the whole reference gives, with the same bound", () => {
  for (const [i, sample] of matmulSamples[0].samples(randomSource(0, "spots")).entries()) {
    const { call, inputs, expected } = prepareSample(matmulOp, sample as never, `spots ${i}`);
    if (expected.kind !== "whole" || call.outputs[0].shape.length === 0) continue;
    const size = expected.outputs[0].length;
    for (const index of [0, size >> 1, size - 1]) {
      const spot = matmulOp.spot?.(call as never, inputs, index);
      expect(spot?.value).toBeCloseTo(expected.outputs[0][index], 9);
      expect((spot?.error ?? 0) / (expected.bounds[0] as Float64Array)[index]).toBeCloseTo(1, 9);
    }
  }
});

test("half floats round to nearest even and survive the way there and back", () => {
  for (const [value, bits] of [
    [0, 0],
    [1, 0x3c00],
    [-2, 0xc000],
    [65504, 0x7bff],
    [65520, 0x7c00],
    [2 ** -24, 1],
    [2 ** -14, 0x0400],
    [1 + 2 ** -11, 0x3c00],
    [1 + 3 * 2 ** -11, 0x3c02],
    [Infinity, 0x7c00],
  ])
    expect(toHalf(value), String(value)).toBe(bits);
  for (let bits = 0; bits < 0x7c00; bits += 7) expect(toHalf(fromHalf(bits))).toBe(bits);
  expect(fromHalf(toHalf(Number.NaN))).toBeNaN();
});

test("the median of timings", () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(() => median([])).toThrow("there are no values");
});

test("what one of two devices lacks, and the other proves, is not called missing", async () => {
  const targets = (["native", "default limits"] as const).map((name) => {
    const gpu = new Gpu(fakeDevice(), false, name === "native" ? { subgroups: { min: 8, max: 8 } } : {});
    return { name, gpu, traits: [gpu.traits] };
  });
  const proof: Proof = {
    name: "a proof",
    kind: "program",
    variants: ["everywhere", "subgroups", "nowhere"],
    byTraits: false,
    missing: ({ traits }): Record<string, string> => ({
      ...(traits.subgroups ? {} : { subgroups: "no subgroups" }),
      nowhere: "no canvas",
    }),
    cases: () =>
      ["everywhere", "subgroups", "nowhere"].map((variant) => ({
        variant,
        run: async () => ({ error: 0, bound: 0, ratio: 0, where: "" }),
      })),
  };
  const { ok, ops, cases } = await verifyProofs(targets, [proof]);
  expect(ok).toBe(true);
  expect(cases.map(({ device, variant }) => `${device}: ${variant}`)).toEqual([
    "native: everywhere",
    "native: subgroups",
    "default limits: everywhere",
  ]);
  expect(ops[0].missing).toEqual(["nowhere: no canvas"]);
});
