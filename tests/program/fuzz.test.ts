import { describe, expect, test } from "vitest";
import { inPage } from "../support/page.ts";

const run = <T>(name: string, ...args: unknown[]) => inPage<T>("tests/program/pages/fuzz.ts", name, ...args);
type Failure = { code: string; message: string } | null | undefined;

describe("random graphs on the GPU", () => {
  for (const [name, traits] of [
    ["software", {}],
    ["hardware", { software: false }],
  ] as const)
    test(`agree with the references, twice with the same bits: ${name}`, async () => {
      expect(await run("graphs", 1, 7, traits)).toEqual([]);
    });

  test("train as the references do", async () => {
    expect(await run("training", 1, 4)).toEqual([]);
  });
});

const close = (gpu: readonly number[], reference: readonly number[]) => {
  expect(gpu.length).toBe(reference.length);
  gpu.forEach((value, i) => {
    expect(Math.abs(value - reference[i]), `value ${i}`).toBeLessThan(2e-5 * (1 + Math.abs(reference[i])));
  });
};

describe("programs that share", () => {
  test("variables of several segments, outputs that are variables or gradients, programs between each other", async () => {
    close(await run("segments", false), await run("segments", true));
  });

  test("a learning rate that is a variable, one gradient of two variables, gradients assigned", async () => {
    close(await run("oddUpdates", false), await run("oddUpdates", true));
  });

  test("twenty runs at once keep the order of the calls, across programs, reads and writes", async () => {
    const { values, between, counter } = await run<{ values: number[]; between: number[]; counter: number }>("reentrant");
    expect(values).toEqual(Array.from({ length: 20 }, (_, i) => (i < 10 ? i : 90 + i)));
    expect(between).toEqual([10, 10]);
    expect(counter).toBe(20);
  });

  test("GPUBuffers, a program disposed while others run, batches that are refused", async () => {
    expect(await run("mixed")).toEqual({ first: "disposed", refused: ["argument", "size", "name"], same: true });
  });
});

describe("ends", () => {
  type Ending = { codes: string[] | null; compiling?: string; goesOn: number; memory: number };
  test("a disposed program: all that is queued settles, the others go on", async () => {
    const { codes, goesOn } = await run<Ending>("endings", "program");
    expect(codes?.map((code, i) => (i % 5 === 4 ? code === "fine" : code === "disposed"))).toEqual(Array(20).fill(true));
    expect(goesOn).toBe(1);
  });

  for (const [what, code] of [
    ["engine", "disposed"],
    ["device", "lost"],
  ] as const)
    test(`a ${what} that goes: all that is queued or compiles rejects with "${code}"`, async () => {
      const { codes, compiling } = await run<Ending>("endings", what);
      expect(codes).toEqual(Array(20).fill(code));
      expect(compiling).toBe(code);
    });
});

describe("what fails", () => {
  test("a compile that fails leaves no buffer and a usable engine", async () => {
    const { outcomes, before, after, right } = await run<{
      outcomes: Record<string, Failure>;
      before: object;
      after: object;
      right: boolean;
    }>("failures");
    const codes = Object.fromEntries(Object.entries(outcomes).map(([name, failure]) => [name, failure?.code]));
    expect(codes).toEqual({
      syntax: "shader",
      binding: "shader",
      entry: "shader",
      workgroups: "limit",
      params: "argument",
      initializer: "none",
      large: "limit",
      largeAssign: "limit",
      half: "dtype",
    });
    expect(after).toEqual(before);
    expect(right).toBe(true);
  });

  test("a checkpoint that waits is saved again, and survives a compile that fails", async () => {
    expect(await run("waitingCheckpoint")).toEqual({
      names: ["w", "w#adam.step"],
      failed: "no values",
      w: [5, 6],
      kept: ["w#adam.step", "w"],
    });
  });
});
