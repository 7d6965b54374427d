import { selfTestShader } from "../../shaders/self_test.wgsl.ts";
import { UnrollError } from "../errors.ts";
import { kernel, read, write } from "../graph/kernel.ts";
import { formatAdapter } from "./device.ts";
import type { Gpu } from "./gpu.ts";
import { runKernelOn } from "./run-kernel.ts";

/** Invocations: more than a subgroup of any GPU has; on a software adapter few, as workgroup memory takes long to compile there. */
const sizeOf = (gpu: Gpu): number => (gpu.traits.software ? 16 : 64);

const sumTo = (i: number) => (i * (i + 1)) / 2;

function expected(index: number, size: number): number {
  const i = index % size;
  switch (Math.floor(index / size)) {
    case 0:
      return new Uint32Array(Float32Array.of(sumTo(i)).buffer)[0];
    case 1:
      return sumTo(size - 1 - i);
    case 2:
      return sumTo(size - 1 - (i ^ 1)) * 3 + 1;
    default:
      return Math.round(Math.exp(i / 64) * 1e4);
  }
}

/**
 * Runs a small kernel with known answers. Some adapters compute wrong values without any error.
 * @throws UnrollError `self-test` with the adapter and the first wrong value.
 */
export async function selfTest(gpu: Gpu): Promise<void> {
  const size = sizeOf(gpu);
  const test = kernel({ name: "self-test", wgsl: selfTestShader(size), bindings: { x: read("u32"), y: write("u32") } });
  const x = Uint32Array.from({ length: size }, (_, i) => i);
  const { y } = await runKernelOn(gpu, test, { buffers: { x, y: 4 * size }, workgroups: [1, 1, 1] }, Promise.resolve());
  y.forEach((value, index) => {
    const tolerance = index >= 3 * size ? 1 : 0;
    if (Math.abs(value - expected(index, size)) > tolerance)
      throw new UnrollError(
        "self-test",
        `the adapter "${formatAdapter(gpu.adapter)}" computes wrong values (test ${Math.floor(index / size)}, invocation ${index % size}: ${value} instead of ${expected(index, size)}); try another browser or update the GPU's driver`,
      );
  });
}
