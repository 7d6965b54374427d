/*
 * Calls as users of JavaScript get them wrong: every function that the package exports, and the methods of what they return, is called
 * with each argument, each option and each first element of a list replaced by something else. What comes back must be a result or an
 * UnrollError, never a TypeError of our own code. tests/unit/misuse.test.ts tells code and message of the calls that matter.
 */
import { describe, expect, test } from "vitest";
import * as api from "../../src/index.ts";
import { misuse, outcome, wrongCalls } from "../support/misuse.ts";

const rows = await misuse(api, await api.Engine.create({ reference: true }));
const { table } = rows;

/** Those that only a GPU can do. */
const WRONG_AS_IT_STANDS = new Set(["report", "verify", "verifyKernel", "loadTrainer", "loadProgram"]);
/** Those that take names of the user's own, or objects of ours that may hold more. */
const FREE_NAMES = new Set([
  ...[
    "evaluate",
    "load",
    "loadTrainer",
    "loadProgram",
    "encodeSafetensors",
    "program.run",
    "trainer.load",
    "sequential",
    "formatReport",
    "formatSummary",
    "formatAdapter",
    "apply",
  ],
  ...["applyOne", "activationLayer"],
]);

describe("no wrong call ends in anything but an UnrollError", () => {
  const functions = Object.entries(api).filter(([name, value]) => typeof value === "function" && !/^[A-Z]/.test(name));
  const names = new Set([...functions.map(([name]) => name), ...Object.keys(table)]);
  test.each([...names])("%s", async (name) => {
    // A function without a row is called with nothing right.
    const [call, args] = table[name] ?? [(api as Record<string, unknown>)[name], [undefined, undefined, undefined]];
    const run = call as (...given: readonly unknown[]) => unknown;
    if (name in table && !WRONG_AS_IT_STANDS.has(name)) expect(await outcome(() => run(...args))).toBeUndefined();
    const bad: string[] = [];
    for (const [what, given] of wrongCalls(rows, args)) {
      const error = await outcome(() => run(...given));
      if (error !== undefined && !(error instanceof api.UnrollError)) bad.push(`${name}, ${what}: ${String(error)}`);
      const optionsName = what.endsWith("an unknown name") && !FREE_NAMES.has(name);
      if (optionsName && error === undefined) bad.push(`${name}, ${what}: accepted`);
    }
    expect(bad).toEqual([]);
  });
});
