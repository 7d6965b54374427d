import { describe, expect, test } from "vitest";
import { allSamples } from "../../../src/verify/all.ts";
import type { SpecialReport } from "../../../src/verify/special.ts";
import { inPage } from "../../support/page.ts";

/** Of each op samples of at most `upTo` multiply-adds, and a share of their cases; special.release.test.ts takes more, in Node. */
export function specialTests(extent: { readonly upTo: number; readonly share: number; readonly seed: number }): void {
  describe("NaN, infinities, −0, subnormals and the largest numbers, in the browser", { timeout: 300_000 }, () => {
    for (const [index, { op }] of allSamples.entries())
      test(op.name, async () => {
        const { cases, failures } = await inPage<SpecialReport>("tests/gpu/pages/verify.ts", "specialAt", index, extent);
        console.log(`${op.name}: ${cases} cases with special values`);
        expect(failures).toEqual([]);
      });
  });
}
