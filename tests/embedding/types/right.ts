import {
  compile,
  createImageReader,
  createImageWriter,
  createTrainer,
  crossEntropy,
  decodeSafetensors,
  dense,
  Engine,
  encodeSafetensors,
  input,
  kernel,
  matmul,
  read,
  runKernel,
  save,
  sequential,
  sgd,
  variable,
  write,
} from "unroll-gpu";
import { benchmark, runBench } from "unroll-gpu/bench";
import { Engine as LeanEngine, matmul as leanMatmul } from "unroll-gpu/lean";

// What compiles with every TypeScript that README names, whatever types the app has. Never run.

export async function right(): Promise<readonly number[]> {
  const engine = await Engine.create({ powerPreference: "low-power" });
  const a = input([2, 3]);
  const labels = input([2], "i32");
  const program = await compile(engine, { inputs: { a, labels }, outputs: { c: matmul(a, variable("b", [3, 4])) } });
  await program.run({ a: new Float32Array(6), labels: new Int32Array(2) });
  const { c } = await program.run({ a: new Float32Array(6), labels: new Int32Array(2) }, { read: ["c"] });
  const values: Float32Array = c;

  const options = { input: [3], batch: 2, loss: crossEntropy(), optimizer: sgd({ learningRate: 0.1 }), seed: 1 };
  const trainer = await createTrainer(engine, sequential(dense({ units: 4 })), options);
  const { loss } = await trainer.step(new Float32Array(6), new Int32Array(2), { read: true });
  const bytes: Uint8Array = encodeSafetensors(await save(engine));
  decodeSafetensors(bytes);

  const reader = await createImageReader(engine, { batch: 1, size: [8, 8], channels: 1 });
  reader.read({ width: 8, height: 8, data: new Uint8ClampedArray(256) });
  const writer = await createImageWriter(engine, { shape: [8, 8, 1] });
  const { data } = await writer.pixels(new Float32Array(64));
  const pixels: Uint8ClampedArray = data;

  const double = kernel({ name: "double", wgsl: "", bindings: { x: read("f32"), y: write("f32") } });
  const { y } = await runKernel(engine, double, { buffers: { x: new Float32Array(4), y: 4 }, workgroups: [1, 1, 1] });
  await runBench({ kernels: [benchmark({ name: "double", kernels: [double], sizes: [{ buffers: { x: 4, y: 4 } }] })] });

  const lean = await LeanEngine.create();
  leanMatmul(a, a, { transposeB: true });
  for (const each of [program, reader, writer, engine, lean]) each[Symbol.dispose]();
  return [...values, loss, ...pixels, ...(y as Float32Array)];
}
