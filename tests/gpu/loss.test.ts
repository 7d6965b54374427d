import { describe, expect, test } from "vitest";
import { inPage } from "../support/page.ts";
import type { Outcome } from "./pages/loss.ts";

describe("a label that is no class", () => {
  for (const reference of [false, true])
    test(`is refused ${reference ? "on the reference" : "in the browser"}, and changes nothing`, async () => {
      const { losses, norm, code, kept, after } = await inPage<Outcome>("tests/gpu/pages/loss.ts", "wrongLabel", reference);
      expect(losses[0]).toBeCloseTo(Math.log(1 + Math.E + Math.E ** 2), 5);
      expect(losses[1]).toBeLessThan(losses[0]);
      const p = [0, 1, 2].map((i) => Math.exp(i) / (1 + Math.E + Math.E ** 2));
      expect(norm).toBeCloseTo(Math.hypot(p[0] - 1, p[1], p[2]), 5);
      expect(code).toBe("range");
      expect(kept).toBe(true);
      expect(after).toBeLessThan(losses[1]);
    });
});
