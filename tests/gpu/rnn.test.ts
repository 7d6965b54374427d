import { expect, test } from "vitest";
import { inPage } from "../support/page.ts";
import { cutWalkTests } from "./sweeps/cut-walks.ts";

cutWalkTests(20);

test("an infinite state beside the padding of ragged sizes makes no NaN, in any variant", async () => {
  const seen = new Set<string>();
  for (const hidden of [5, 18, 65, 130]) {
    const { variants, wrong } = await inPage<{ variants: string[]; wrong: string[] }>("tests/gpu/pages/rnn.ts", "infiniteState", hidden);
    expect(wrong, `H = ${hidden}`).toEqual([]);
    for (const variant of variants) seen.add(variant);
  }
  expect([...seen], "those that clamp what they read").toEqual(expect.arrayContaining(["shared"]));
});
