import { describe, expect, test } from "vitest";
import { type FmaKind, fmaPeakShader, PEAK_ACCUMULATORS } from "../../shaders/fma_peak.wgsl.ts";
import { barrierJob, copyPeakJob, fmaPeakJob, type Job, memoryJob, workgroupPeakJob } from "../../src/bench/peak.ts";

/*
 * What a probe is said to do must be what its code does: all shares of the roofline rest on it. So `work` is counted here once more, from
 * the text of the kernel. tests/gpu/bench-probes.test.ts has the device count, too.
 */

const KIB = 1024;
const WORKING_SETS = [8 * KIB, 64 * KIB, 512 * KIB, 4 * KIB ** 2, 32 * KIB ** 2, 256 * KIB ** 2];
const adapters = [
  ["software", true],
  ["hardware", false],
] as const;

const count = (text: string, what: RegExp): number => [...text.matchAll(what)].length;

/** The body of the loop over turns, which has no braces of its own. */
const loopOf = (wgsl: string): string => /for \(var turn[^{]*\{([^{}]*)\}/.exec(wgsl)?.[1] ?? "";

/** Invocations of the whole dispatch. */
const invocations = ({ kernel, groups }: Job): number => groups * Number(/@workgroup_size\((\d+)\)/.exec(kernel.wgsl)?.[1]);

describe("probes do what they are said to do", () => {
  const kinds = adapters.flatMap(([name, software]) => (["scalar", "vec4", "f16"] as const).map((kind) => [kind, name, software] as const));

  test.each(kinds)("multiply-adds, %s on %s", (kind, _, software) => {
    const job = fmaPeakJob(software, kind);
    const { wgsl } = job.kernel;
    const lanes = /let m = vec4</.test(wgsl) ? 4 : 1;
    expect(lanes).toBe(kind === "scalar" ? 1 : 4);
    const perTurn = lanes * count(loopOf(wgsl), /\ba\d+ = fma\(/g);
    expect(job.work).toBe(2 * perTurn * job.params.turns * invocations(job));
    expect(job.bytes).toEqual([4 * invocations(job)]);
  });

  test.each<FmaKind>(["scalar", "vec4", "f16"])("each accumulator reaches the output, or a compiler may leave it out: %s", (kind) => {
    const wgsl = fmaPeakShader(kind);
    const accumulators = [...wgsl.matchAll(/var (a\d+) = /g)].map(([, name]) => name);
    expect(accumulators).toHaveLength(PEAK_ACCUMULATORS);
    for (const name of accumulators) expect(wgsl.split("let all = ")[1]).toMatch(new RegExp(`\\b${name}\\b`));
  });

  /** Bytes of one invocation's copies, read and written, in vec4 of 16 bytes. */
  const copied = (text: string): number => 2 * 16 * count(text, /\by\[[^\]]*\] = x\[[^\]]*\];/g);

  test.each([1, 1024, 1025, 8 * 56 * 56 * 64])("a copy of %i elements", (elements) => {
    const job = copyPeakJob(elements);
    const { wgsl } = job.kernel;
    expect(wgsl).toContain("x: array<vec4<f32>>");
    expect(job.work).toBe(copied(wgsl) * invocations(job));
    expect(job.work).toBe(job.bytes[0] + job.bytes[1]); // each element once
    expect(job.bytes[0]).toBe(job.bytes[1]);
    expect(job.bytes[0]).toBe(4096 * Math.ceil(elements / 1024));
  });

  const sets = adapters.flatMap(([name, software]) => WORKING_SETS.map((bytes) => [bytes, name, software] as const));

  test.each(sets)("a working set of %i bytes on %s", (bytes, _, software) => {
    const job = memoryJob(software, bytes);
    const { wgsl } = job.kernel;
    expect(wgsl).toContain("x: array<vec4<f32>>");
    const perTurn = copied(loopOf(wgsl)) * invocations(job);
    expect(perTurn).toBeGreaterThan(0);
    expect(job.work).toBe(perTurn * job.params.turns);
    expect(job.bytes).toEqual([bytes / 2, bytes / 2]);
    // all of it in each turn, each part as often as any other
    expect(perTurn % bytes).toBe(0);
    expect(Number.isInteger(job.groups)).toBe(true);
  });

  test("a working set is copied by as many workgroups as it has parts on software, and by as many as fill a GPU on hardware", () => {
    const groups = (software: boolean) => WORKING_SETS.map((bytes) => memoryJob(software, bytes).groups);
    expect(groups(true)).toEqual([1, 8, 64, 512, 4096, 32768]);
    expect(groups(false)).toEqual([4096, 4096, 4096, 4096, 4096, 32768]);
    const turns = (software: boolean) => WORKING_SETS.map((bytes) => memoryJob(software, bytes).params.turns);
    expect(turns(true)).toEqual([2048, 256, 32, 4, 1, 1]);
    expect(turns(false)).toEqual([8, 8, 8, 8, 8, 1]);
  });

  test.each(adapters)("reads of workgroup memory on %s", (_, software) => {
    const job = workgroupPeakJob(software);
    const { wgsl } = job.kernel;
    expect(wgsl).toContain("tile: array<vec4<f32>, 256>");
    expect(job.work).toBe(16 * count(loopOf(wgsl), /\btile\[/g) * job.params.turns * invocations(job));
    expect(job.bytes).toEqual([4 * invocations(job)]);
  });

  test("barriers of one workgroup", () => {
    const job = barrierJob();
    expect(job.groups).toBe(1);
    expect(job.work).toBe(count(loopOf(job.kernel.wgsl), /\bworkgroupBarrier\(\)/g) * job.params.turns);
    expect(job.bytes).toEqual([4 * invocations(job)]);
  });
});
