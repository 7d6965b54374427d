import {
  compile,
  createImageReader,
  createImageWriter,
  createTrainer,
  crossEntropy,
  dense,
  Engine,
  input,
  matmul,
  sequential,
  sgd,
  variable,
} from "unroll-gpu";
import { Engine as LeanEngine } from "unroll-gpu/lean";

// What must not compile with any TypeScript that README names, whatever types the app has: a type that is missing would be `any`. Never run.

type IsAny<T> = 0 extends 1 & T ? true : false;

export async function wrong(): Promise<void> {
  const engine = await Engine.create();
  const a = input([2, 3]);
  const labels = input([2], "i32");
  const program = await compile(engine, { inputs: { a, labels }, outputs: { c: matmul(a, variable("b", [3, 4])) } });
  // @ts-expect-error integers for f32
  await program.run({ a: new Int32Array(6), labels: new Int32Array(2) });
  // @ts-expect-error f32 for integers
  await program.run({ a: new Float32Array(6), labels: new Float32Array(2) });
  // @ts-expect-error numbers
  await program.run({ a: [1, 2, 3, 4, 5, 6], labels: new Int32Array(2) });
  // @ts-expect-error an object that is no buffer
  await program.run({ a: { size: 6 }, labels: new Int32Array(2) });
  // @ts-expect-error no labels
  await program.run({ a: new Float32Array(6) });
  // @ts-expect-error a name that it does not have
  await program.run({ a: new Float32Array(6), labels: new Int32Array(2) }, { read: ["z"] });
  // @ts-expect-error no tensor
  matmul(a, 3);
  // @ts-expect-error integers
  matmul(a, labels);
  // @ts-expect-error no device
  await Engine.create({ device: 3 });
  // @ts-expect-error an object that is no device
  await LeanEngine.create({ device: { queue: 1 } });
  // @ts-expect-error no GPU
  await Engine.create({ gpu: "gpu" });
  // @ts-expect-error no such preference
  await Engine.create({ powerPreference: "highest" });

  const options = { input: [3], batch: 2, loss: crossEntropy(), optimizer: sgd({ learningRate: 0.1 }), seed: 1 };
  const trainer = await createTrainer(engine, sequential(dense({ units: 4 })), options);
  // @ts-expect-error numbers
  await trainer.step([1, 2, 3, 4, 5, 6], new Int32Array(2));
  // @ts-expect-error text
  await trainer.predict("x");

  const reader = await createImageReader(engine, { batch: 1, size: [8, 8], channels: 1 });
  // @ts-expect-error no image
  reader.read("picture.png");
  const writer = await createImageWriter(engine, { shape: [8, 8, 1] });
  // @ts-expect-error no array of f32
  await writer.draw(new Uint8Array(64), undefined as never);
  // @ts-expect-error no canvas
  await writer.draw(new Float32Array(64), 3);

  const known: readonly false[] = [
    false satisfies IsAny<typeof reader.values>,
    false satisfies IsAny<Parameters<typeof program.run>[0]["a"]>,
    false satisfies IsAny<NonNullable<Parameters<typeof Engine.create>[0]>["device"]>,
    false satisfies IsAny<Parameters<typeof trainer.step>[0]>,
    false satisfies IsAny<Parameters<typeof writer.draw>[1]>,
  ];
  void known;
}
