import { describe, expect, test } from "vitest";
import { add, compile, Engine, loadProgram, loadTrainer, sum, type UnrollError, variable } from "../../src/index.ts";
import { at, damageAll, damaged, type Json, type Path } from "../support/damage.ts";
import { programFile, trainerFile } from "../support/exported-files.ts";
import { strictDevice } from "../support/strict-device.ts";

describe.each([
  ["trainer", trainerFile, loadTrainer],
  ["program", programFile, loadProgram],
] as const)("a damaged file of a %s", (_, make, load) => {
  test("is refused by the place that is wrong, and leaves nothing behind", async () => {
    const { tried, refused, ...found } = await damageAll((await make()) as unknown as Json, load, 1);
    expect(found).toEqual({ wrong: [], violations: [] });
    expect(tried).toBeGreaterThan(300);
    expect(refused).toBeGreaterThan(0.9 * tried);
  });
});

describe("a file that does not keep to what it declares", () => {
  const engineOf = () => Engine.create({ device: strictDevice().device, selfTest: false });
  const refusal = async (file: object): Promise<string> => {
    const engine = await engineOf();
    const error = await (("settings" in file ? loadTrainer : loadProgram)(engine, file) as Promise<unknown>).then(
      () => undefined,
      (cause: unknown) => cause,
    );
    expect(error).toMatchObject({ name: "UnrollError", code: "format" });
    expect(engine.memory.buffers).toBe(1);
    return (error as UnrollError).message;
  };
  const plan = ["programs", "program", "plans", "hardware"] as const;

  test.each<[string, Path, Json, RegExp]>([
    [
      "a negative place",
      [...plan, "dispatches", 0, "at", 0, 1],
      -256,
      /dispatch 0, place 0: its offset must be a whole number from 0 to \d+, not -256$/,
    ],
    [
      "a place behind the end",
      [...plan, "dispatches", 0, "at", 0, 2],
      1e6,
      /dispatch 0, place 0: its bytes must be a whole number from 0 to \d+, not 1000000$/,
    ],
    [
      "a buffer that is none",
      [...plan, "dispatches", 0, "at", 0, 0],
      99,
      /dispatch 0, place 0: its buffer must be a whole number from 0 to \d+, not 99$/,
    ],
    [
      "an output larger than its place",
      ["programs", "program", "outputs", "y", "shape", 0],
      4000,
      /output 0: its bytes must be 32000, as its type has, not 24$/,
    ],
    [
      "an output smaller than its place",
      ["programs", "program", "outputs", "y", "shape", 0],
      1,
      /output 0: its bytes must be 8, as its type has, not 24$/,
    ],
    [
      "an input that is none",
      [...plan, "buffers", 0],
      { input: "constructor" },
      /buffer 0: input must be an input of the program, not "constructor"$/,
    ],
    ["a segment that is none", [...plan, "buffers", 0], { segment: 1 }, /buffer 0: segment must be a whole number from 0 to 0, not 1$/],
    [
      "control words of a stranger",
      [...plan, "buffers", 0],
      { control: "v", optimizer: "adam" },
      /buffer 0: control must be of a variable and an optimizer among the states/,
    ],
    [
      "what an optimizer of a stranger keeps",
      [...plan, "buffers", 0],
      { segment: 0, mirror: "adam.first_moment" },
      /buffer 0: mirror must be gradient, or a state of its variables/,
    ],
    [
      "a state of a stranger",
      ["programs", "program", "states"],
      [["stranger", "adam", "step"]],
      /state 0 must be a variable of this file, an optimizer and a state, not "stranger"$/,
    ],
    [
      "a kernel that is none",
      [...plan, "dispatches", 0, "kernel"],
      17,
      /dispatch 0: its kernel must be a whole number from 0 to \d+, not 17$/,
    ],
    [
      "a param that is no number",
      [...plan, "dispatches", 0, "params", "size"],
      "constructor",
      /dispatch 0: param "size" must be a whole number from 0 to 4294967295, not "constructor"$/,
    ],
    [
      "more workgroups than any device has",
      [...plan, "dispatches", 0, "workgroups", 1],
      65536,
      /dispatch 0: workgroups must be a whole number from 0 to 65535, not 65536$/,
    ],
    [
      "an access of no kind",
      ["kernels", 0, "bindings", "a", "access"],
      "own",
      /kernel 0: bindings "a": access must be "read" or "write" or "read_write", not "own"$/,
    ],
    [
      "a type of no kind",
      ["segments", 0, 0, "dtype"],
      "__proto__",
      /segment 0, variable 0: dtype must be a type of elements, not "__proto__"$/,
    ],
    [
      "a variable elsewhere",
      ["segments", 0, 1, "offset"],
      512,
      /segment 0, variable 1: offset must be 256, behind the one before it, not 512$/,
    ],
    ["a name twice", ["segments", 0, 1, "name"], "w", /segment 0, variable 1: name must be a name that no other variable has, not "w"$/],
    [
      "a variable beyond all devices",
      ["segments", 0, 0, "shape"],
      [2 ** 26],
      /segment 0, variable 0: its bytes must be a whole number from 0 to 134217728, not 268435456$/,
    ],
    [
      "a range of indices in no input",
      ["programs", "program", "indices"],
      [{ input: "z", low: 0, high: 3, op: "gather", of: "rows", parts: [] }],
      /range 0: input must be an input of whole numbers, not "z"$/,
    ],
    [
      "a check of no type",
      [...plan, "checks"],
      [{ low: 0, high: 3, op: "gather", of: "rows", type: { dtype: "i32", shape: [-1] } }],
      /check 0: shape: a size must be a whole number/,
    ],
    [
      "bounds that are none",
      [...plan, "checks"],
      [{ low: 0, high: 1e99, op: "gather", of: "rows", type: { dtype: "i32", shape: [1] } }],
      /check 0: its bounds must be a whole number/,
    ],
    ["no program", ["programs"], { constructor: {} }, /program "constructor": label must be text/],
  ])("%s", async (_, path, value, message) => {
    const file = (await programFile()) as unknown as Json;
    expect(at(file, path.slice(0, -1))).toBeTypeOf("object");
    expect(await refusal(damaged(file, path, value) as object)).toMatch(message);
  });

  test("binds nothing that is written twice", async () => {
    const file = (await trainerFile()) as unknown as Json;
    const dispatches = at(file, ["programs", "step 2", "plans", "hardware", "dispatches"]) as unknown as { at: Json[]; kernel: number }[];
    const kernels = at(file, ["kernels"]) as unknown as { bindings: Record<string, { access: string }> }[];
    const i = dispatches.findIndex(
      ({ at: places, kernel }) => places.length > 1 && Object.values(kernels[kernel].bindings).some(({ access }) => access !== "read"),
    );
    const j = Object.values(kernels[dispatches[i].kernel].bindings).findIndex(({ access }) => access !== "read");
    const path = ["programs", "step 2", "plans", "hardware", "dispatches", i, "at", j === 0 ? 1 : 0];
    expect(await refusal(damaged(file, path, dispatches[i].at[j]) as object)).toMatch(
      /dispatch \d+, place \d must be apart from place \d, as one of them is written/,
    );
  });

  test("a trainer's programs are called and shaped as its calls want them", async () => {
    const file = (await trainerFile()) as unknown as Json;
    const step = at(file, ["programs", "step 2"]);
    expect(await refusal(damaged(file, ["programs", "__proto__"], step) as object)).toMatch(
      /a program is called "__proto__"; expected "step 32"/,
    );
    expect(await refusal(damaged(file, ["programs", "step 3"], step) as object)).toMatch(/program "step 3": x must have 9 values$/);
    expect(await refusal(damaged(file, ["programs", "evaluate 2"], at(file, ["programs", "predict 2"])) as object)).toMatch(
      /program "evaluate 2" must take x, target$/,
    );
    for (const name of ["loss", "norm"]) {
      const { [name]: _, ...others } = at(file, ["programs", "step 2", "outputs"]) as Record<string, Json>;
      expect(await refusal(damaged(file, ["programs", "step 2", "outputs"], others) as object)).toMatch(
        /outputs must be as many places|must give loss, norm/,
      );
    }
  });

  test("says of no indices that lie outside of their input", async () => {
    const file = (await trainerFile()) as unknown as Json;
    const range = (parts: Json) => [{ input: "target", low: 0, high: 4, op: "crossEntropy", of: "classes", parts }];
    const step = ["programs", "step 2", "indices"];
    await loadTrainer(await engineOf(), damaged(file, step, range([[0, 6, 0, 1]])) as object);
    for (const parts of [[[0, 7, 0, 1]], [[0, 2, 3, 3]], [[-1, 2, 0, 1]], [[0, 1, 1]], [3], { length: 0 }])
      expect(await refusal(damaged(file, step, range(parts as Json)) as object)).toMatch(
        /program "step 2": range 0: (a part|parts) must be/,
      );
  });

  test("touches no variable of the engine but its own, though they lie side by side", async () => {
    const engine = await engineOf();
    // the engine's segment goes on behind those of the file
    const [w, v, secret] = [variable("w", [3, 2]), variable("v", [2]), variable("secret", [64])];
    await compile(engine, { inputs: {}, outputs: { all: add(add(sum(w), sum(v)), sum(secret)) } });
    const file = (await programFile()) as unknown as Json;
    await loadProgram(engine, file as object);
    const buffers = at(file, [...plan, "buffers"]) as Record<string, Json>[];
    const segment = buffers.findIndex((buffer) => "segment" in buffer);
    const dispatches = at(file, [...plan, "dispatches"]) as unknown as { at: number[][] }[];
    const [i, j] = dispatches.flatMap(({ at: places }, d) => places.flatMap(([buffer], p) => (buffer === segment ? [[d, p]] : [])))[0];
    for (const place of [
      [segment, 512, 256],
      [segment, 0, 768],
      [segment, 512, 4],
    ])
      await expect(loadProgram(engine, damaged(file, [...plan, "dispatches", i, "at", j], place) as object)).rejects.toMatchObject({
        code: "format",
      });
  });

  test("messages are no longer than a page", async () => {
    const file = (await programFile()) as unknown as Json;
    const paths: Path[] = [
      ["format"],
      ["kernels", 0, "name"],
      ["segments", 0, 0, "name"],
      ["segments", 0, 0, "initial"],
      ["segments", 0, 0, "initial", 0],
      ["segments", 0, 0, "dtype"],
      ["programs", "program", "label"],
      [...plan, "buffers", 0],
      [...plan, "dispatches", 0, "params", "size"],
    ];
    for (const path of paths) expect((await refusal(damaged(file, path, "n".repeat(3_000_000)) as object)).length).toBeLessThan(500);
    for (const path of [
      ["programs", "n".repeat(3_000_000)],
      ["programs", "program", "inputs", "n".repeat(3_000_000)],
    ])
      expect((await refusal(damaged(file, path, 3) as object)).length).toBeLessThan(500);
  });
});
