import { SELF_TEST_ANSWERS, SELF_TEST_STEPS, selfTestShader } from "../../shaders/self_test.wgsl.ts";
import { UnrollError } from "../errors.ts";
import { kernel, read, readWrite, write } from "../graph/kernel.ts";
import { formatAdapter } from "./device.ts";
import type { Gpu } from "./gpu.ts";
import { runKernelOn } from "./run-kernel.ts";

/** Invocations: more than a subgroup of any GPU has; on a software adapter few, as workgroup memory takes long to compile there. */
const sizeOf = (gpu: Gpu): number => (gpu.traits.software ? 16 : 64);

const sumTo = (i: number) => (i * (i + 1)) / 2;

/** The gradient that the walk ends with, at an even place. */
function walkBack(i: number): number {
  let [own, other] = [0, 0];
  for (let t = SELF_TEST_STEPS - 1; t >= 0; t--)
    [own, other] = [(Math.min(2.5, i) + 2 * own + other) * (2 - t / 2), (Math.min(2.5, i ^ 2) + 2 * other + own) * (2 - t / 2)];
  return own;
}

/** The right answer of an invocation to each of the tests. */
export function selfTestAnswer(test: number, i: number, size: number): number {
  switch (test) {
    case 0:
      return new Uint32Array(Float32Array.of(sumTo(i)).buffer)[0];
    case 1:
      return sumTo(size - 1 - i);
    case 2:
      return sumTo(size - 1 - (i ^ 1)) * 3 + 1;
    case 3:
      return Math.round(Math.exp(i / 64) * 1e4);
    default: {
      const gradient = walkBack(i ^ 2);
      return i % 2 === 1 ? 1 : Math.round((i + 2 - (0.5 * gradient) / (gradient + 1)) * 1e3);
    }
  }
}

/** What a test shows. */
const subjectOf = (test: number, i: number): string =>
  ["sums", "workgroup memory", "storage behind a barrier", "exp", i % 2 === 1 ? "NaN" : "a walk back through time and its update"][test];

/**
 * Runs a small kernel with known answers. Some adapters compute wrong values without any error; some have right forward passes and
 * gradients of 0; where NaN is dropped, nobody would see that training went wrong.
 * @throws UnrollError `self-test` with the adapter, what was tried and the first wrong value.
 */
export async function selfTest(gpu: Gpu): Promise<void> {
  const size = sizeOf(gpu);
  const test = kernel({
    name: "self-test",
    wgsl: selfTestShader(size),
    bindings: { x: read("f32"), state: readWrite("f32"), y: write("u32") },
  });
  const x = Float32Array.from({ length: size + 1 }, (_, i) => (i < size ? i : Number.NaN));
  const state = new Float32Array((SELF_TEST_STEPS + 1) * size);
  const run = { buffers: { x, state, y: SELF_TEST_ANSWERS * size }, workgroups: [1, 1, 1] } as const;
  const { y } = await runKernelOn(gpu, test, run, Promise.resolve());
  y.forEach((value, index) => {
    const [number, i] = [Math.floor(index / size), index % size];
    const right = selfTestAnswer(number, i, size);
    // What is rounded to whole units may be off by one.
    if (Math.abs(value - right) > (number >= 3 ? 1 : 0) || (right === 1 && value !== 1))
      throw new UnrollError(
        "self-test",
        `the adapter "${formatAdapter(gpu.adapter)}" computes wrong values (test ${number}, ${subjectOf(number, i)}, invocation ${i}: ${value} instead of ${right}); try another browser or update the GPU's driver`,
      );
  });
}
