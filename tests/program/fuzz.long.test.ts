import { describe, expect, test } from "vitest";
import { inPage } from "../support/page.ts";

const run = <T>(name: string, ...args: unknown[]) => inPage<T>("tests/program/pages/fuzz.ts", name, ...args);

describe("random graphs on the GPU", () => {
  for (const [name, traits] of [
    ["software", {}],
    ["hardware", { software: false }],
  ] as const)
    test(`agree with the references, twice with the same bits: ${name}`, async () => {
      expect(await run("graphs", 7, 31, traits)).toEqual([]);
    });

  test("train as the references do", async () => {
    expect(await run("training", 4, 16)).toEqual([]);
  });
});
