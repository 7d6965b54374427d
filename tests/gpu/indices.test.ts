import { beforeAll, describe, expect, test } from "vitest";
import { launchNode } from "../../src/cli/runtime/node.ts";
import { inPage } from "../support/page.ts";
import * as page from "./pages/indices.ts";

const PAGE = "tests/gpu/pages/indices.ts";

type Call = <T>(name: string, ...args: unknown[]) => Promise<T>;

const inBrowser: Call = (name, ...args) => inPage(PAGE, name, ...args);
const inNode: Call = async (name, ...args) =>
  JSON.parse(JSON.stringify(await (page as never as Record<string, (...all: unknown[]) => unknown>)[name](...args)));

/** Where programs run: each says the same. */
const PLACES: readonly (readonly [name: string, call: Call, where: page.Where])[] = [
  ["the reference engine", inNode, "reference"],
  ["the browser", inBrowser, "software"],
  ["the browser, with the kernels for hardware", inBrowser, "hardware"],
  ["Dawn in Node", inNode, "software"],
];

beforeAll(async () => page.useGpu((await launchNode()).gpu));

const range = (what: string): RegExp => new RegExp(`^range: ${what}`);

describe.each(PLACES)("on %s", (_, call, where) => {
  test.each(page.uses())("computed indices: %s", async (name) => {
    const negative = /gather|oneHot/.test(name);
    const wrong = negative ? [4, -5, 2 ** 31 - 1, -(2 ** 31)] : [4, -1, 2 ** 31 - 1, -(2 ** 31)];
    const used = await call<page.Used>("computed", where, name, wrong);
    expect(used.again).toBe(true);
    expect(used.good?.every(Number.isFinite)).toBe(true);
    used.wrong.forEach((message, i) => {
      expect(message).toContain(`range: program "use": a tensor of indices, i32[6], holds ${wrong[i]} at [3]; `);
      expect(message).toContain(negative ? "so it must be -4 to 3" : "selects one of 4 classes by it, so it must be 0 to 3");
    });
  });

  test.each([false, true])("training on labels that are computed; exported: %s", async (exported) => {
    if (exported && where === "reference") return;
    const { told, kept, moved, predicts } = await call<page.Trained>("training", where, exported);
    const wrong =
      'range: run 2 of program "train": a tensor of indices, i32[2], holds 3 at [1]; crossEntropy selects one of 3 classes by it, so it must be 0 to 2. No variable was changed by it or since; call engine.clearNonFinite() to go on';
    expect(told).toEqual([wrong, wrong, wrong, wrong, null]);
    expect([kept, moved]).toEqual([true, true]);
    expect(predicts).toEqual([0, 0, 1, 1, 0, 0]);
  });

  test.each([false, true])("a trainer's calls name what they were given; exported: %s", async (exported) => {
    if (exported && where === "reference") return;
    const { told, steps, kept } = await call<{ told: (string | null)[]; steps: number; kept: boolean }>("trainers", where, exported);
    const token = 'x, u32[3, 2], holds 6 at [2, 0] (element 4); gather selects one of 6 rows of variable "m/0.embedding/table" by it';
    expect(told.slice(0, 5)).toEqual([
      `range: step: ${token}, so it must be 0 to 5`,
      "range: step: target, i32[3, 2], holds -2 at [2, 0] (element 4); crossEntropy selects one of 6 classes by it, so it must be 0 to 5, or -1, which is ignored",
      `range: predict: ${token.replace("6", "4294967295 (-1 as an i32)")}, so it must be 0 to 5`,
      `range: evaluate: ${token}, so it must be 0 to 5`,
      `range: epoch: ${token}, so it must be 0 to 5`,
    ]);
    if (!exported) expect(told[5]).toMatch(/^range: next: x, u32\[1, 1\], holds 6 at \[0, 0\] \(element 0\); gather selects/);
    expect(kept).toBe(true);
    expect(steps).toBe(2);
  });

  test("labels of rows that are masked out may be anything", async () => {
    expect(await call("masked", where)).toEqual([
      null,
      'range: program "masked": a tensor of indices, i32[6], holds -4 at [3]; crossEntropy selects one of 4 classes by it, so it must be 0 to 3',
    ]);
  });

  test("variables, plane indices, the results of argmax", async () => {
    const told = await call<(string | null)[]>("others", where);
    expect(told).toEqual([
      null,
      'range: program "picked": a tensor of indices, u32[3], holds 3 at [1]; gather selects one of 3 rows by it, so it must be 0 to 2',
      null,
      null,
      'range: program "unpool": a tensor of indices, i32[1, 1, 1, 4], holds 4 at [0, 0, 0, 1] (element 1); maxUnpool2d selects one of the 4 elements of a 2×2 plane by it, so it must be 0 to 3',
      null,
      expect.stringMatching(
        range('program "best": a tensor of indices, i32\\[2\\], holds 4 at \\[[01]\\]; oneHot selects one of 3 places'),
      ),
    ]);
  });

  if (where === "reference") return;

  test("what is out of range reads and writes no other row", async () => {
    const nan = (n: number) => new Array(n).fill("NaN");
    const rows = (...which: number[]) => which.flatMap((r) => Array.from({ length: 8 }, (_, i) => 8 * r + i + 1));
    const left = (name: string, index = 4) => call<(number | string)[]>("left", where, name, index);
    expect(await left("gather")).toEqual([...rows(0, 1, 2), ...nan(8), ...rows(0, 1)]);
    const biased = rows(0, 1, 2, 0, 1).map((value, i) => value + (i % 8) + 1);
    expect(await left("gather with a bias", -5)).toEqual([...biased.slice(0, 24), ...nan(8), ...biased.slice(24)]);
    expect(await left("gather of single floats")).toEqual([1, 2, 3, "NaN", 1, 2]);
    expect(await left("gather of integers")).toEqual([1, 2, 3, 0, 1, 2]);
    for (const index of [4, -5]) expect(await left("gatherGradient", index)).toEqual([2, 2, 1, 0].flatMap((n) => new Array(8).fill(n)));
    expect(await left("gatherGradient of single floats")).toEqual([6, 8, 3, 0]);
    expect((await left("oneHot")).slice(8, 20)).toEqual([0, 0, 1, 0, ...nan(4), 1, 0, 0, 0]);
    expect((await left("oneHot, scalar", -5)).slice(0, 6)).toEqual([1, 0, 0, "NaN", 1, 0]);
    for (const name of ["softmaxCrossEntropy", "nllLoss", "topKAccuracy"])
      expect((await left(name)).map((v) => v === "NaN")).toEqual([false, false, false, true, false, false]);
    for (const width of [3, 4]) expect(await call("sorted", where, width)).toBe(0);
  });

  test.each([false, true])("tokens and labels in GPUBuffers; exported: %s", async (exported) => {
    const { told, kept, rows } = await call<{ told: (string | null)[]; kept: boolean; rows: number[] }>("buffers", where, exported);
    const token =
      'input "x", u32[3, 4], holds 7 at [1, 2] (element 6); gather selects one of 5 rows of variable "U" by it, so it must be 0 to 4';
    const end = ". No variable was changed by it or since; call engine.clearNonFinite() to go on";
    const second = `range: run 2 of program "train": ${token}${end}`;
    expect(told).toEqual([
      null,
      `range: run: ${token}`,
      second,
      second,
      `range: run 3 of program "train": input "labels", i32[3], holds 3 at [1]; crossEntropy selects one of 3 classes by it, so it must be 0 to 2, or -1, which is ignored${end}`,
      `range: program "look": ${token.replace("7", "5")}`,
      null,
    ]);
    expect(kept).toBe(true);
    expect(rows.every(Number.isFinite)).toBe(true);
  });
});
