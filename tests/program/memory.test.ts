import { describe, expect, test } from "vitest";
import { expectLevel, memoryTests, type Run } from "../support/memory-expectations.ts";
import { inPage, usedHeap } from "../support/page.ts";

const run = ((name: string, ...args: unknown[]) => inPage("tests/program/pages/memory.ts", name, ...args)) as Run;

const TRAINERS = 30;

describe("names and memory on a GPU", () => {
  memoryTests(run, false);

  test("loaded trainers give back programs and variables", async () => {
    const { memory, names } = await run("loadedModels", 5);
    expect(memory.at(-1)).toEqual(memory[0]);
    expectLevel(memory, "memory");
    expect(new Set(names)).toEqual(new Set([0]));
  });

  test("programs for a hundred batch sizes: a bounded number is kept, and each is compiled again when it is needed", async () => {
    const seen = await run("batchSizes", 100);
    expect(seen.lengths).toEqual(Array.from({ length: 40 }, (_, i) => 2 * (i + 1)));
    expect(seen.first).toBe(2);
    const most = Math.max(...seen.buffers);
    // 17 programs with some ten buffers each; without a bound there were 923
    expect(most).toBeLessThan(250);
    expect(Math.max(...seen.buffers.slice(60))).toBe(Math.max(...seen.buffers.slice(25, 60)));
    expect(seen.pipelines.at(-1)).toBe(seen.pipelines[40]);
    expect(seen.dispatches).toBeGreaterThan(0);
    expect(seen.steps).toBe(33);
    // the status of the engine
    expect(seen.after.buffers).toBe(1);
  });

  test("the bound on programs is an option", async () => {
    const [few, many] = [await run("batchSizes", 12, 2), await run("batchSizes", 12, 12)];
    expect(Math.max(...few.buffers)).toBeLessThan(Math.max(...many.buffers) / 2);
    expect(few.lengths).toEqual(many.lengths);
  });

  test("image readers and writers give back buffers and textures, which are counted", async () => {
    const { memory, during } = await run("images", 200);
    expect(during.textures).toBeGreaterThan(0);
    expect(during.bytes).toBeGreaterThan(memory[0].bytes);
    expectLevel(memory, "memory");
    expect(memory.at(-1)).toEqual(memory[0]);
  });

  test("what fails leaves nothing", async () => {
    const { codes, before, after, left, taken } = await run("failures");
    expect(codes).toEqual(["argument", "name", "name", "size", "limit", "shape"]);
    expect(after).toEqual(before);
    expect(taken).toBe(4);
    expect(left).toBe(0);
  });

  test("trainers leave nothing on the heap of the page", async () => {
    await run("trainers", 10); // what is made once
    const before = await usedHeap();
    await run("trainers", TRAINERS);
    const after = await usedHeap();
    await run("disposeStill");
    if (before !== undefined && after !== undefined) expect((after - before) / TRAINERS).toBeLessThan(20_000);
    else expect(process.env.UNROLL_RUNTIME, "only Chrome tells the size of its heap").toBe("firefox");
  });
});
