import { describe, expect, test } from "vitest";
import { inPage } from "../support/page.ts";

const train = <T>(name: string, ...args: unknown[]) => inPage<T>("tests/program/pages/training.ts", name, ...args);

describe("long runs", () => {
  test("2,000 training steps leak no buffer and no heap", async () => {
    type Usage = { buffers: number; bytes: number; heap?: number };
    const { before, after } = await train<{ before: Usage; after: Usage }>("leaks", 2000);
    expect(after.buffers).toBe(before.buffers);
    expect(after.bytes).toBe(before.bytes);
    // A leak of one small object for each step would be over 200 KB; the heap is not quiet to that degree without gc.
    if (after.heap !== undefined && before.heap !== undefined) expect(after.heap - before.heap).toBeLessThan(4e6);
    else expect(process.env.UNROLL_RUNTIME, "only Chrome tells the size of its heap").toBe("firefox");
  });

  test("the loss follows the reference's within 1 % for 200 steps", async () => {
    const gpu = await train<number[]>("curve", 200, false);
    const reference = await train<number[]>("curve", 200, true);
    expect(reference.at(-1)).toBeLessThan(0.5 * reference[0]);
    gpu.forEach((loss, i) => {
      expect(Math.abs(loss - reference[i]), `step ${i}`).toBeLessThan(0.01 * reference[i]);
    });
  });
});
