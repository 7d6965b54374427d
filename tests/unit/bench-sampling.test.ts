import { describe, expect, test } from "vitest";
import { grainOf } from "../../src/bench/environment.ts";
import { within } from "../../src/bench/patience.ts";
import { paceOf } from "../../src/bench/run.ts";
import { type Lap, repeatsFor, restoring, sample, warmUp } from "../../src/bench/timing.ts";

/** Laps of a device that takes `ms` for a run, by a clock with steps of `grain`; each number of runs that was asked for is kept. */
function device(ms: (lap: number) => number, grain = 0) {
  const asked: number[] = [];
  const lap = async (repeats: number): Promise<Lap> => {
    const time = repeats * ms(asked.length);
    asked.push(repeats);
    return { gpu: grain > 0 ? grain * Math.floor(time / grain) : time, wall: time + 1 };
  };
  return { asked, lap };
}

describe("repeats", () => {
  test.each([
    [0.001, 0.065],
    [0.01, 0.065],
    [0.3, 1],
    [40, 0.065],
  ])("of runs of %d ms on a clock of %d ms last as long as is asked for", async (ms, grain) => {
    const { lap } = device(() => ms, grain);
    const repeats = await repeatsFor(lap, 50 * grain);
    expect(repeats * ms).toBeGreaterThanOrEqual(Math.min(50 * grain, 4096 * ms));
    expect(repeats * ms).toBeLessThan(4 * 50 * grain + 2 * ms);
  });

  test("are not fewer because the machine was busy with something else once", async () => {
    const { asked, lap } = device(() => 0.01);
    const interrupted = async (repeats: number): Promise<Lap> => {
      const { gpu = 0, wall } = await lap(repeats);
      return asked.length === 2 ? { gpu: gpu + 9, wall: wall + 9 } : { gpu, wall };
    };
    expect((await repeatsFor(interrupted, 5)) * 0.01).toBeGreaterThanOrEqual(5);
  });
});

describe("work that changes its inputs", () => {
  const passes: (number | "restored")[] = [];
  const once = { runs: 64, restore: async () => void passes.push("restored") };
  const timed = (gpu: (repeats: number) => number | undefined) => async (repeats: number) => {
    passes.push(repeats);
    return { gpu: gpu(repeats), wall: 2 * repeats };
  };

  test("is restored before each pass, and timed over as many as it needs", async () => {
    passes.length = 0;
    expect(
      await restoring(
        timed((repeats) => repeats),
        once,
      )(200),
    ).toEqual({ gpu: 200, wall: 400 });
    expect(passes).toEqual(["restored", 64, "restored", 64, "restored", 64, "restored", 8]);
    passes.length = 0;
    const repeats = await repeatsFor(
      restoring(
        timed((n) => n / 100),
        once,
      ),
      5,
    );
    expect(repeats).toBeGreaterThanOrEqual(500);
    expect(passes.filter((pass) => typeof pass === "number" && pass > 64)).toEqual([]);
  });

  test("has no time of the GPU where one of its passes has none", async () => {
    expect(
      await restoring(
        timed((n) => (n < 64 ? undefined : n)),
        once,
      )(100),
    ).toEqual({ gpu: undefined, wall: 200 });
  });
});

test("the clock's step is what all differences of timestamps are multiples of", () => {
  const start = 1_234_567_890_123n;
  const after = (...steps: number[]) => steps.map((step) => start + BigInt(step));
  expect(grainOf(after(0, 65_536, 196_608, 65_536 * 7))).toBe(65_536);
  expect(grainOf(after(0, 300, 100, 900))).toBe(100);
  expect(grainOf(after(0, 40, 7))).toBe(1);
  expect(grainOf(after(0, 0))).toBe(0);
});

describe("a sample lasts", () => {
  test.each([
    [{ kind: "gpu", gpuGrainNanoseconds: 65_536, wallGrainNanoseconds: 5000 }, 3.2768],
    [{ kind: "gpu", gpuGrainNanoseconds: 1e6, wallGrainNanoseconds: 5000 }, 50],
    [{ kind: "wall", wallGrainNanoseconds: 1e6 }, 50],
  ] as const)("fifty steps of the clock %j at least", (clock, ms) => {
    for (const quick of [true, false]) expect(paceOf(quick, clock).atLeast).toBeGreaterThanOrEqual(ms);
  });
});

describe("warm-up", () => {
  test("goes on until three laps in a row are alike, with the repeats that are measured", async () => {
    const { asked, lap } = device((n) => [9, 5, 3, 2, 2, 2, 2, 2][n] ?? 2);
    await warmUp(lap, 7);
    expect(asked).toEqual([7, 7, 7, 7, 7, 7]);
  });

  test("ends all the same where they never are", async () => {
    const { asked, lap } = device((n) => 1 + (n % 2));
    await warmUp(lap, 1);
    expect(asked).toHaveLength(12);
  });
});

describe("patience", () => {
  test("ends with a row that does not answer, and with its name", async () => {
    const never = new Promise<number>(() => {});
    await expect(within(never, 10, "own: spin, spin")).rejects.toMatchObject({
      code: "lost",
      message: expect.stringMatching(/^own: spin, spin: no answer within 0.01 s/),
    });
    await expect(within(Promise.resolve(3), 1000, "fine")).resolves.toBe(3);
    await expect(within(Promise.reject(new Error("its own")), 1000, "fails")).rejects.toThrow("its own");
  });
});

describe("sample", () => {
  test("gives milliseconds of one run, and the quantiles in their places", async () => {
    const { lap } = device((n) => n + 1);
    const { gpu, wall, repeats } = await sample(lap, { samples: 5, repeats: 10, warmUp: 0 });
    expect(gpu).toEqual({ samples: [1, 2, 3, 4, 5], median: 3, p10: 1.4, p90: 4.6, repeats: 10 });
    expect(wall.samples).toEqual([1.1, 2.1, 3.1, 4.1, 5.1].map((ms) => expect.closeTo(ms)));
    expect(repeats).toBe(10);
  });

  test("has no GPU time where a lap has none", async () => {
    const { lap } = device(() => 1);
    let laps = 0;
    const { gpu, wall } = await sample(async (n) => (laps++ === 1 ? { wall: n } : lap(n)), { samples: 3, repeats: 1, warmUp: 0 });
    expect(gpu).toBeUndefined();
    expect(wall.samples).toHaveLength(3);
  });
});
