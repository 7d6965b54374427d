import { mkdirSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { inPage } from "../support/page.ts";
import type { Drawn } from "./pages/digits.ts";

const PAGE = "tests/gpu/pages/digits.ts";
const draw = (seed: number, fonts: "train" | "held-out", count: number) => inPage<Drawn>(PAGE, "batch", seed, fonts, count);

describe("digits drawn with real fonts", () => {
  test("are the same for the same seed, others for another, and never in a font that is held out", async () => {
    const [first, again, other, held] = [
      await draw(3, "train", 50),
      await draw(3, "train", 50),
      await draw(4, "train", 50),
      await draw(3, "held-out", 50),
    ];
    expect(again).toEqual(first);
    expect(other.labels).not.toEqual(first.labels);
    expect(held.values).not.toEqual(first.values);
    expect(new Set([...first.fonts, ...held.fonts]).size).toBe(first.fonts.length + held.fonts.length);
    expect(first.fonts.length).toBeGreaterThanOrEqual(12);
    expect(held.fonts.length).toBeGreaterThanOrEqual(3);
    expect(new Set(first.labels)).toEqual(new Set([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]));
  });

  test("have ink: light on dark, each with its own label's shape", async () => {
    const { values, labels } = await draw(5, "train", 100);
    expect(values).toHaveLength(100 * 28 * 28);
    for (let n = 0; n < labels.length; n++) {
      const picture = values.slice(n * 784, (n + 1) * 784);
      const [low, high] = [Math.min(...picture), Math.max(...picture)];
      expect(low).toBeGreaterThanOrEqual(0);
      expect(high).toBeLessThanOrEqual(1);
      expect(high - low).toBeGreaterThan(0.3);
      // the border is paper, and darker than the ink
      const border = picture.filter((_, i) => i < 28 || i >= 756);
      expect(border.reduce((a, b) => a + b, 0) / 56).toBeLessThan(high - 0.2);
    }
  });

  test("look like digits: tmp/digits.png", async () => {
    const url = await inPage<string>(PAGE, "contactSheet");
    mkdirSync("tmp", { recursive: true });
    writeFileSync("tmp/digits.png", Buffer.from(url.split(",")[1], "base64"));
    expect(url.length).toBeGreaterThan(100_000);
  });
});
