import { describe, expect, test } from "vitest";
import { ceilingsOf, figuresOf, outcomeOf, reasonOf } from "../../src/bench/figures.ts";
import { geometricMean, peerRatios } from "../../src/bench/peers.ts";
import type { BenchResult, Distribution, Roofline } from "../../src/bench/schema.ts";
import { sampleReport, sampleRoofline } from "../support/bench-report.ts";

const time = (median: number): Distribution => ({ samples: [median], median, p10: median, p90: median, repeats: 1 });
const result = (part: Partial<BenchResult>): BenchResult => ({
  suite: "kernels",
  name: "matmul",
  subject: "tile",
  check: { ok: true, against: "reference" },
  ...part,
});
/** Peak 100 GFLOP/s, memory 10 GB/s: the ridge is at 10 FLOP per byte. */
const roofline: Roofline = {
  ...sampleRoofline,
  fma: { scalar: 40e9, vec4: 100e9 },
  memory: [
    { workingSetBytes: 1e9, bytesPerSecond: 10e9 },
    { workingSetBytes: 1e5, bytesPerSecond: 80e9 },
    { workingSetBytes: 1e3, bytesPerSecond: 5e9 },
  ],
};

describe("the ceilings", () => {
  test("are the faster peak, the bandwidth of the largest working set, and the best of the others", () => {
    expect(ceilingsOf(roofline)).toEqual({ peak: 100e9, memory: roofline.memory[0], cache: roofline.memory[1], ridge: 10 });
    expect(ceilingsOf({ ...roofline, fma: { scalar: 200e9, vec4: 100e9 } })?.peak).toBe(200e9);
  });

  test("have no cache where nothing beats memory, and are none where a probe gave nothing", () => {
    expect(ceilingsOf({ ...roofline, memory: [roofline.memory[0], roofline.memory[2]] })).not.toHaveProperty("cache.bytesPerSecond");
    expect(ceilingsOf({ ...roofline, fma: { ...roofline.fma, f16: 300e9 } })?.f16).toBe(300e9);
    expect(ceilingsOf(undefined)).toBeUndefined();
    expect(ceilingsOf({ ...roofline, memory: [] })).toBeUndefined();
    expect(ceilingsOf({ ...roofline, fma: { scalar: Number.NaN, vec4: 0 } })).toBeUndefined();
  });
});

describe("figures", () => {
  test("right of the ridge are held against the peak", () => {
    // 1e9 FLOP, 1e7 bytes in 20 ms: 50 GFLOP/s of 100, at 100 FLOP per byte
    expect(figuresOf(result({ gpu: time(20), wall: time(30), flops: 1e9, bytes: 1e7 }), roofline)).toEqual({
      milliseconds: 20,
      clock: "gpu",
      flopsPerSecond: 50e9,
      bytesPerSecond: 0.5e9,
      intensity: 100,
      allowedFlopsPerSecond: 100e9,
      bound: "compute",
      share: 0.5,
    });
  });

  test("of arithmetic in f16 are held against the f16 peak, where there is one", () => {
    const half = result({ gpu: time(5), flops: 1e9, bytes: 1e6, precision: "f16" });
    const device = { ...roofline, fma: { ...roofline.fma, f16: 400e9 } };
    expect(figuresOf(half, device)).toMatchObject({ allowedFlopsPerSecond: 400e9, share: 0.5 });
    expect(figuresOf({ ...half, precision: undefined }, device)).toMatchObject({ allowedFlopsPerSecond: 100e9, share: 2 });
    expect(figuresOf(half, roofline)).toMatchObject({ share: 2 });
  });

  test("left of the ridge are held against memory", () => {
    // 2 FLOP per byte: memory allows 20 GFLOP/s, of which 5 are reached
    const figures = figuresOf(result({ wall: time(4), flops: 2e7, bytes: 1e7 }), roofline);
    expect(figures).toMatchObject({
      milliseconds: 4,
      clock: "wall",
      intensity: 2,
      allowedFlopsPerSecond: 20e9,
      bound: "memory",
      share: 0.25,
    });
  });

  test("without arithmetic are held against bandwidth alone; without bytes against nothing", () => {
    expect(figuresOf(result({ gpu: time(2), flops: 0, bytes: 1e7 }), roofline)).toEqual({
      milliseconds: 2,
      clock: "gpu",
      bytesPerSecond: 5e9,
      bound: "memory",
      share: 0.5,
    });
    expect(figuresOf(result({ gpu: time(2), flops: 1e7 }), roofline)).toEqual({ milliseconds: 2, clock: "gpu", flopsPerSecond: 5e9 });
  });

  test("are never NaN or infinite, whatever a report holds", () => {
    for (const median of [Number.NaN, 0, -1, Number.POSITIVE_INFINITY, null as unknown as number])
      expect(figuresOf(result({ gpu: time(median), flops: 1e9, bytes: 1e7 }), roofline)).toEqual({
        intensity: 100,
        allowedFlopsPerSecond: 100e9,
        bound: "compute",
      });
    expect(figuresOf(result({ gpu: time(Number.NaN), wall: time(3) }))).toEqual({ milliseconds: 3, clock: "wall" });
    expect(figuresOf(result({ gpu: time(1), flops: Number.NaN, bytes: Number.NaN }), roofline)).toEqual({ milliseconds: 1, clock: "gpu" });
  });

  test("of a wrong or missing result have no time, even where the report has one", () => {
    const wrong = result({ gpu: time(1), flops: 1e9, bytes: 1e7, check: { ok: false, against: "reference", message: "off by one" } });
    expect(figuresOf(wrong, roofline)).not.toHaveProperty("milliseconds");
    expect(figuresOf(wrong, roofline)).not.toHaveProperty("share");
    expect(figuresOf(result({ gpu: time(1), missing: "cannot" }), roofline)).toEqual({});
  });
});

test("outcomes and reasons are told apart", () => {
  const cases: readonly (readonly [Partial<BenchResult>, string, string])[] = [
    [{ gpu: time(1) }, "timed", ""],
    [{}, "untimed", ""],
    [{ check: { ok: false, against: "reference", message: "y[3] is 1" } }, "wrong", "y[3] is 1"],
    [{ check: { ok: false, against: "unroll" }, missing: "computes it wrongly" }, "wrong", "computes it wrongly"],
    [{ check: { ok: false, against: "none", error: 9 } }, "wrong", "the output is wrong"],
    [{ check: { ok: false, against: "none" }, missing: "cannot train" }, "missing", "cannot train"],
    [{ check: { ok: true, against: "none" }, missing: "cannot train" }, "missing", "cannot train"],
    [{ check: { ok: false, against: "none" } }, "missing", "not available"],
  ];
  for (const [part, outcome, reason] of cases) expect([outcomeOf(result(part)), reasonOf(result(part))]).toEqual([outcome, reason]);
});

describe("beside the others", () => {
  const row = (name: string, subject: string, wall: number, part: Partial<BenchResult> = {}) =>
    result({ suite: "peers", name, subject, wall: time(wall), ...part });

  test("the best of those on the GPU counts, row by row and on one clock", () => {
    const results = [
      row("a", "unroll", 10, { gpu: time(8) }),
      row("a", "jax-js", 50),
      row("a", "TF.js WebGPU", 40),
      row("a", "TF.js WASM", 5),
      row("b", "unroll", 30, { gpu: time(10) }),
      row("b", "jax-js", 60, { gpu: time(5) }),
      row("c", "unroll", 30),
      row("c", "wrong one", 1, { check: { ok: false, against: "unroll" } }),
      row("c", "ORT Web WebGPU", 1, { missing: "cannot train" }),
      row("d", "jax-js", 1),
      { ...row("a", "jax-js", 1), suite: "other" },
    ];
    expect(peerRatios(results)).toEqual([
      { suite: "peers", name: "a", peer: "TF.js WebGPU", ratio: 4 },
      { suite: "peers", name: "b", peer: "jax-js", ratio: 0.5 },
    ]);
  });

  test("cold starts are compared by the sum of their parts", () => {
    const start = (subject: string, ...ms: number[]) =>
      result({ suite: "start", subject, parts: ms.map((part, i) => ({ name: `${i}`, ms: part })) });
    expect(peerRatios([start("unroll", 10, 20), start("jax-js", 30, 60), start("TF.js", 100, 200)])).toEqual([
      { suite: "start", name: "matmul", peer: "jax-js", ratio: 3 },
    ]);
  });

  test("means of ratios are geometric", () => {
    expect(geometricMean([2, 8])).toBeCloseTo(4, 12);
    expect(geometricMean([])).toBeUndefined();
  });
});

test("the sample has every kind of row", () => {
  const outcomes = sampleReport().results.map(outcomeOf);
  expect(outcomes.length).toBeGreaterThanOrEqual(35);
  expect(new Set(outcomes)).toEqual(new Set(["timed", "untimed", "wrong", "missing"]));
});
