import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type ErrorCode, UnrollError } from "../../src/errors.ts";
import type { HostArray } from "../../src/graph/types.ts";
import type { TrainerBase } from "../../src/nn/trainer-base.ts";
import type { Engine } from "../../src/program/engine.ts";
import type { NamedArrays } from "../../src/program/store.ts";
import { RecoveryBudget } from "../../src/recovery/budget.ts";
import { type CheckpointStore, fileCheckpoints, memoryCheckpoints } from "../../src/recovery/checkpoints.ts";
import type { RecoveringTrainerOptions } from "../../src/recovery/options.ts";
import { createRecoveringTrainer } from "../../src/recovery/recovering-trainer.ts";

const codeOf = (work: Promise<unknown>): Promise<ErrorCode | string> =>
  work.then(
    () => "no error",
    (error: unknown) => (error instanceof UnrollError ? error.code : String(error)),
  );

/** Devices that can be lost on purpose, each with a trainer whose state is a hash of all steps it made. */
class Machine {
  devices = 0;
  /** Calls that reached a device, in order. */
  readonly calls: string[] = [];
  /** The device dies when it has got so many calls, once for each entry. */
  readonly deaths: number[] = [];
  /** How often an adapter is refused before the next device. */
  refusals = 0;
  adapter = "A";
  /** Calls that a lost device fails late: after another device is there. */
  late = 0;
  lose: (error?: UnrollError) => void = () => {};

  readonly engine = async (): Promise<Engine> => {
    if (this.devices > 0 && this.refusals-- > 0) throw new UnrollError("adapter", "no adapter");
    this.refusals = 0;
    this.devices++;
    let lost: UnrollError | undefined;
    let end: (error: UnrollError) => void = () => {};
    const engine = {
      adapter: { vendor: "", architecture: "", device: "", description: this.adapter, software: false },
      lost: new Promise<UnrollError>((resolve) => {
        end = resolve;
      }),
      nonFinite: undefined as UnrollError | undefined,
      clearNonFinite() {
        engine.nonFinite = undefined;
      },
      dispose: () => end(new UnrollError("disposed", "disposed")),
      get failure() {
        return lost;
      },
    };
    this.lose = (error = new UnrollError("lost", "lost on purpose")) => {
      lost ??= error;
      end(error);
    };
    return engine as unknown as Engine;
  };

  readonly trainer = async (engine: Engine): Promise<TrainerBase> => {
    const device = engine as unknown as { failure?: UnrollError; nonFinite?: UnrollError };
    const { lose } = this;
    let [state, steps, calls] = [1, 0, 0];
    const call = async <R>(name: string, work: () => R): Promise<R> => {
      this.calls.push(name);
      if (calls++ === this.deaths[0]) {
        this.deaths.shift();
        lose();
      }
      await Promise.resolve();
      if (device.failure && this.late-- > 0) await new Promise((resolve) => setTimeout(resolve, 20));
      if (device.failure) throw device.failure;
      return work();
    };
    const trainer = {
      engine,
      learningRate: 0.1,
      get steps() {
        return steps;
      },
      step: (x: HostArray, target: HostArray) => {
        const rate = trainer.learningRate;
        const [value, wanted] = [Number(x[0]), Number(target[0])];
        return call(`step ${value}`, () => {
          if (device.nonFinite) throw device.nonFinite;
          if (Number.isNaN(value)) {
            device.nonFinite = new UnrollError("non-finite", "not finite");
            throw device.nonFinite;
          }
          state = (state * 31 + value * 7 + wanted + Math.round(rate * 1000)) % 1_000_003;
          steps++;
          return { loss: state, gradientNorm: 0 };
        });
      },
      predict: (x: HostArray) => {
        const value = Number(x[0]);
        return call(`predict ${value}`, () => Float32Array.of(state + value));
      },
      evaluate: () => call("evaluate", () => state),
      save: () =>
        call(
          "save",
          (): NamedArrays => ({
            state: { dtype: "u32", shape: [2], data: Uint32Array.of(state, steps) },
          }),
        ),
      load: (arrays: NamedArrays) =>
        call("load", () => {
          [state, steps] = arrays.state.data as Uint32Array;
        }),
    };
    return trainer as unknown as TrainerBase;
  };
}

const batch = (step: number) => [Float32Array.of(step), Float32Array.of(2 * step)] as const;
const quick = { firstDelayMs: 0, youngMs: 0 };
const make = (machine: Machine, options: Partial<RecoveringTrainerOptions<TrainerBase>> = {}) =>
  createRecoveringTrainer({ engine: machine.engine, trainer: machine.trainer, limits: quick, every: 5, ...options });

/** The state after so many steps without a loss. */
async function undisturbed(steps: number): Promise<NamedArrays> {
  const trainer = await make(new Machine());
  await trainer.train(batch, { steps });
  return trainer.save();
}

describe("training that loses its device", () => {
  test("ends in the state of an undisturbed run, wherever the device dies", async () => {
    const expected = await undisturbed(12);
    // 12 steps, two checkpoints and the save at the end
    for (let at = 0; at < 15; at++) {
      const machine = new Machine();
      machine.deaths.push(at, Math.max(1, at - 3));
      const repeated: number[] = [];
      const trainer = await make(machine, { onRecovered: (event) => repeated.push(event.repeated) });
      await trainer.train(batch, { steps: 12 });
      expect(await trainer.save(), `dies at call ${at}`).toEqual(expected);
      expect(trainer.steps).toBe(12);
      expect(machine.devices).toBeGreaterThan(1);
      // A checkpoint every 5 steps; some are made while it is being saved.
      expect(Math.max(...repeated), "steps since the checkpoint alone are made again").toBeLessThanOrEqual(8);
    }
  });

  test("answers calls that were not awaited in their order, with what they mean", async () => {
    const plain = new Machine();
    const alone = await plain.trainer(await plain.engine());
    const expected: unknown[] = [];
    for (let i = 0; i < 4; i++) {
      alone.learningRate = 0.1 * (i + 1);
      expected.push(await alone.step(Float32Array.of(i), Float32Array.of(i), { read: true }));
      expected.push(await alone.predict(Float32Array.of(i)));
    }
    expected.push(await alone.save());
    for (let at = 0; at < 10; at++) {
      const machine = new Machine();
      machine.deaths.push(at);
      const trainer = await make(machine);
      const x = Float32Array.of(0);
      const calls: Promise<unknown>[] = [];
      for (let i = 0; i < 4; i++) {
        x[0] = i;
        trainer.learningRate = 0.1 * (i + 1);
        calls.push(trainer.step(x, x, { read: true }), trainer.predict(x));
      }
      x[0] = 99;
      expect(await Promise.all([...calls, trainer.save()]), `dies at call ${at}`).toEqual(expected);
    }
  });

  test("ignores what an earlier device fails late", async () => {
    const machine = new Machine();
    const trainer = await make(machine);
    machine.late = 1;
    const predicted = trainer.predict(Float32Array.of(1));
    machine.lose();
    expect(await predicted).toEqual(Float32Array.of(2));
    await new Promise((resolve) => setTimeout(resolve, 40));
    await trainer.step(...batch(0));
    expect(machine.devices).toBe(2);
  });

  test("recovers when the device dies between calls", async () => {
    const machine = new Machine();
    const recovered = new Promise((resolve) => {
      void make(machine, { onRecovered: resolve }).then(async (trainer) => {
        await trainer.train(batch, { steps: 7 });
        machine.lose();
      });
    });
    expect(await recovered).toMatchObject({ steps: 7, repeated: 2, sameAdapter: true });
  });

  test("says that the adapter is another one", async () => {
    const machine = new Machine();
    const events: unknown[] = [];
    const trainer = await make(machine, { onRecovered: (event) => events.push(event) });
    await trainer.train(batch, { steps: 6 });
    machine.adapter = "B";
    machine.lose();
    await trainer.train(batch, { steps: 8 });
    expect(events).toMatchObject([{ sameAdapter: false, adapter: "B" }]);
  });

  test("goes on from the checkpoint that the store holds", async () => {
    const checkpoints = memoryCheckpoints();
    const first = await make(new Machine(), { checkpoints });
    await first.train(batch, { steps: 7 });
    await first.checkpoint();
    await first.dispose();
    const second = await make(new Machine(), { checkpoints });
    expect(second.steps).toBe(7);
    await second.train(batch, { steps: 12 });
    expect(await second.save()).toEqual(await undisturbed(12));
  });

  test("keeps what was refused refused, until the flag is cleared", async () => {
    // With a checkpoint every two steps one is due while the flag is set.
    for (const [cleared, every] of [
      [false, 5],
      [false, 2],
      [true, 5],
    ] as const) {
      const machine = new Machine();
      const trainer = await make(machine, { every });
      await trainer.step(...batch(0));
      expect(await codeOf(trainer.step(Float32Array.of(Number.NaN), Float32Array.of(0)))).toBe("non-finite");
      if (cleared) await trainer.clearNonFinite();
      await new Promise((resolve) => setTimeout(resolve, 5)); // a checkpoint would be stored by now
      machine.lose();
      expect(await codeOf(trainer.step(...batch(1)))).toBe(cleared ? "no error" : "non-finite");
      expect(machine.devices).toBe(2);
    }
  });

  test("takes a checkpoint earlier where batches are large", async () => {
    const machine = new Machine();
    const trainer = await make(machine, { every: 1000, keptBytes: 100 });
    for (let i = 0; i < 40; i++) await trainer.step(...batch(i));
    expect(machine.calls.filter((call) => call === "save").length).toBeGreaterThan(1);
    machine.lose();
    const before = machine.calls.length;
    await trainer.predict(Float32Array.of(0));
    expect(machine.calls.slice(before).filter((call) => call.startsWith("step")).length).toBeLessThan(20);
  });
});

describe("recovery ends", () => {
  test("when devices die young", async () => {
    const machine = new Machine();
    machine.deaths.push(2, 1, 1, 1, 1);
    const losses: number[] = [];
    const limits = { firstDelayMs: 1, youngMs: 60_000, youngDeaths: 3 };
    const trainer = await make(machine, { limits, onLost: ({ delayMs }) => losses.push(delayMs) });
    expect(await codeOf(trainer.train(batch, { steps: 10 }))).toBe("lost");
    expect(machine.devices).toBe(3);
    expect(losses).toEqual([1, 2]);
    expect(await codeOf(trainer.predict(Float32Array.of(0)))).toBe("lost");
  });

  test("when no adapter comes back in time, and waits for one that does", async () => {
    const machine = new Machine();
    const trainer = await make(machine, { limits: { ...quick, refusedMs: 10_000 } });
    await trainer.step(...batch(0));
    machine.refusals = 4;
    machine.lose();
    await trainer.step(...batch(1));
    machine.refusals = Number.POSITIVE_INFINITY;
    const impatient = await make(machine, { limits: { ...quick, firstDelayMs: 5, refusedMs: 20 }, engine: new Machine().engine });
    expect(impatient.steps).toBe(0);
    const refusing = new Machine();
    const third = await make(refusing, { limits: { ...quick, firstDelayMs: 5, refusedMs: 20 } });
    refusing.refusals = Number.POSITIVE_INFINITY;
    refusing.lose();
    expect(await codeOf(third.step(...batch(0)))).toBe("adapter");
  });

  test("when the adapter computes wrong values", async () => {
    const machine = new Machine();
    const trainer = await make(machine);
    machine.lose(new UnrollError("self-test", "wrong values"));
    expect(await codeOf(trainer.step(...batch(0)))).toBe("self-test");
    expect(machine.devices).toBe(1);
  });

  test("when it is disposed, and refuses what waits", async () => {
    const machine = new Machine();
    const trainer = await make(machine, { limits: { ...quick, firstDelayMs: 50 } });
    machine.lose();
    const waiting = codeOf(trainer.step(...batch(0)));
    await trainer.dispose();
    expect(await waiting).toBe("disposed");
    expect(await codeOf(trainer.save())).toBe("disposed");
    await new Promise((resolve) => setTimeout(resolve, 80));
    expect(machine.devices).toBe(1);
  });
});

describe("checkpoints", () => {
  test("a store that fails is reported by the next call, and loses nothing", async () => {
    const checkpoints: CheckpointStore = { ...memoryCheckpoints(), save: () => Promise.reject(new Error("the disk is full")) };
    const machine = new Machine();
    const trainer = await make(machine, { checkpoints, every: 2 });
    expect(await codeOf(trainer.train(batch, { steps: 10 }))).toBe("Error: the disk is full");
    expect(await codeOf(trainer.checkpoint())).toBe("Error: the disk is full");
    const { steps } = trainer;
    machine.lose();
    await trainer.predict(Float32Array.of(0));
    expect(trainer.steps).toBe(steps);
  });

  test("in a file are replaced as a whole", async () => {
    const folder = await mkdtemp(join(tmpdir(), "unroll-checkpoints-"));
    try {
      const store = fileCheckpoints(join(folder, "a.safetensors"));
      expect(await store.load()).toBeUndefined();
      const arrays: NamedArrays = { "model/0.dense/W": { dtype: "f32", shape: [2], data: Float32Array.of(1, -0.5) } };
      await store.save({ arrays, adapter: "A" });
      await store.save({ arrays, adapter: "B" });
      expect(await store.load()).toEqual({ arrays, adapter: "B" });
      expect(await readdir(folder)).toEqual(["a.safetensors"]);
      await writeFile(join(folder, "a.safetensors"), "nothing of the kind");
      expect(await codeOf(store.load())).toBe("format");
      await store.clear();
      expect(await store.load()).toBeUndefined();
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe("the budget", () => {
  test("doubles the wait from one young death to the next, and forgets them after a long life", () => {
    let now = 0;
    const budget = new RecoveryBudget({ youngDeaths: 4 }, () => now);
    const live = (ms: number) => {
      budget.born();
      now += ms;
      return budget.died();
    };
    expect([live(9_999), live(1), live(9_999)]).toEqual([100, 200, 400]);
    expect(live(10_000)).toBe(100);
    expect([live(1), live(1), live(1), live(1)]).toEqual([100, 200, 400, undefined]);
  });

  test("never waits longer than half a minute", () => {
    expect(new RecoveryBudget().delay(40)).toBe(30_000);
  });
});
