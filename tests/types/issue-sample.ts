/*
 * The API as the issue that built the engine wrote it down, literally; around it only the constants, the weights that it calls
 * "alike", and data. `npm run typecheck` checks it, tests/gpu/issue-sample.test.ts runs it on the references and on a GPU.
 */
import {
  adam,
  add,
  clipNorm,
  compile,
  createTrainer,
  crossEntropy,
  dense,
  Engine,
  embedding,
  glorot,
  gradient,
  input,
  kernel,
  matmul,
  orthogonal,
  read,
  rnn,
  rnnLayer,
  runKernel,
  sequential,
  sgd,
  sumSquaredError,
  variable,
  write,
} from "../../src/index.ts";

const T = 6,
  B = 4,
  I = 3,
  H = 8,
  O = 2,
  V_TOKENS = 64;

const wgsl = `
struct Params { size: u32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<uniform> params: Params;
@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < params.size) { y[id.x] = 2.0 * x[id.x]; }
}`;

const values = (count: number, step: number) => Float32Array.from({ length: count }, (_, i) => Math.sin(step * i + 1));

/** `{}` to request a device, `{ device }`, or `{ reference: true }`. */
export async function issueSample(options: { device?: GPUDevice; reference?: true }) {
  const engine = await Engine.create(options);
  const x = input([T, B, I]),
    target = input([T, B, O]);
  const h0 = variable("h0", [B, H]);
  const W = variable("W", [H, H], orthogonal()),
    b = variable("b", [H]),
    c = variable("c", [O]);
  const U = variable("U", [I, H], glorot()),
    V = variable("V", [H, O], glorot());
  const { sequence, last } = rnn(x, { U, W, b, h0 });
  const y = add(matmul(sequence, V), c),
    loss = sumSquaredError(y, target);
  const gradients = gradient(loss, [U, W, b, V, c]);
  const train = await compile(engine, {
    inputs: { x, target },
    outputs: { loss },
    updates: sgd({ learningRate: 0.1 })(clipNorm(gradients, 1)),
  });
  const predict = await compile(engine, { inputs: { x }, outputs: { y } });
  const batch = { x: values(T * B * I, 0.7), target: values(T * B * O, 0.3) };
  const { loss: first } = await train.run(batch, { read: ["loss"] });
  for (let step = 0; step < 10; step++) await train.run(batch);
  const { loss: e } = await train.run(batch, { read: ["loss"] });
  const predicted = await predict.run({ x: batch.x }, { read: ["y"] });

  const trainer = await createTrainer(
    engine,
    sequential(embedding({ vocabulary: V_TOKENS, units: 8 }), rnnLayer({ units: 128 }), dense({ units: 64 })),
    { input: [T], batch: 32, loss: crossEntropy(), optimizer: adam(), clipNorm: 1, seed: 1 },
  );
  const tokens = Uint32Array.from({ length: T * 32 }, (_, i) => (7 * i) % V_TOKENS),
    next = tokens.map((token) => (token + 1) % V_TOKENS);
  await trainer.step(tokens, next);
  const logits = await trainer.predict(tokens);
  const saved = await trainer.save();

  const k = kernel({
    name: "double",
    wgsl,
    bindings: { x: read("f32"), y: write("f32") },
    params: { size: "u32" },
    workgroups: ({ params }) => [Math.ceil(params.size / 64), 1, 1],
    cost: ({ params }) => ({ flops: params.size, bytes: 8 * params.size }),
    reference: ({ x, y }) => y.set(x.map((value) => 2 * value)),
  });
  const doubled = await runKernel(engine, k, { buffers: { x: Float32Array.of(1, 2, 3), y: 3 }, params: { size: 3 } });

  engine.dispose();
  return {
    first: first[0],
    loss: e[0],
    lastShape: last.shape,
    y: predicted.y.length,
    logits: Array.from(logits),
    names: Object.keys(saved),
    doubled: Array.from(doubled.y),
  };
}
