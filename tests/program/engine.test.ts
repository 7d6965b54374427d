import { describe, expect, test } from "vitest";
import { inPage } from "../support/page.ts";

const PAGE = "tests/program/pages/engine.ts";
const TRAINING = "tests/program/pages/training.ts";
const run = <T>(name: string, ...args: unknown[]) => inPage<T>(PAGE, name, ...args);
const train = <T>(name: string, ...args: unknown[]) => inPage<T>(TRAINING, name, ...args);
type Failure = { code: string; message: string } | null | undefined;

describe("device", () => {
  test("create, dispose, create: no live buffer is left", async () => {
    const counts = await run<number[]>("lifecycle");
    for (let i = 0; i < 9; i += 3) {
      expect(counts[i]).toBeGreaterThan(counts[i + 1]);
      expect(counts[i + 1]).toBeGreaterThan(0);
      expect(counts[i + 2]).toBe(0);
      expect(counts.slice(i, i + 3)).toEqual(counts.slice(0, 3));
    }
  });

  test("a host's device is used and left alive", async () => {
    expect(await run("hostsDevice")).toEqual({ value: 7, lost: false });
  });

  test("device loss rejects what is in flight and all that follows, with one code", async () => {
    const { inFlight, reason, later, usable, compile } = await run<{
      inFlight: Failure;
      reason: string;
      later: Failure;
      usable: boolean;
      compile: Failure;
    }>("deviceLoss");
    expect(inFlight?.code).toBe("lost");
    expect(reason).toBe("lost");
    expect(later?.code).toBe("lost");
    expect(compile?.code).toBe("lost");
    expect(usable).toBe(false);
  });

  test("dispose rejects what is in flight", async () => {
    const { inFlight, reason, later } = await run<{ inFlight: Failure; reason: string; later: Failure }>("disposeInFlight");
    expect([inFlight?.code, reason, later?.code]).toEqual(["disposed", "disposed", "disposed"]);
  });

  test("an adapter that computes wrong values is refused", async () => {
    const { first, reason, later, buffers } = await run<{ first: Failure; reason: string; later: Failure; buffers: number }>(
      "wrongAdapter",
    );
    expect([first?.code, reason, later?.code]).toEqual(["self-test", "self-test", "self-test"]);
    expect(first?.message).toMatch(/test 2, storage behind a barrier, invocation 0: \d+ instead of \d+/);
    expect(buffers).toBe(0);
  });

  test("an adapter is refused whose gradients are 0, whose updates change nothing, or that drops NaN", async () => {
    const reasons = await run<Record<string, Failure>>("wrongSelfTests");
    const walk = /test 4, a walk back through time and its update, invocation 0/;
    const expected = { gradients: walk, update: walk, chosen: /test 4, NaN, invocation 1: \d+ instead of 1/, summed: /test 4, NaN/ };
    expect(Object.keys(reasons)).toEqual(Object.keys(expected));
    for (const [what, message] of Object.entries(expected))
      expect(reasons[what], what).toMatchObject({ code: "self-test", message: expect.stringMatching(message) });
  });
});

describe("programs", () => {
  test("a run makes no buffer, bind group or pipeline, and submits once; a new batch size compiles nothing", async () => {
    const { silent, reading, newPipelines, variants } = await run<{
      silent: Record<string, number>;
      reading: Record<string, number>;
      newPipelines: number;
      variants: string[][];
    }>("frugality");
    for (const counts of [silent, reading]) {
      const { submit, createCommandEncoder, ...made } = counts;
      expect({ submit, createCommandEncoder }).toEqual({ submit: 1, createCommandEncoder: 1 });
      expect(
        Object.values(made).every((count) => count === 0),
        JSON.stringify(made),
      ).toBe(true);
    }
    expect(variants[1]).toEqual(variants[0]);
    expect(newPipelines).toBe(0);
  });

  test("programs share variables: predicting at another batch size sees the training", async () => {
    const { changed, difference } = await train<{ changed: boolean; difference: number }>("sharedVariables");
    expect(changed).toBe(true);
    expect(difference).toBeLessThan(1e-6);
  });

  test("h carried in a variable: step by step gives what the whole sequence gives", async () => {
    const { difference, length } = await train<{ difference: number; length: number }>("streaming");
    expect(length).toBe(21);
    expect(difference).toBeLessThan(1e-6);
  });

  test("run resolves while fewer than 3 are in flight", async () => {
    const { atOnce, settled, counter } = await run<{ atOnce: number; settled: number; counter: number }>("backPressure");
    expect(atOnce).toBeLessThan(3);
    expect(settled).toBe(8);
    expect(counter).toBe(8);
  });

  test("a GPUBuffer is an input like any other", async () => {
    expect(await run("buffersIn")).toEqual([2, 4, 6, 8, 10]);
  });

  test("the same program twice gives the same bits", async () => {
    const { length, different } = await train<{ length: number; different: number }>("sameBits");
    expect(length).toBeGreaterThan(1000);
    expect(different).toBe(0);
  });

  for (const loadFirst of [true, false])
    test(`training resumes from a checkpoint with the same bits, loaded ${loadFirst ? "before" : "after"} compile`, async () => {
      const { names, different } = await train<{ names: string[]; different: string[] }>("resume", loadFirst);
      expect(names).toContain("W#adam.first_moment");
      expect(different).toEqual([]);
    });

  test("evaluates as its references do", async () => {
    expect(await train("againstReference")).toBeLessThan(1e-6);
  });
});

describe("plans", () => {
  test("as many dispatches for 8 steps as for 512", async () => {
    const sizes = { B: 4, I: 8, H: 32, O: 8 };
    const [short, long] = await train<number[]>("dispatchCounts", [
      { ...sizes, T: 8 },
      { ...sizes, T: 512 },
    ]);
    expect(long).toBe(short);
    expect(short).toBeGreaterThan(5);
  });

  test("as many dispatches for 8 tokens as for 512", async () => {
    const [short, long] = await train<number[]>("tokenDispatchCounts", [8, 512], 4);
    expect(long).toBe(short);
    expect(short).toBeGreaterThan(5);
  });

  test("the training step of T=128 B=16 I=64 H=128 O=64 takes at most 20 dispatches", async () => {
    const [count] = await train<number[]>("dispatchCounts", [{ T: 128, B: 16, I: 64, H: 128, O: 64 }]);
    expect(count).toBeLessThanOrEqual(20);
  });

  test("memory for activations is at most 1.2 × what the order needs", async () => {
    const plans = await train<{ peak: number; bound: number }[]>("memoryPlans", [
      { T: 128, B: 16, I: 64, H: 128, O: 64 },
      { T: 7, B: 3, I: 5, H: 17, O: 3 },
      { T: 33, B: 1, I: 65, H: 7, O: 130 },
    ]);
    for (const { peak, bound } of plans) {
      expect(bound).toBeGreaterThan(0);
      expect(peak / bound).toBeLessThanOrEqual(1.2);
    }
  });

  for (const [name, traits, defaultLimits] of [
    ["software", {}, false],
    ["hardware", { software: false }, false],
    ["default limits", { software: false }, true],
  ] as const)
    test(`every intermediate of a training step agrees with the reference: ${name}`, async () => {
      type Checked = { ok: boolean; nodes: { op: string; error: number; bound: number }[]; firstWrong?: unknown };
      const { ok, nodes, firstWrong } = await train<Checked>("verifyStep", { T: 7, B: 3, I: 5, H: 17, O: 3 }, traits, defaultLimits);
      expect(firstWrong).toBeUndefined();
      expect(ok).toBe(true);
      expect(nodes.length).toBeGreaterThan(8);
    });
});

describe("what is not finite", () => {
  type Outcome = { error: Failure; queued: Failure; unread: Failure; same: boolean; loss: number; moved: boolean; step: number };
  for (const reference of [false, true])
    for (const value of [3e38, null])
      test(`a loss of ${value === null ? "NaN" : "infinity"} changes nothing until it is cleared, on the ${reference ? "reference" : "GPU"}`, async () => {
        const { error, queued, unread, same, loss, moved, step } = await train<Outcome>("nonFinite", value, reference);
        expect([error?.code, queued?.code, unread?.code]).toEqual(["non-finite", "non-finite", "non-finite"]);
        expect(error?.message).toMatch(/run 2 of program "training step"/);
        expect(same).toBe(true);
        expect(Number.isFinite(loss)).toBe(true);
        expect(moved).toBe(true);
        expect(step).toBe(2);
      });

  test("a bad run that nobody reads stops those queued behind it, and is told at the next", async () => {
    const { outcomes, next, same } = await train<{ outcomes: Failure[]; next: Failure; same: boolean }>("nonFiniteUnread");
    expect(next?.code).toBe("non-finite");
    expect(next?.message).toMatch(/run 2 of/);
    expect(outcomes[0]).toBeNull();
    expect(same).toBe(true);
  });

  test("with two optimizers, both stop or neither does", async () => {
    const good = await train<{ error: Failure; a: number[]; z: number[]; steps: number[] }>("twoOptimizers", false);
    expect(good.error).toBeUndefined();
    expect(good.steps).toEqual([2, 2]);
    expect(good.a).toEqual([-1, -3, -1]);
    for (const z of good.z) expect(z).toBeCloseTo(0.8, 2);
    const bad = await train<{ error: Failure; a: number[]; z: number[]; steps: number[] }>("twoOptimizers", true);
    expect(bad.error?.code).toBe("non-finite");
    expect(bad.a).toEqual([1, 1, 1]);
    expect(bad.z).toEqual([1, 1, 1]);
    expect(bad.steps).toEqual([0, 0]);
  });
});

test("the loss follows the reference's within 1 % for 40 steps", async () => {
  const [gpu, reference] = [await train<number[]>("curve", 40, false), await train<number[]>("curve", 40, true)];
  expect(reference.at(-1)).toBeLessThan(reference[0]);
  gpu.forEach((loss, i) => {
    expect(Math.abs(loss - reference[i]), `step ${i}`).toBeLessThan(0.01 * reference[i]);
  });
});

describe("kernels on their own", () => {
  test("run, verify, and errors that name kernel, line and source", async () => {
    type Proof = { ok: boolean; outputs: { name: string; error: number }[] };
    const result = await run<{ right: boolean; proof: Proof; wrong: Proof; buffers: number } & Record<string, Failure>>("kernels");
    expect(result.right).toBe(true);
    expect(result.proof.ok).toBe(true);
    expect(result.wrong.ok).toBe(false);
    expect(result.syntax?.code).toBe("shader");
    expect(result.syntax?.message).toMatch(/kernel "double" does not compile/);
    expect(result.syntax?.message).toMatch(/>\s+8 \| .*nonsense/);
    expect(result.binding?.message).toMatch(/must declare "@group\(0\) @binding\(1\) var<storage, read_write> y"/);
    expect(result.access?.message).toMatch(/var<storage, read> x/);
    expect(result.missing?.code).toBe("name");
    expect(result.dtype?.code).toBe("dtype");
    expect(result.param?.code).toBe("argument");
    expect(result.buffers).toBe(1);
  });
});
