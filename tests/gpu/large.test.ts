import { describe, expect, test } from "vitest";
import { inPage } from "../support/page.ts";
import type { LargeResult } from "./pages/large.ts";
import type { Large } from "./pages/large-images.ts";

/** 65,535 workgroups per dimension are not enough for these: the grid is folded. */
test.each([
  ["vec4", 20_000_000, 100],
  ["element by element", 20_000_001, 3],
])("20 million elements, %s", async (_, n, columns) => {
  const { sum, max, wrong, tanhSum } = await inPage<LargeResult>("tests/gpu/pages/large.ts", "large", n, columns);
  const whole = Math.floor(n / 1000);
  const magnitude = 250 * n;
  // Each 1000 values sum to −500; the last, if any, is −500.
  expect(Math.abs(sum - (-500 * whole - 500 * (n % 1000)))).toBeLessThan(1e-6 * magnitude);
  expect(max).toBe(499);
  expect(wrong).toBe(0);
  // tanh is odd and ±1 but for −500 … 499 near 0: the pair of 500 has no partner.
  expect(Math.abs(tanhSum - -(whole + (n % 1000)))).toBeLessThan(1e-6 * n);
});

const IMAGES = ["tests/gpu/pages/large-images.ts", "largeImages"] as const;
const ROWS = ["tests/gpu/pages/large-rows.ts", "largeRows"] as const;
const HARDWARE = { defaultLimits: true, traits: { software: false } };

/** Every op for images and classes; chosen elements are computed anew in f64, and sums over all of them. */
describe("20 million elements", { timeout: 300_000 }, () => {
  test.each([
    ["images, multiples of 4", IMAGES, true, {}, undefined],
    ["images, no multiples of 4, default limits", IMAGES, false, { defaultLimits: true }, undefined],
    ["rows, multiples of 4", ROWS, true, {}, undefined],
    ["rows, no multiples of 4, default limits", ROWS, false, { defaultLimits: true }, undefined],
    // A software GPU is slow at kernels that share workgroup memory: those whose plan is another one at this size.
    ["images, kernels for hardware, default limits", IMAGES, false, HARDWARE, ["max", "batch norm"]],
    ["rows, kernels for hardware, default limits", ROWS, true, HARDWARE, ["layer norm, long rows", "argmax"]],
  ] as const)("%s", async (_, [page, name], aligned, options, only) => {
    const { wrong, seconds } = await inPage<Large>(page, name, aligned, options, only);
    console.log(
      Object.entries(seconds)
        .map(([what, s]) => `${what} ${s} s`)
        .join(", "),
    );
    expect(wrong).toEqual([]);
    expect(Object.keys(seconds).length).toBe(only?.length ?? (page === IMAGES[0] ? 11 : 4));
  });
});
