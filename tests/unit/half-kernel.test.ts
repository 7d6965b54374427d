import { describe, expect, test } from "vitest";
import { fromHalf, toHalf } from "../../src/graph/half.ts";
import { Engine, kernel, read, runKernel, write } from "../../src/index.ts";
import { kernelReference } from "../../src/program/run-kernel.ts";

const twice = kernel({
  name: "twice",
  wgsl: "enable f16; @group(0) @binding(0) var<storage, read> x: array<f16>; @group(0) @binding(1) var<storage, read_write> y: array<f16>; @compute @workgroup_size(1) fn main() {}",
  bindings: { x: read("f16"), y: write("f16") },
  reference: ({ x, y }) =>
    x.forEach((value, i) => {
      y[i] = 2 * value;
    }),
});
const numbers = [0.5, -0.25, 1, 3e-5, -1000];
const buffers = { x: Uint16Array.from(numbers, toHalf), y: numbers.length };

describe("a kernel in half precision", () => {
  test("has its reference called with numbers, not with their bits", () => {
    const { y } = kernelReference(twice as never, { buffers });
    expect(Array.from(y)).toEqual(Array.from(buffers.x, (bits) => 2 * fromHalf(bits)));
  });

  test("gives halves on the reference engine", async () => {
    const engine = await Engine.create({ reference: true });
    const { y } = await runKernel(engine, twice, { buffers });
    expect(y).toBeInstanceOf(Uint16Array);
    expect(Array.from(y, fromHalf).slice(0, 3)).toEqual([1, -0.5, 2]);
    engine.dispose();
  });
});
