import {
  compile,
  conv2dLayer,
  createTrainer,
  crossEntropy,
  dense,
  Engine,
  exp,
  flattenLayer,
  gradient,
  input,
  matmul,
  maxPool2dWithIndices,
  maxPoolLayer,
  maxUnpool2d,
  sequential,
  sgd,
  sumOfSquares,
} from "unroll-gpu";

const waves = (length: number) => Float32Array.from({ length }, (_, i) => Math.sin(1.7 * i));

/** Kernels of all kinds, those for software GPUs and those for real ones, which the lean package loads on demand: what comes out, as bits. */
export async function kinds(): Promise<readonly number[]> {
  const floats: number[] = [];
  for (const software of [true, false]) {
    const engine = await Engine.create({ traits: { software } });
    // Both are compiled at once.
    const results = await Promise.all([trained(engine), computed(engine)]);
    floats.push(...results.flat());
    engine.dispose();
  }
  return [...new Uint32Array(Float32Array.from(floats).buffer)];
}

/** Depthwise convolution, a pooling that is not fused, and an ordinary convolution of many channels. */
async function trained(engine: Engine): Promise<readonly number[]> {
  const model = sequential(
    conv2dLayer({ filters: 8, size: 3, groups: 8 }),
    maxPoolLayer({ size: 3, stride: 2 }),
    conv2dLayer({ filters: 32, size: 3 }),
    flattenLayer(),
    dense({ units: 10 }),
  );
  const options = { input: [13, 13, 8], batch: 2, loss: crossEntropy(), optimizer: sgd({ learningRate: 0.01 }), seed: 1 };
  const trainer = await createTrainer(engine, model, options);
  for (let step = 0; step < 3; step++) await trainer.step(waves(2 * 13 * 13 * 8), Int32Array.of(3, 7));
  const arrays = Object.values(await trainer.save());
  await trainer.dispose();
  return arrays.flatMap(({ dtype, data }) => (dtype === "f32" ? [...data] : []));
}

/** A product that is worth large tiles, a function of each element, and the gradient of max unpooling. */
async function computed(engine: Engine): Promise<readonly number[]> {
  const a = input([64, 128]);
  const x = input([1, 8, 8, 3]);
  const { y, indices } = maxPool2dWithIndices(x, { size: 2 });
  const spread = maxUnpool2d(y, indices, { size: 2 });
  const outputs = { exp: exp(matmul(a, a, { transposeB: true })), dx: gradient(sumOfSquares(spread), [x]).of(x) };
  const program = await compile(engine, { inputs: { a, x }, outputs });
  const read = await program.run({ a: waves(64 * 128).map((n) => n / 128), x: waves(192) }, { read: ["exp", "dx"] });
  program.dispose();
  return [...read.exp, ...read.dx];
}
