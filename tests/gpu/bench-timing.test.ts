import { describe, expect, test } from "vitest";
import type { BenchReport, BenchResult } from "../../src/bench/schema.ts";
import { inPage } from "../support/page.ts";

const PAGE = "tests/gpu/pages/bench.ts";

test("a bench whose device is lost ends with the code `lost`, wherever it is", async () => {
  const ends = await inPage<string[]>(PAGE, "lostAtMapping", 30);
  expect(ends.length).toBeGreaterThan(5);
  expect(new Set(ends.slice(0, -1))).toEqual(new Set(["lost"]));
});

describe("runBench", () => {
  test("times what is right and refuses what is wrong", async () => {
    const { report, heard } = await inPage<{ report: BenchReport; heard: string[] }>(PAGE, "ownKernels");
    const [right, wrong] = report.results;
    expect(right).toMatchObject({ suite: "own", name: "copy", subject: "right", check: { ok: true, against: "reference" } });
    expect(right.gpu?.samples.length).toBeGreaterThanOrEqual(6);
    expect(wrong).toMatchObject({ subject: "wrong", check: { ok: false, against: "reference" } });
    expect(wrong.check.message).toMatch(/^"y"\[\d+\] is \S+ instead of \S+, off by/);
    expect(wrong.gpu ?? wrong.wall).toBeUndefined();
    expect(heard.some((name) => name.includes("copy"))).toBe(true);
  });

  test("ends with what is done when it is stopped", async () => {
    const report = await inPage<BenchReport>(PAGE, "stopped");
    expect(report.incomplete).toBe(true);
    expect(report.results).toHaveLength(1);
    expect(report.results[0].gpu?.median).toBeGreaterThan(0);
  });

  test("rotates through sets of inputs, more of them the smaller they are", async () => {
    const small = await inPage<number[]>(PAGE, "turnsOf", 1024);
    const large = await inPage<number[]>(PAGE, "turnsOf", 2 ** 21);
    expect(small).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    expect(large).toEqual([0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3]);
  });

  test("measures what changes its input on fresh input each time", async () => {
    const { first, later } = await inPage<{ first: number[]; later: number[] }>(PAGE, "inPlace");
    expect(first).toEqual([16384, 0]); // the kernel does its work once and finds nothing to do after it
    expect(later).toEqual([16384, 0]);
  });

  test("restores before each pass of such a kernel", async () => {
    const { restores, repeats, sets } = await inPage<{ restores: number; repeats: number; sets: number }>(PAGE, "clearedByBench");
    expect(repeats).toBeGreaterThan(0);
    expect(restores).toBeGreaterThanOrEqual(8 * Math.ceil(repeats / sets)); // four rounds of two samples
  });

  test("tells what this device cannot run, and a reference that throws", async () => {
    const [big, throwing] = await inPage<BenchResult[]>(PAGE, "beyond");
    expect(big.check).toEqual({ ok: true, against: "none" });
    expect(big.missing).toMatch(/^kernel "big": "x" takes 34359738368 bytes; this device binds at most \d+$/);
    expect(throwing.check.ok).toBe(false);
    expect(throwing.check.message).toMatch(/^the reference of kernel "throwing" throws: TypeError/);
  });

  test("proves kernels that work in place as it does others: between guard words, over poison", async () => {
    const { results } = await inPage<BenchReport>(PAGE, "doubled");
    expect(results.map(({ subject, gpu }) => [subject, gpu !== undefined])).toEqual([
      ["right", true],
      ["half", false],
      ["beyond", false],
      ["end", false],
    ]);
    expect(results[1].check.message).toMatch(/^"x"\[\d+\] is .* instead of/);
    expect(results[2].check.message).toMatch(/^"x" was written beyond its end: \d bytes behind the last of its 4096/);
    expect(results[3].check.message).toMatch(/^"x" differs between two runs/); // it reads the poison behind the end
  });

  test("does not take small values that are wrong for right ones", async () => {
    const { results } = await inPage<BenchReport>(PAGE, "smallValues");
    expect(results.map(({ subject, check }) => [subject, check.ok])).toEqual([
      ["right", true],
      ["zeros", false],
      ["half", false],
      ["not a number", false],
    ]);
    expect(results[1].check.message).toMatch(/^"y"\[0\] is 0 instead of/);
    expect(results[2].check.message).toMatch(/differs between two runs/); // what it left out is poison
    expect(results[3].check.error).toBeUndefined();
  });

  test("tells sizes apart, and refuses two kernels of one name", async () => {
    const { names, refusal } = await inPage<{ names: string[]; refusal: string }>(PAGE, "names");
    expect(names).toEqual(["copy x=64 y=64 n=1", "copy x=64 y=64 n=2"]);
    expect(refusal).toMatch(/^name: .*two kernels are called own: copy, right/);
  });
});
