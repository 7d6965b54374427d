import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { inPage } from "../support/page.ts";

const root = new URL("../../", import.meta.url);
const text = (file: string) => readFileSync(new URL(file, root), "utf8");

/** The lines between the marks of an example, without indentation. */
const example = (file: string) => text(file).split("// README\n")[1].split("  // end")[0].replace(/^ {2}/gm, "").trim();

describe("README", () => {
  for (const file of [
    "tests/examples/train-rnn.ts",
    "tests/examples/train-model.ts",
    "tests/examples/train-cnn.ts",
    "tests/examples/export-trainer.ts",
    "tests/examples/recover.ts",
    "tests/examples/my-kernel.ts",
  ])
    test(`shows ${file} as it is run`, () => {
      const [, block] = text("README.md").split(`<!-- ${file}; the tests run it -->\n\`\`\`ts\n`);
      expect(block?.split("\n```")[0]).toBe(example(file));
    });

  // what they do is seen in tests/gpu/bench-cli.test.ts
  test("a kernel of one's own takes ten lines", () => {
    expect(example("tests/examples/my-kernel.ts").split("\n")).toHaveLength(10);
  });

  test("the ten lines train an RNN", async () => {
    expect(example("tests/examples/train-rnn.ts").split("\n")).toHaveLength(10);
    const { losses, dispatches } = await inPage<{ losses: number[]; dispatches: number }>("tests/program/pages/examples.ts", "rnnExample");
    expect(losses[0]).toBeLessThan(0.02);
    expect(dispatches).toBeLessThanOrEqual(20);
  });

  test("the model trains, saves and streams", async () => {
    type Result = { loss: number; gradientNorm: number; names: string[]; logits: number[] };
    const { loss, gradientNorm, names, logits } = await inPage<Result>("tests/program/pages/examples.ts", "modelExample");
    expect(loss).toBeLessThan(0.5);
    expect(gradientNorm).toBeGreaterThan(0);
    expect(names).toEqual(
      expect.arrayContaining(["model/0.embedding/table", "model/1.rnn/W", "model/2.dense/b#adam.first_moment", "trainer/runs"]),
    );
    expect(logits).toHaveLength(7);
  });

  test("nine lines train a CNN", async () => {
    expect(example("tests/examples/train-cnn.ts").split("\n")).toHaveLength(9);
    const { right, count, scores } = await inPage<Record<string, number>>("tests/program/pages/examples.ts", "cnnExample");
    expect(scores).toBe(10 * count);
    expect(right).toBeGreaterThanOrEqual(count - 1);
  });

  test("training goes on in a new run where the checkpoint ends", async () => {
    const result = await inPage<Record<string, number>>("tests/program/pages/examples.ts", "recoverExample");
    expect(result).toEqual({ steps: 1000, scores: 6, again: 1000 });
  });

  test("what is planned ahead of time trains and predicts", async () => {
    const { right, scores, bytes } = await inPage<Record<string, number>>("tests/program/pages/examples.ts", "exportExample");
    expect({ right, scores }).toEqual({ right: 1, scores: 10 });
    expect(bytes).toBeGreaterThan(20_000);
  });
});
