import { describe, expect, test } from "vitest";
import { inPage } from "../support/page.ts";

const PAGE = "tests/program/pages/outside-op.ts";

describe("an op from outside, with its own kernel", () => {
  test("is proven like ours, and a wrong one is found", async () => {
    const right = await inPage<{ ok: boolean; cases: number }>(PAGE, "proof", 1);
    expect(right.ok).toBe(true);
    expect(right.cases).toBeGreaterThanOrEqual(7);
    expect((await inPage<{ ok: boolean }>(PAGE, "proof", 1 + 1e-5)).ok).toBe(false);
  });

  test("trains", async () => {
    const { ok, first, last } = await inPage<{ ok: boolean; first: number; last: number }>(PAGE, "training");
    expect(ok).toBe(true);
    expect(last).toBeLessThan(0.1 * first);
  });

  test("an activation of one's own is fused into the product", async () => {
    const { y, z, dispatches } = await inPage<{ y: number[]; z: number[]; dispatches: number }>(PAGE, "activation");
    expect(z).toEqual(new Array(6).fill(0.625));
    for (const value of y) expect(value).toBeCloseTo(0.625 ** 3, 6);
    expect(dispatches).toBeLessThanOrEqual(3);
  });
});
