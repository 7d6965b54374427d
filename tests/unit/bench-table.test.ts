import { describe, expect, test } from "vitest";
import type { BenchReport, BenchResult } from "../../src/bench/schema.ts";
import { distribution } from "../../src/bench/statistics.ts";
import { mergeStarts } from "../../src/cli/bench/starts.ts";
import { formatHead, formatTable } from "../../src/cli/bench/table.ts";
import { sampleReport, sampleRoofline } from "../support/bench-report.ts";

const base = sampleReport();
const result = (part: Partial<BenchResult>): BenchResult => ({
  suite: "kernels",
  name: "copy",
  subject: "vec4",
  check: { ok: true, against: "reference" },
  gpu: distribution([1, 2, 3, 4, 5], 1),
  wall: distribution([7], 1),
  flops: 6e6,
  bytes: 3e6,
  ...part,
});
/** Peak 10 GFLOP/s, memory 4 GB/s. */
const roofline = { ...sampleRoofline, fma: { scalar: 10e9, vec4: 10e9 }, memory: [{ workingSetBytes: 2 ** 28, bytesPerSecond: 4e9 }] };
const table = (...results: BenchResult[]): string[] => formatTable({ ...base, roofline, results });
const cells = (line: string | undefined): string[] => (line ?? "").trim().split(/ {2,}/);

describe("the table in the terminal", () => {
  test("has each figure in its column", () => {
    const lines = table(result({}));
    expect(cells(lines.find((line) => line.startsWith("kernels")))).toEqual([
      ...["kernels", "gpu ms", "p10–p90", "wall ms", "GFLOP/s", "GB/s", "FLOP/B", "of roof"],
    ]);
    // 6e6 FLOP and 3e6 bytes in 3 ms: 2 GFLOP/s, 1 GB/s, 2 FLOP per byte, of 8 GFLOP/s that memory allows
    expect(cells(lines.find((line) => line.startsWith("copy")))).toEqual([
      ...["copy (vec4)", "3.00", "1.40–4.60", "7.00", "2.00", "1.00", "2.00", "25 %"],
    ]);
  });

  test("explains the star, what caches do, and what cannot be", () => {
    const all = (...results: BenchResult[]) => table(...results).join("\n");
    expect(all(result({}))).not.toMatch(/\* the variant|cache|more than the device/);
    const both = all(result({ chosen: true }), result({ subject: "scalar", chosen: false }));
    expect(both).toMatch(/^ +\* vec4 /m);
    expect(both).toContain("* the variant that the planner takes");
    expect(all(result({ flops: 6e6, bytes: 30e6 }))).toContain("above 100 % of the roof: the data fit into a cache");
    expect(all(result({ flops: 6e9, bytes: 3e6 }))).toMatch(/more than the device can do, .*: copy \(vec4\)$/m);
  });

  test("says wrong and n/a with the reason, and no figures", () => {
    const lines = table(
      result({ subject: "bad", gpu: undefined, wall: undefined, check: { ok: false, against: "reference", message: "off by 7\nmore" } }),
      result({ subject: "none", gpu: undefined, wall: undefined, missing: "this device has no shader-f16" }),
    );
    expect(lines.find((line) => line.includes("bad"))).toMatch(/bad +WRONG: off by 7$/);
    expect(lines.find((line) => line.includes("none"))).toMatch(/none +n\/a: this device has no shader-f16$/);
  });

  test("begins with the adapter, which is called software where it is", () => {
    expect(formatHead(base)[0]).toMatch(/^adapter: SwiftShader.*\(software, no GPU\)$/);
    expect(formatHead(base).join("\n")).toMatch(/^versions: unroll-gpu /m);
  });
});

test("cold starts of several browsers become medians", () => {
  const start = (ms: number): BenchReport => ({
    ...base,
    results: [
      result({ suite: "start", name: "LeNet", gpu: undefined, wall: distribution([10 * ms], 1), parts: [{ name: "device", ms }] }),
      result({}),
    ],
  });
  const merged = [start(9), start(2), start(3), start(4)].reduce((all, next) => mergeStarts(all, next), start(1));
  const [leNet, ...rest] = merged.results;
  expect(leNet.parts).toEqual([{ name: "device", ms: 3 }]);
  expect(leNet.wall).toMatchObject({ samples: [10, 90, 20, 30, 40], median: 30 });
  expect(rest).toHaveLength(1);
});
