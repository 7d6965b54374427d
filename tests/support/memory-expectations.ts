/*
 * What holds on every engine: tests/unit/memory.test.ts asks it of the references, tests/program/memory.test.ts of a GPU in the browser.
 */
import { expect, test } from "vitest";
import type * as pages from "../program/pages/memory.ts";

type Pages = typeof pages;
type Result<N extends keyof Pages> = Awaited<ReturnType<Pages[N]>>;
export type Run = <N extends keyof Pages>(name: N, ...args: Parameters<Pages[N]>) => Promise<Result<N>>;

/** Every value from the third on is the first of them. */
export function expectLevel(values: readonly unknown[], what: string): void {
  const settled = values.slice(2);
  expect(settled.length, what).toBeGreaterThan(0);
  settled.forEach((value, i) => {
    expect(value, `${what}, number ${i + 2} of ${values.length}`).toEqual(settled[0]);
  });
}

export function memoryTests(run: Run, reference: boolean): void {
  test("streams give back program, state and names", async () => {
    const { memory, names } = await run("streams", reference ? 5 : 50, reference);
    expectLevel(memory, "memory");
    expect(memory.at(-1)).toEqual(memory[0]);
    expect(new Set(names).size).toBe(1);
  });

  test("a stream's state has a name only where it is given one, and only while it lives", async () => {
    const seen = await run("streamNames", reference);
    expect(seen).toEqual({
      ...{ unnamed: true, added: ["reader/model/0.rnn/h"], state: true, again: "name", ofTrainer: [] },
      ...{ reset: "disposed", next: "disposed", free: "no error", after: true },
    });
  });

  test("models give back programs, variables and optimizer states", async () => {
    const { memory, names } = await run("models", reference ? 4 : 20, reference);
    expectLevel(memory, "memory");
    expect(memory.at(-1)).toEqual(memory[0]);
    expect(new Set(names)).toEqual(new Set([0]));
  });

  test("a name is one model's, unless it is shared; variables go with the last that uses them, and not without a word", async () => {
    const seen = await run("owners", reference);
    expect(seen.taken).toEqual(["name", "name", "no error", "name"]);
    expect(seen.same).toBe(true);
    expect(seen.kept).toBe(true);
    expect(seen.stillTaken).toBe("name");
    expect(seen.outlived).toBe(true);
    expect(seen.end).toEqual(seen.start);
    expect(seen.names).toEqual([]);
    expect(seen.gone).toEqual(["disposed", "disposed"]);
    expect(seen.begun).toEqual({ steps: 0, other: true });
    // four variables with two states each, and the optimizer's step
    expect(seen.keptNames).toBe(13);
    expect(seen.goesOn).toBe(1);
    expect(seen.anewSteps).toBe(0);
    expect(seen.last).toEqual(seen.start);
  });

  test("dispose waits for what was called before it, and refuses what comes after", async () => {
    const seen = await run("disposing", reference);
    expect(new Set(seen.late)).toEqual(new Set(["disposed"]));
    expect(seen.outcomes).toEqual(["fulfilled"]);
    expect([seen.steps, seen.control]).toEqual([12, 12]);
    expect(seen.left).toEqual([]);
  });

  test("a checkpoint of another network is refused whole, and a part is taken when asked", async () => {
    const seen = await run("checkpoints", reference);
    expect(seen.codes).toEqual({
      ...{ stranger: "name", weights: "name", lacksSteps: "name", lacksOne: "name", more: "name", option: "name" },
      ...{ shape: "shape", partialShape: "shape" },
    });
    expect(seen.lengths[0]).toBeLessThan(3000);
    expect(seen.lengths[1]).toBe(true);
    expect(seen.unchanged).toBe(true);
    expect(seen.partial.missing).toHaveLength(10);
    expect(seen.partial.missing).toContain("trainer/runs");
    expect(seen.partial).toMatchObject({ unexpected: ["not/mine"], bias: [7, 7], steps: 1 });
    // nothing of the stranger's is taken but the word on steps, which belong to the optimizer that is not there
    expect(seen.taken).toBe(13);
    expect(seen.steps).toBe(1);
    expect(seen.strangersStay).toBe(false);
    expect(seen.whole).toEqual({ missing: [], unexpected: [] });
    expect(seen.restored).toBe(true);
  });

  test("variables of graphs stay until they are released", async () => {
    const seen = await run("released", reference);
    expect(seen.used).toBe("name");
    expect(seen.names).toContain("w");
    expect(seen.left).toEqual([]);
    expect(seen.again).toBe(0.5);
    expect(seen.end).toEqual(seen.start);
  });
}
