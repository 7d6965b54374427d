import { describe, expect, test } from "vitest";
import type { bounded, clearedBefore, disposedAfter, failedCompile, interleave, Kind, oldCheckpoint, poisoned } from "./pages/time.ts";

type Run = <T>(name: string, ...args: unknown[]) => Promise<T>;
type Result<F extends (...args: never[]) => unknown> = Awaited<ReturnType<F>>;

/** What holds for calls in any order, on each kind of engine. */
export function timeTests(kind: Kind, run: Run, seeds: readonly number[] = [1, 2, 3]): void {
  describe(`calls that nobody awaits, ${kind}`, () => {
    test("take arrays as they are at the call", async () => {
      const [one, whole, ...rest] = await run<number[][]>("spoilt", kind);
      expect(one.some((value) => value !== one[0])).toBe(true);
      expect(rest).toEqual([one, whole, one, whole, one, whole]);
    });

    for (const seed of seeds)
      test(`give what they give one by one: ${seed}`, async () => {
        const together = await run<Result<typeof interleave>>("interleave", kind, seed, 80, true);
        const apart = await run<Result<typeof interleave>>("interleave", kind, seed, 80, false);
        expect(new Set(together.names).size).toBeGreaterThan(8);
        together.outcomes.forEach((outcome, i) => {
          expect(outcome, `${i}: ${together.names[i]}`).toEqual(apart.outcomes[i]);
        });
        expect(together.outcomes).toContain("non-finite");
        expect(together.bits).toEqual(apart.bits);
        expect(together.steps).toBe(apart.steps);
        expect(new Uint32Array(Uint8Array.from(together.bits["trainer/runs"]).buffer)[0]).toBe(together.steps);
      });

    test("a refused step counts nowhere, and training goes on with the same bits", async () => {
      const { under, refused, saved, loaded, after, bits } = await run<Result<typeof poisoned>>("poisoned", kind);
      expect(under[0]).toBeGreaterThanOrEqual(4);
      expect(under[0]).toBeLessThanOrEqual(20);
      expect([refused, ...saved, loaded]).toEqual([4, 4, 4, 4]);
      expect(after).toEqual([7, 7, 7]);
      // The reference keeps f64, which a checkpoint rounds.
      if (kind !== "reference") expect(bits[1]).toEqual(bits[0]);
      expect(bits[2]).toEqual(bits[0]);
    });

    test("a NaN that was called before the flag was cleared says nothing of the time after", async () => {
      const { codes, flag, later, steps, counts } = await run<Result<typeof clearedBefore>>("clearedBefore", kind);
      expect(codes).toEqual(["non-finite", null]);
      expect([codes[1], flag, later]).toEqual([null, null, null]);
      expect([steps, ...counts]).toEqual([2, 2, 2]);
    });

    test("run before the trainer ends, which refuses what comes after", async () => {
      const { failed, counts, refused, same } = await run<Result<typeof disposedAfter>>("disposedAfter", kind);
      expect([failed, ...counts]).toEqual([0, 51, 51]);
      expect(new Set(refused)).toEqual(new Set(["disposed"]));
      expect(same).toBe(true);
    });

    test("a checkpoint with two counts takes the optimizer's", async () => {
      expect(await run<Result<typeof oldCheckpoint>>("oldCheckpoint", kind)).toEqual({ loaded: 4, counts: [4, 4] });
    });

    test("from a source of batches or a callback, never wait for each other", async () => {
      expect(await run("fromSources", kind)).toEqual({ taken: 3, steps: 8 });
    });

    test("an epoch takes each batch, with the rate, when it is pulled", async () => {
      const [fresh, reused] = await run<unknown[]>("pulled", kind);
      expect(reused).toEqual(fresh);
    });

    test("copy arrays only where they must wait", async () => {
      const { awaited, together } = await run<{ awaited: number; together: number }>("copies", kind);
      expect(awaited).toBe(0);
      if (kind === "reference") expect(together).toBe(0);
      else {
        // four have a buffer to read back with, unless earlier ones are still under way
        expect(together).toBeGreaterThanOrEqual(16);
        expect(together).toBeLessThan(20);
      }
    });

    if (kind === "loaded") return;

    test("a stream, and its resets, in the order of the calls", async () => {
      const [apart, together] = await run<number[][][]>("streamed", kind);
      expect(together).toEqual(apart);
      expect(new Set(apart.map(String)).size).toBe(9);
    });

    test("all batch sizes, and all trainers of a model, share one count", async () => {
      expect(await run("sharedCount", kind)).toEqual([5, 5, 5, 5]);
    });

    test("a size that does not compile lets those behind it go on", async () => {
      const { bad, counted, loss, counts, steps } = await run<Result<typeof failedCompile>>("failedCompile", kind);
      expect(bad).toMatch(/seven/);
      expect(counted).toBe(1);
      expect(loss).toBeGreaterThan(0);
      expect([...counts, steps]).toEqual([1, 1, 1]);
    });

    test("hold no more than maxQueuedBytes while they wait", async () => {
      const { codes, message, counted, alone, saved } = await run<Result<typeof bounded>>("bounded", kind);
      expect(codes).toEqual([null, null, null, "limit", "limit"]);
      expect(message).toMatch(/Await each call/);
      expect(counted).toBe(3);
      expect(alone ?? null).toBeNull();
      expect(saved).toEqual([3, 3]);
    });
  });
}
