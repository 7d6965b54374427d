import { describe, expect, test } from "vitest";
import { inPage } from "../support/page.ts";

interface Result {
  readonly first: number;
  readonly loss: number;
  readonly lastShape: number[];
  readonly y: number;
  readonly logits: number[];
  readonly names: string[];
  readonly doubled: number[];
}

describe("the API as the issue wrote it", () => {
  test("works on the references, on a requested device and on the host's, with the same results", async () => {
    const { results, alive } = await inPage<{ results: Result[]; alive: boolean }>("tests/gpu/pages/issue-sample.ts", "sample");
    expect(alive).toBe(true);
    const [reference, own, host] = results;
    for (const { first, loss, lastShape, y, logits, names, doubled } of [own, host]) {
      expect(loss).toBeLessThan(0.9 * first);
      expect(Math.abs(loss - reference.loss)).toBeLessThan(1e-3 * reference.loss);
      expect(lastShape).toEqual([4, 8]);
      expect(y).toBe(6 * 4 * 2);
      expect(logits).toHaveLength(6 * 32 * 64);
      expect(Math.max(...logits.map((value, i) => Math.abs(value - reference.logits[i])))).toBeLessThan(1e-4);
      expect(names).toEqual(expect.arrayContaining(["model/1.rnn/W", "model/2.dense/b#adam.second_moment"]));
      expect(doubled).toEqual([2, 4, 6]);
    }
  });
});
