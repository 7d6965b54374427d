import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { inPage } from "../support/page.ts";

const text = readFileSync(new URL("../../demo/text/alice.txt", import.meta.url), "utf8");
const words = (of: string) => of.toLowerCase().match(/[a-z]{3,}/g) ?? [];
const known = new Set(words(text));

/** Of the letters written, the share that is in words which the book has. */
const share = (written: string) =>
  words(written)
    .filter((word) => known.has(word))
    .reduce((sum, word) => sum + word.length, 0) / written.length;

test("E falls and the writing improves, on a real text", async () => {
  type Result = { losses: number[]; before: string; after: string; uniform: number };
  const { losses, before, after, uniform } = await inPage<Result>("tests/program/pages/text.ts", "learnToWrite", text, 400);
  console.log(
    `E per character: ${losses.map((loss) => loss.toFixed(2)).join(" ")} (uniform: ${uniform.toFixed(2)})\nbefore: ${before}\nafter: ${after}`,
  );
  console.log(`letters in words of the book: ${share(before).toFixed(2)} before, ${share(after).toFixed(2)} after`);
  expect(losses[0]).toBeGreaterThan(0.9 * uniform);
  expect(losses.at(-1)).toBeLessThan(0.6 * losses[0]);
  expect(share(before)).toBeLessThan(0.02);
  expect(share(after)).toBeGreaterThan(0.2);
});
