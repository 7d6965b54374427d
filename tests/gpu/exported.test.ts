import { describe, expect, test } from "vitest";
import { inPage } from "../support/page.ts";
import { damagedFiles, NETWORKS, sameBitsTests } from "./sweeps/exported.ts";

const PAGE = "tests/gpu/pages/exported.ts";

sameBitsTests("part");

describe("a trainer that was exported gives the bits of one that is compiled on the page", () => {
  test("all networks are tried", async () => {
    expect(await inPage(PAGE, "networks")).toEqual([...NETWORKS]);
  });

  test.each(["perceptron", "characters"])("%s: checkpoints go from one to the other, and to a device with more", async (name) => {
    const [compiled, loaded, full] = await inPage<number[][]>(PAGE, "checkpoints", name);
    expect(new Set(compiled).size).toBeGreaterThan(100);
    expect(loaded).toEqual(compiled);
    expect(full).toEqual(compiled);
  });

  test("first values are drawn by the seed of the file, or by another", async () => {
    const { own, other, exportedWithOther } = await inPage<Record<string, number[]>>(PAGE, "seeds", "characters");
    expect(own.length).toBeGreaterThan(500);
    expect(other).not.toEqual(own);
    expect(other).toEqual(exportedWithOther);
  });

  test("on an engine that has its variables from elsewhere, in the same order, it shares them", async () => {
    const [compiled, loaded] = await inPage<number[][]>(PAGE, "sharedVariables");
    expect(new Set(compiled).size).toBeGreaterThan(30);
    expect(loaded).toEqual(compiled);
  });
});

describe("a graph of one's own", () => {
  test("runs the same when it was exported", async () => {
    const result = await inPage<{
      compiled: number[][];
      loaded: number[][];
      located: unknown;
      inputs: unknown;
      saved: string[][];
      reported: string;
    }>(PAGE, "ownGraph");
    expect(new Set(result.compiled.flat()).size).toBeGreaterThan(60);
    expect(result.loaded).toEqual(result.compiled);
    expect(result.located).toEqual({ bytes: 60, type: { dtype: "f32", shape: [3, 5] } });
    expect(result.inputs).toEqual({ x: { dtype: "f32", shape: [3, 5] } });
    expect(result.saved).toEqual([["total"], ["total"]]);
    expect(result.reported).toBe(
      "argument: report: this program was exported, which leaves its graph behind; report it where it is compiled",
    );
  });

  test("goes on from a checkpoint that was loaded before it", async () => {
    const [here, there] = await inPage<[string, number[]][][]>(PAGE, "loadedBefore");
    expect(here.map(([name]) => name)).toEqual(["w", "w#adam.step", "w#adam.first_moment", "w#adam.second_moment"]);
    expect(there).toEqual(here);
  });
});

test("mistakes are told in the user's words, and leave nothing behind", async () => {
  expect(await inPage(PAGE, "mistakes")).toEqual({
    step: "size: step: this trainer was exported for batches of 5, not of 2; see batches of exportTrainer",
    predict: "size: predict: this trainer was exported for batches of 1, 2, not of 5; see batches of exportTrainer",
    evaluate: "size: evaluate: this trainer was exported without it; see batches of exportTrainer",
    target: "dtype: step: target is f32[5, 3]; give a Float32Array or a GPUBuffer, not an Int32Array",
    format: 'format: loadTrainer: the object must be of the format "unroll-trainer/1", not "something"',
    program: 'format: loadProgram: the object must be of the format "unroll-program/1", not "unroll-trainer/1"',
    text: 'argument: loadTrainer: give the object that the JSON file holds, not "lenet.json"',
    reference: "argument: load: this engine runs on the CPU references; what was exported needs a GPU",
    damaged: 'format: load: program "step 5": plans must be at least one, not an Object',
    beyond: expect.stringMatching(
      /^format: load: program "step 5": plans "software": dispatch 0, place 0: its bytes must be a whole number from 0 to \d+, not 1000000$/,
    ),
    torn: expect.stringMatching(/^format: load: kernel 0: params must be the fields of the uniform in its code, not "\w+:u32/),
    uncompiled: expect.stringMatching(/^shader: kernel ".+" does not compile: /),
    unbound: expect.stringMatching(/^format: load "training step, batch 5": WebGPU refuses to run it: .*[Bb]inding/),
    taken: expect.stringMatching(/^name: this engine has a variable "model\/0.dense\/W" already, of another model: .*share: true/),
    order: expect.stringMatching(/^name: load: variables of this file lie elsewhere on this engine \("model\/0.dense\/b" does\)/),
    option: 'name: loadTrainer: there is no option "sed"; options are seed, share, maxPrograms',
    nonFinite: expect.stringMatching(/^non-finite: run 1 of program "training step, batch 5": the loss and a gradient were not finite/),
    subgroups:
      'limit: load "training step, batch 7": it was exported for devices with subgroups of at least 4, which this one has not; export for "hardware", too',
    without: "no error",
    leftOver: 0,
  });
});

damagedFiles(25);
