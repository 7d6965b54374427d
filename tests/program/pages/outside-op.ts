import {
  type Activation,
  abs,
  adam,
  add,
  apply,
  compile,
  div,
  Engine,
  type F32,
  foldGrid,
  glorot,
  gradient,
  input,
  kernel,
  matmul,
  meanSquaredError,
  mul,
  type Op,
  read,
  type Shape,
  square,
  variable,
  verify,
  write,
} from "../../../src/index.ts";
import { verifyOps } from "../../../src/verify/ops.ts";

/** y = x / (1 + |x|): an op that the library does not have, written as a user would write it. */
const softsignKernel = kernel({
  name: "softsign",
  wgsl: `
struct Params { size: u32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<uniform> params: Params;
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = (id.y * count.x + id.x) * 64u + lane;
  if (i < params.size) { y[i] = x[i] / (1.0 + abs(x[i])); }
}`,
  bindings: { x: read("f32"), y: write("f32") },
  params: { size: "u32" },
});

const size = (shape: Shape) => shape.reduce((product, n) => product * n, 1);

const softsignOp: Op = {
  name: "softsign",
  shape: ([x]) => [x],
  reference(_call, [x], [y]) {
    for (let i = 0; i < x.length; i++) y[i] = x[i] / (1 + Math.abs(x[i]));
  },
  gradient({ inputs: [x], gradients: [dy] }) {
    return [div(dy as F32, square(add(abs(x as F32), 1)))];
  },
  kernels: [
    {
      name: "one",
      allowed: () => true,
      plan: ({ inputs: [x] }) => ({
        dispatches: [
          {
            kernel: softsignKernel,
            bindings: { x: { input: 0 }, y: { output: 0 } },
            params: { size: size(x.shape) },
            workgroups: foldGrid(Math.ceil(size(x.shape) / 64)),
          },
        ],
      }),
    },
  ],
  cost: ({ inputs: [x] }) => ({ flops: 3 * size(x.shape), bytes: 8 * size(x.shape) }),
  // One sum and one division: 2.5 ULP for the division and half a unit for the sum.
  error: (_call, _inputs, [y]) => [y.map((value) => 4 * 2 ** -24 * Math.abs(value) + 1e-37)],
};

const softsign = <S extends Shape>(x: F32<S>): F32<S> => apply(softsignOp, [x], {})[0] as F32<S>;

export async function proof(slope: number) {
  const engine = await Engine.create();
  const broken: Op = {
    ...softsignOp,
    reference: (call, inputs, outputs) => {
      softsignOp.reference(call, inputs, outputs);
      for (let i = 0; i < outputs[0].length; i++) outputs[0][i] *= slope;
    },
  };
  const { ok, ops } = await verifyOps(engine, [
    { op: broken, samples: () => [1, 3, 7, 17, 33, 65, 130].map((n) => ({ inputs: [{ shape: [n, 3] }], attributes: {} })) },
  ]);
  engine.dispose();
  return { ok, cases: ops[0].cases };
}

export async function training() {
  const engine = await Engine.create({ seed: 2 });
  const x = input([32, 2]);
  const target = input([32, 1]);
  const W = variable("W", [2, 16], glorot());
  const V = variable("V", [16, 1], glorot());
  const loss = meanSquaredError(matmul(softsign(matmul(x, W)), V), target);
  const gradients = gradient(loss, [W, V]);
  const program = await compile(engine, { inputs: { x, target }, outputs: { loss }, updates: adam({ learningRate: 0.03 })(gradients) });
  const batch = {
    x: Float32Array.from({ length: 64 }, (_, i) => Math.sin(2.3 * i)),
    target: Float32Array.from({ length: 32 }, (_, i) => 0.5 * Math.sin(4.6 * i) - 0.2 * Math.sin(4.6 * i + 2.3)),
  };
  const { ok } = await verify(program, batch);
  const losses: number[] = [];
  for (let i = 0; i < 100; i++) losses.push((await program.run(batch, { read: ["loss"] })).loss[0]);
  engine.dispose();
  return { ok, first: losses[0], last: losses[99] };
}

/** An activation from outside in a fused epilogue. */
export async function activation() {
  const cube: Activation = {
    name: "cube",
    wgsl: "x * x * x",
    reference: (x) => x ** 3,
    derivative: (x) => 3 * x * x,
    error: (_x, y) => 4 * 2 ** -24 * Math.abs(y),
  };
  const engine = await Engine.create();
  const a = input([3, 5]);
  const b = input([5, 2]);
  const program = await compile(engine, { inputs: { a, b }, outputs: { y: matmul(a, b, { activation: cube }), z: mul(matmul(a, b), 1) } });
  const { y, z } = await program.run({ a: new Float32Array(15).fill(0.5), b: new Float32Array(10).fill(0.25) }, { read: ["y", "z"] });
  engine.dispose();
  return { y: Array.from(y), z: Array.from(z), dispatches: program.dispatches };
}
