import { describe, expect, test } from "vitest";
import { Engine } from "../../src/index.ts";
import { programId } from "../../src/program/gpu-runner.ts";
import * as pages from "../program/pages/memory.ts";
import { memoryTests, type Run } from "../support/memory-expectations.ts";

type Functions = Record<string, (...args: never[]) => Promise<unknown>>;
const all: Functions = pages as Functions;
const run = ((name: string, ...args: never[]) => all[name](...args)) as Run;

describe("names and memory on the references", () => memoryTests(run, true));

test("programs of one label have one number on an engine, so that names of programs do not pile up", async () => {
  using engine = await Engine.create({ reference: true });
  const ids = ["a", "b", "a", "stream", "stream"].map((label) => programId(engine, { label, inputs: {}, indices: [], checks: [] }));
  expect(ids).toEqual([0, 1, 0, 2, 2]);
});
