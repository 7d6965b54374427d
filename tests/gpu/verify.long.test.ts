import { expect, test } from "vitest";
import { formatFailure, formatSummary } from "../../src/verify/format.ts";
import type { Verification } from "../../src/verify/run.ts";
import { inPage } from "../support/page.ts";
import { verifyTests } from "./sweeps/verify.ts";

verifyTests("whole");

test("products of more than 2e8 multiply-adds, at 1,000 elements each", { timeout: 600_000 }, async () => {
  const { ops, cases } = await inPage<Verification>("tests/gpu/pages/verify.ts", "verifyLarge");
  console.log(formatSummary(ops[0]));
  expect(cases.filter((report) => !report.ok).map(formatFailure)).toEqual([]);
  expect(new Set(cases.map((report) => report.variant)).size).toBeGreaterThan(2);
});
