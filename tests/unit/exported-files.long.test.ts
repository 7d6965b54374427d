import { expect, test } from "vitest";
import { loadProgram, loadTrainer } from "../../src/index.ts";
import { damageAll, type Json } from "../support/damage.ts";
import { programFile, trainerFile } from "../support/exported-files.ts";

test.each([
  ["trainer", trainerFile, loadTrainer],
  ["program", programFile, loadProgram],
] as const)("thousands of damages to the file of a %s", { timeout: 600_000 }, async (_, make, load) => {
  const { tried, refused, ...found } = await damageAll((await make()) as unknown as Json, load, 12);
  expect(found).toEqual({ wrong: [], violations: [] });
  expect(tried).toBeGreaterThan(2000);
  expect(refused).toBeGreaterThan(0.9 * tried);
});
