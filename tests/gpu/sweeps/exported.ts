import { describe, expect, test } from "vitest";
import { inPage } from "../../support/page.ts";
import type { Extent } from "../../support/sweep.ts";

const PAGE = "tests/gpu/pages/exported.ts";
export const NETWORKS = ["lenet", "perceptron", "characters", "regression"] as const;

interface Same {
  readonly compiled: readonly number[];
  readonly loaded: readonly number[];
  readonly dispatches: readonly [number, number];
  readonly names: readonly [string[], string[]];
  readonly steps: readonly [number, number];
  readonly pipelines: readonly [number, number];
}

/** Each network, planned for software and for hardware; or for one of them in turn. */
export function sameBitsTests(extent: Extent): void {
  describe("a trainer that was exported gives the bits of one that is compiled on the page", () => {
    for (const [i, name] of NETWORKS.entries())
      for (const software of extent === "whole" ? [true, false] : [i % 2 === 0])
        test(`${name}, planned for software: ${software}`, async () => {
          const { compiled, loaded, dispatches, names, steps, pipelines } = await inPage<Same>(PAGE, "sameBits", name, software);
          expect(new Set(compiled).size).toBeGreaterThan(30);
          expect(loaded).toEqual(compiled);
          expect(dispatches[1]).toBe(dispatches[0]);
          expect(names[1]).toEqual(names[0]);
          expect(steps).toEqual([8, 8]);
          expect(pipelines[1]).toBe(pipelines[0]);
        });
  });
}

/** Of files with one damage each, those that load: WebGPU accepts all that they do. */
export function damagedFiles(count: number): void {
  test("what a damaged file still runs, WebGPU does not complain of", async () => {
    const { tried, ran, wrong } = await inPage<{ tried: number; ran: number; wrong: string[] }>(PAGE, "damages", count);
    expect(wrong).toEqual([]);
    expect(tried).toBe(count);
    expect(ran).toBeGreaterThan(count / 15);
  });
}
