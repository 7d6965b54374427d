import { describe, expect, test } from "vitest";
import { COPY_INVOCATIONS, COPY_ITEMS, copyPeakShader } from "../../shaders/copy_peak.wgsl.ts";
import { type FmaKind, fmaPeakShader, PEAK_ACCUMULATORS, PEAK_LANES, PEAK_UNROLL } from "../../shaders/fma_peak.wgsl.ts";
import { BARRIERS, barrierPeakShader, GROUP_READS, workgroupPeakShader } from "../../shaders/workgroup_peak.wgsl.ts";
import { barrierJob, copyJob, fmaJob, type Job, memoryJob, workgroupJob } from "../../src/bench/peak.ts";

/** What a probe is said to do must be what its code does: all shares of the roofline rest on it. */
const loopOf = (wgsl: string): string => wgsl.slice(wgsl.indexOf("for (var turn"), wgsl.lastIndexOf("}", wgsl.lastIndexOf("y[id.x]")));
const count = (text: string, what: RegExp): number => [...text.matchAll(what)].length;

describe("probes count what they do", () => {
  test.each<FmaKind>(["scalar", "vec4", "f16"])("multiply-adds, %s", (kind) => {
    const wgsl = fmaPeakShader(kind);
    expect(count(loopOf(wgsl), /\ba\d+ = fma\(/g)).toBe(PEAK_ACCUMULATORS * PEAK_UNROLL);
    const accumulator = { scalar: "f32(first", vec4: "vec4<f32>(first", f16: "vec4<f16>(first" }[kind];
    expect(count(wgsl, new RegExp(`var a\\d+ = ${accumulator.replace(/[<>()]/g, "\\$&")}`, "g"))).toBe(PEAK_ACCUMULATORS);
    expect(PEAK_LANES[kind]).toBe(accumulator.startsWith("vec4") ? 4 : 1);
    // each of them must reach the output, or a compiler may leave it out
    for (let i = 0; i < PEAK_ACCUMULATORS; i++) expect(wgsl.split("let all = ")[1]).toMatch(new RegExp(`\\ba${i}\\b`));
  });

  test("copied vec4", () => {
    for (const wgsl of [copyPeakShader(), copyPeakShader({ turns: true })]) {
      expect(count(wgsl, /y\[i \+ \d+u\] = x\[i \+ \d+u\]/g)).toBe(COPY_ITEMS);
      expect(wgsl).toContain(`@workgroup_size(${COPY_INVOCATIONS})`);
    }
  });

  test("reads of workgroup memory, and barriers", () => {
    expect(count(loopOf(workgroupPeakShader()), /total \+= tile\[/g)).toBe(GROUP_READS);
    expect(count(loopOf(barrierPeakShader()), /workgroupBarrier\(\)/g)).toBe(2 * BARRIERS);
  });
});

/** The work that a rate is of, from what the kernel's code does, how often it runs, and the buffers. */
describe("probes rate what they do", () => {
  const invocations = ({ kernel, groups }: Job): number => Number(/@workgroup_size\((\d+)\)/.exec(kernel.wgsl)?.[1]) * groups;

  test.each<[FmaKind, number]>([
    ["scalar", 1],
    ["vec4", 4],
    ["f16", 4],
  ])("multiply-adds, %s", (kind, lanes) => {
    const job = fmaJob(64, kind);
    const each = count(loopOf(job.kernel.wgsl), /= fma\(/g) * lanes * job.params.turns;
    expect(job.work).toBe(2 * each * invocations(job));
    expect(job.bytes).toEqual([4 * invocations(job)]);
  });

  test.each([
    ["software", true, 2 ** 16, 8],
    ["software", true, 2 ** 28, 2 ** 15],
    ["a GPU", false, 2 ** 16, 4096],
    ["a GPU", false, 2 ** 28, 2 ** 15],
  ] as const)("bytes copied on %s", (_, software, set, groups) => {
    const job = memoryJob(set, software);
    const each = 16 * count(job.kernel.wgsl, /y\[i \+ \d+u\] = x\[i \+ \d+u\]/g); // a vec4 has 16 bytes
    expect(job.work).toBe(2 * each * invocations(job) * job.params.turns);
    expect(job.bytes[0] + job.bytes[1]).toBe(set);
    expect(job.groups).toBe(groups);
    expect(job.work).toBeGreaterThanOrEqual(2 ** 24);
    if (software) expect(job.work).toBe(set * job.params.turns);
  });

  test("bytes of a plain copy, workgroup memory and barriers", () => {
    const copy = copyJob(1000);
    expect([copy.work, copy.bytes, copy.groups]).toEqual([2 * 4096, [4096, 4096], 1]);
    const memory = workgroupJob(64);
    expect(memory.kernel.wgsl).toMatch(/var<workgroup> tile: array<vec4<f32>/);
    expect(memory.work).toBe(16 * count(loopOf(memory.kernel.wgsl), /total \+= tile\[/g) * memory.params.turns * invocations(memory));
    const barrier = barrierJob();
    expect(barrier.work).toBe(count(loopOf(barrier.kernel.wgsl), /workgroupBarrier\(\)/g) * barrier.params.turns * barrier.groups);
  });
});
