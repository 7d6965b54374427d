import { describe, expect, test } from "vitest";
import { allSamples } from "../../../src/verify/all.ts";
import { formatFailure, formatSummary } from "../../../src/verify/format.ts";
import { allProofs } from "../../../src/verify/proofs.ts";
import type { Verification } from "../../../src/verify/run.ts";
import { isLoose } from "../../../src/verify/summary.ts";
import { inPage } from "../../support/page.ts";
import type { Extent } from "../../support/sweep.ts";

const PAGE = "tests/gpu/pages/verify.ts";

/** Convolution has by far the most kernels to compile; beside other work on a small machine that takes its time. */
const PATIENCE = 600_000;

/** Proves every op with every variant: with all samples, or with a part that reaches all of the variants. */
export function verifyTests(extent: Extent): void {
  describe(`every op, every variant, forward and gradient, in Chrome: ${extent} of the samples`, { timeout: PATIENCE }, () => {
    for (const [index, { op, looseBound }] of allSamples.entries())
      test(op.name, async () => {
        const { ops, cases } = await inPage<Verification>(PAGE, "verifyAt", index, extent);
        const [summary] = ops;
        console.log(formatSummary(summary));
        expect(cases.filter((report) => !report.ok).map(formatFailure)).toEqual([]);
        expect(summary.ok, "no case ran").toBe(true);
        expect(summary.unreached, "variants that no sample reaches").toEqual([]);
        // Only all samples together say how near the worst error comes to the bound.
        if (extent === "part") return;
        if (looseBound) console.log(`     ${op.name}: the bound may be loose: ${looseBound}`);
        else expect(isLoose(summary), `the bound exceeds 50 × the worst error seen: ${formatSummary(summary)}`).toBe(false);
      });
  });

  describe(`what runs beside ops, in Chrome: ${extent} of the cases`, { timeout: PATIENCE }, () => {
    for (const [index, { name }] of allProofs.entries())
      test(name, async () => {
        const { ops, cases } = await inPage<Verification>(PAGE, "verifyProofAt", index, extent);
        const [summary] = ops;
        console.log(formatSummary(summary));
        expect(cases.filter((report) => !report.ok).map(formatFailure)).toEqual([]);
        expect(summary.ok, "no case ran").toBe(true);
        expect(summary.unreached, "variants that no case reaches").toEqual([]);
        // A browser has everything but the textures of frames, with which a software adapter is lost.
        const missing = summary.missing?.map((reason) => reason.split(":")[0]) ?? [];
        expect(missing).toEqual(name === "image reader" ? ["VideoFrame, where it lies"] : []);
      });
  });
}
