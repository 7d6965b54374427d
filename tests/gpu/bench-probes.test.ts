import { describe, expect, test } from "vitest";
import { inPage } from "../support/page.ts";

const PAGE = "tests/gpu/pages/bench-probes.ts";

interface Counted {
  readonly counted: number;
  readonly work: number;
}

/** Each probe's work, counted by the device itself while it does it. */
describe("probes", () => {
  test.each(["scalar", "vec4"])("multiply and add as often as they are said to: %s", async (kind) => {
    const { counted, work } = await inPage<Counted>(PAGE, "countedFlops", kind);
    expect(counted).toBe(work);
  });

  test("read as much of workgroup memory as they are said to", async () => {
    const { counted, work } = await inPage<Counted>(PAGE, "countedReads");
    expect(counted).toBe(work);
  });

  test.each([
    ["software", true],
    ["hardware, where more workgroups than parts wrap around", false],
  ])("copy the whole working set, as on %s", async (_, software) => {
    for (const bytes of [2 ** 13, 2 ** 16, 2 ** 20]) {
      const { wrong, rate } = await inPage<{ wrong: number; rate: number }>(PAGE, "copies", software, bytes);
      expect(wrong).toBe(0);
      expect(rate).toBeGreaterThan(0);
    }
  });
});
