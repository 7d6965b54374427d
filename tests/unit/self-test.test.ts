import { describe, expect, test } from "vitest";
import { SELF_TEST_ANSWERS } from "../../shaders/self_test.wgsl.ts";
import { selfTestAnswer } from "../../src/gpu/self-test.ts";
import { Engine, input, mul } from "../../src/index.ts";
import { compile } from "../../src/program/compile.ts";
import { fakeDevice } from "../support/fake-device.ts";

/** Of a device that says to be no software adapter. */
const SIZE = 64;

/** A device that gives the self-test's right answers, but for one. */
function deviceWith(wrong?: { readonly test: number; readonly invocation: number; readonly value: number }): GPUDevice {
  const device = fakeDevice();
  const answers = Uint32Array.from({ length: SELF_TEST_ANSWERS * SIZE }, (_, i) => selfTestAnswer(Math.floor(i / SIZE), i % SIZE, SIZE));
  if (wrong) answers[wrong.test * SIZE + wrong.invocation] = wrong.value;
  const create = device.createBuffer.bind(device);
  device.createBuffer = (descriptor) => {
    const buffer = create(descriptor);
    if (descriptor.label === "self-test y staging") buffer.getMappedRange = () => answers.slice().buffer;
    return buffer;
  };
  return device;
}

const x = input([2]);

describe("an adapter whose self-test fails ends the engine", () => {
  test("with right answers it is trusted", async () => {
    const engine = await Engine.create({ device: deviceWith() });
    await compile(engine, { inputs: { x }, outputs: { y: mul(x, 2) } });
    engine.dispose();
  });

  test.each([
    ["sums", { test: 0, invocation: 7, value: 0 }, /test 0, sums, invocation 7: 0 instead of \d+/],
    ["workgroup memory", { test: 1, invocation: 0, value: 1 }, /workgroup memory, invocation 0: 1 instead of 2016/],
    ["storage", { test: 2, invocation: 1, value: 0 }, /storage behind a barrier, invocation 1/],
    ["a coarse function", { test: 3, invocation: 63, value: 26700 }, /exp, invocation 63: 26700 instead of 2676\d/],
    [
      "gradients that are 0",
      { test: 4, invocation: 2, value: 4000 },
      /a walk back through time and its update, invocation 2: 4000 instead of 35\d\d/,
    ],
    ["no update", { test: 4, invocation: 8, value: 0 }, /a walk back through time and its update, invocation 8/],
    ["NaN that is a number", { test: 4, invocation: 1, value: 2501 }, /NaN, invocation 1: 2501 instead of 1/],
    ["NaN that is 0", { test: 4, invocation: 63, value: 0 }, /NaN, invocation 63: 0 instead of 1/],
  ])("%s", async (_, wrong, message) => {
    const engine = await Engine.create({ device: deviceWith(wrong) });
    const reason = await engine.lost;
    expect(reason).toMatchObject({ code: "self-test", message: expect.stringMatching(message) });
    await expect(compile(engine, { inputs: { x }, outputs: { y: mul(x, 2) } })).rejects.toMatchObject({ code: "self-test" });
    expect(engine.memory.buffers).toBe(0);
  });
});
