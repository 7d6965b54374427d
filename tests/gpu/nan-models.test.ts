import { describe, expect, test } from "vitest";
import { inPage } from "../support/page.ts";
import { type NanModelResult, nanKinds } from "./pages/nan-models.ts";

describe("a NaN in any weight ends the step; a NaN in the data reaches what depends on it, and nothing else", () => {
  test.each(nanKinds())("%s", async (kind) => {
    const { missed, differing, nan } = await inPage<NanModelResult>("tests/gpu/pages/nan-models.ts", "nanModel", kind);
    expect(missed).toEqual([]);
    expect(differing).toEqual([]);
    if (kind !== "embedding") expect(nan, "no prediction was NaN").toBeGreaterThan(0);
  });
});
