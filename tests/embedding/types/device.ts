import { compile, Engine, input, matmul } from "unroll-gpu";

// Where the app has WebGPU's types, the package takes and gives these themselves. Never run.

export async function device(own: GPUDevice, buffer: GPUBuffer, canvas: OffscreenCanvas): Promise<void> {
  const engine = await Engine.create({ device: own });
  await Engine.create({ gpu: navigator.gpu });
  const a = input([2, 3]);
  const program = await compile(engine, { inputs: { a }, outputs: { c: matmul(a, a, { transposeB: true }) } });
  await program.run({ a: buffer });
  // @ts-expect-error a texture is no buffer
  await program.run({ a: own.createTexture({ size: [1], format: "r8unorm", usage: 1 }) });
  void canvas;
}
