import { expect, test } from "vitest";
import { inPage } from "../support/page.ts";
import type { Learned, Reading } from "./pages/digits-learn.ts";

const percent = ({ accuracy, count }: Reading): string => `${(100 * accuracy).toFixed(1)} % of ${count}`;

// Two minutes are for the test alone on two cores; while other tests have a share of them it may take longer.
test("a CNN reads digits in fonts that it never saw, 97 of 100 at least", { timeout: 480_000 }, async () => {
  const { losses, heldOut, known, seconds } = await inPage<Learned>("tests/gpu/pages/digits-learn.ts", "learn", 1);
  const byFont = Object.entries(heldOut.fonts).map(([font, [right, count]]) => `${font} ${((100 * right) / count).toFixed(1)} %`);
  console.log(
    `digits: held-out fonts ${percent(heldOut)} (${byFont.join(", ")}), fonts learned from ${percent(known)}, ${seconds.toFixed(0)} s`,
  );
  expect(heldOut.count).toBeGreaterThanOrEqual(500);
  expect(Object.keys(heldOut.fonts).length).toBeGreaterThanOrEqual(6);
  expect(Object.keys(heldOut.fonts).filter((font) => font in known.fonts)).toEqual([]);
  expect(heldOut.accuracy).toBeGreaterThanOrEqual(0.97);
  // These are more, and odder; each has its own digits here, which differ from those that were learned from.
  expect(known.accuracy).toBeGreaterThanOrEqual(0.95);
  expect(losses.at(-1)).toBeLessThan(0.3);
});
