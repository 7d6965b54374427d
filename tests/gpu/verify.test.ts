import { describe, expect, test } from "vitest";
import { allSamples } from "../../src/verify/all.ts";
import { formatFailure, formatSummary } from "../../src/verify/format.ts";
import { allProofs } from "../../src/verify/proofs.ts";
import type { Verification } from "../../src/verify/run.ts";
import { isLoose } from "../../src/verify/summary.ts";
import { inPage } from "../support/page.ts";

const PAGE = "tests/gpu/pages/verify.ts";

/** Convolution has by far the most kernels to compile; beside other work on a small machine that takes its time. */
const PATIENCE = 300_000;

describe("every op, every variant, forward and gradient, in Chrome", { timeout: PATIENCE }, () => {
  for (const [index, { op, looseBound }] of allSamples.entries())
    test(op.name, async () => {
      const { ops, cases } = await inPage<Verification>(PAGE, "verifyAt", index);
      const [summary] = ops;
      console.log(formatSummary(summary));
      expect(cases.filter((report) => !report.ok).map(formatFailure)).toEqual([]);
      expect(summary.ok, "no case ran").toBe(true);
      expect(summary.unreached, "variants that no sample reaches").toEqual([]);
      if (looseBound) console.log(`     ${op.name}: the bound may be loose: ${looseBound}`);
      else expect(isLoose(summary), `the bound exceeds 50 × the worst error seen: ${formatSummary(summary)}`).toBe(false);
    });
});

describe("what runs beside ops, in Chrome", { timeout: PATIENCE }, () => {
  for (const [index, { name }] of allProofs.entries())
    test(name, async () => {
      const { ops, cases } = await inPage<Verification>(PAGE, "verifyProofAt", index);
      const [summary] = ops;
      console.log(formatSummary(summary));
      expect(cases.filter((report) => !report.ok).map(formatFailure)).toEqual([]);
      expect(summary.ok, "no case ran").toBe(true);
      expect(summary.unreached, "variants that no case reaches").toEqual([]);
      // A browser has everything but the textures of frames, with which a software adapter is lost.
      expect(summary.missing?.map((reason) => reason.split(":")[0]) ?? []).toEqual(
        name === "image reader" ? ["VideoFrame, where it lies"] : [],
      );
    });
});

test("products of more than 2e8 multiply-adds, at 1,000 elements each", async () => {
  const { ops, cases } = await inPage<Verification>(PAGE, "verifyLarge");
  console.log(formatSummary(ops[0]));
  expect(cases.filter((report) => !report.ok).map(formatFailure)).toEqual([]);
  expect(new Set(cases.map((report) => report.variant)).size).toBeGreaterThan(2);
});
