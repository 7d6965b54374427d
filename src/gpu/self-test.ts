import { selfTestShader } from "../../shaders/self_test.wgsl.ts";
import { UnrollError } from "../errors.ts";
import { kernel, read, write } from "../graph/kernel.ts";
import { formatAdapter } from "./device.ts";
import type { Gpu } from "./gpu.ts";
import { runKernelOn } from "./run-kernel.ts";

const SIZE = 64;

const sumTo = (i: number) => (i * (i + 1)) / 2;

function expected(index: number): number {
  const i = index % SIZE;
  switch (Math.floor(index / SIZE)) {
    case 0:
      return new Uint32Array(Float32Array.of(sumTo(i)).buffer)[0];
    case 1:
      return sumTo(SIZE - 1 - i);
    case 2:
      return sumTo(SIZE - 1 - (i ^ 1)) * 3 + 1;
    default:
      return Math.round(Math.exp(i / SIZE) * 1e4);
  }
}

/**
 * Runs a small kernel with known answers. Some adapters compute wrong values without any error.
 * @throws UnrollError `self-test` with the adapter and the first wrong value.
 */
export async function selfTest(gpu: Gpu): Promise<void> {
  const test = kernel({ name: "self-test", wgsl: selfTestShader(), bindings: { x: read("u32"), y: write("u32") } });
  const x = Uint32Array.from({ length: SIZE }, (_, i) => i);
  const { y } = await runKernelOn(gpu, test, { buffers: { x, y: 4 * SIZE }, workgroups: [1, 1, 1] });
  y.forEach((value, index) => {
    const tolerance = index >= 3 * SIZE ? 1 : 0;
    if (Math.abs(value - expected(index)) > tolerance)
      throw new UnrollError(
        "self-test",
        `the adapter "${formatAdapter(gpu.adapter)}" computes wrong values (test ${Math.floor(index / SIZE)}, invocation ${index % SIZE}: ${value} instead of ${expected(index)}); try another browser or update the GPU's driver`,
      );
  });
}
