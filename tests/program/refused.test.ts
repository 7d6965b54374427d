import { describe, expect, test } from "vitest";
import { inPage } from "../support/page.ts";
import type { aliased, badBuffers, images, keptBuffer, lentAndDestroyed } from "./pages/refused.ts";

const run = <F extends (...args: never[]) => unknown>(name: string, ...args: unknown[]) =>
  inPage<Awaited<ReturnType<F>>>("tests/program/pages/refused.ts", name, ...args);

describe("what WebGPU refuses rejects, and changes nothing", () => {
  for (const hosted of [true, false])
    test(`buffers that were freed, destroyed or of another device: ${hosted ? "a host's device" : "an own device"}`, async () => {
      const { results, losses, expected, different, runs } = await run<typeof badBuffers>("badBuffers", hosted);
      Object.entries(results).forEach(([name, result], i) => {
        const { codes, message, counted, steps } = result as { codes: string[]; message: string; counted: number; steps: number };
        const known = name === "goneValues" || name === "strangers";
        expect(codes, name).toEqual(Array(4).fill(known ? "argument" : "refused"));
        expect(message).toMatch({ goneValues: /was freed/, strangers: /another device/ }[name] ?? /WebGPU refused it/);
        // a step that is not known to be refused counts until it is
        expect(counted).toBe(2 * i + 1 + (known ? 0 : 1));
        expect(steps).toBe(2 * i + 2);
      });
      expect(new Set(losses).size).toBe(losses.length);
      expect(losses).toEqual(expected);
      expect(different).toEqual([]);
      expect(runs).toBe(8);
    });

  test("a dispatch that binds one buffer twice", async () => {
    const { codes, values } = await run<typeof aliased>("aliased");
    expect(codes).toEqual(Array(6).fill("refused"));
    expect(values).toEqual([6, 12, 18, 24]);
  });

  test("buffers that were lent and destroyed", async () => {
    const { output, variables, owed, after } = await run<typeof lentAndDestroyed>("lentAndDestroyed");
    expect(output.map((error) => error?.code)).toEqual(["refused", "refused"]);
    expect(variables).toEqual(["refused", "refused"]);
    expect(owed?.code).toBe("refused");
    expect(owed?.message).toMatch(/write "w"/);
    expect(after).toEqual([2, 3, 4, 5]);
  });
});

describe("what waits for a compilation", () => {
  test("reads a GPUBuffer as it was at the call", async () => {
    const { output, expected, kept } = await run<typeof keptBuffer>("keptBuffer");
    expect(kept).toBe(1);
    expect(output).toEqual(expected);
  });

  test("holds up images that are read and drawn after it", async () => {
    const apart = await run<typeof images>("images", false);
    const together = await run<typeof images>("images", true);
    expect(apart.saved["trainer/runs"]).toEqual([7]);
    expect(together).toEqual(apart);
  });
});
