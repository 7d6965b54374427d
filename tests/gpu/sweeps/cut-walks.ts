import { describe, expect, test } from "vitest";
import { inPage } from "../../support/page.ts";
import type { CutResult } from "../pages/rnn.ts";

/** @param sizes hidden units. */
export function cutWalkTests(...sizes: readonly number[]): void {
  describe("a walk that is cut gives the same bits as one in one piece", () => {
    for (const hidden of sizes)
      test(`H = ${hidden}`, async () => {
        const results = await inPage<CutResult[]>("tests/gpu/pages/rnn.ts", "cutWalks", hidden);
        expect(results.filter(({ sameBits, problem }) => !sameBits || problem)).toEqual([]);
        const cut = results.filter(({ variant }) => !variant.endsWith("steps"));
        expect(new Set(cut.map(({ variant }) => variant)).size).toBeGreaterThanOrEqual(6);
        for (const { variant, dispatches } of cut) expect(dispatches, variant).toEqual([1, 3]);
      });
  });
}
