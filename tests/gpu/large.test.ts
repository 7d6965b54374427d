import { expect, test } from "vitest";
import { inPage } from "../support/page.ts";
import type { LargeResult } from "./pages/large.ts";

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
