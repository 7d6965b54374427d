import { describe, expect, test } from "vitest";
import { COPY_INVOCATIONS, COPY_ITEMS, copyPeakShader } from "../../shaders/copy_peak.wgsl.ts";
import { type FmaKind, fmaPeakShader, PEAK_ACCUMULATORS, PEAK_LANES, PEAK_UNROLL } from "../../shaders/fma_peak.wgsl.ts";
import { BARRIERS, barrierPeakShader, GROUP_READS, workgroupPeakShader } from "../../shaders/workgroup_peak.wgsl.ts";

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
