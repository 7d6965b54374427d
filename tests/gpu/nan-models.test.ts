import { expect, test } from "vitest";
import { inPage } from "../support/page.ts";
import type { NanModelResult } from "./pages/nan-models.ts";

test("a NaN in any weight of any layer ends the step; a NaN in the data reaches what depends on it, and nothing else", async () => {
  const results = await inPage<NanModelResult[]>("tests/gpu/pages/nan-models.ts", "nanModels");
  expect(results.length).toBeGreaterThan(25);
  for (const { kind, missed, differing, nan } of results) {
    expect(missed, kind).toEqual([]);
    expect(differing, kind).toEqual([]);
    if (kind !== "embedding") expect(nan, `${kind}: no prediction was NaN`).toBeGreaterThan(0);
  }
});
