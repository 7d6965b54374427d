/*
 * What TypeScript knows of a graph and its program: names, dtypes and ranks. Checked by `npm run typecheck`; never run. Every
 * `@ts-expect-error` is a mistake that must not compile.
 */
import {
  add,
  compile,
  type Engine,
  type F32,
  gradient,
  input,
  matmul,
  meanSquaredError,
  relu,
  reshape,
  sgd,
  softmax,
  type Tensor,
  transpose,
  type Variable,
  variable,
} from "../../src/index.ts";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const holds = <T extends true>(): T | undefined => undefined;

type Matrix = readonly [number, number];
type Cube = readonly [number, number, number];

declare const engine: Engine;

const x = input([4, 3]);
const batch = input([8, 4, 3]);
const tokens = input([5, 2], "u32");
const W = variable("W", [3, 2]);
const b = variable("b", [2]);

// Ranks and dtypes of leaves; f32 is the default.
holds<Equal<typeof x, Tensor<"f32", Matrix>>>();
holds<Equal<typeof tokens, Tensor<"u32", Matrix>>>();
holds<Equal<typeof b, Variable<"f32", readonly [number]>>>();
// @ts-expect-error there is no such dtype
input([1], "f64");
// @ts-expect-error a variable needs a name
variable([3, 2]);

// Ranks of what ops return.
const y = matmul(x, W);
holds<Equal<typeof y, F32<Matrix>>>();
const cube: F32<Cube> = matmul(batch, W);
const sum: F32<Matrix> = add(y, b);
const same: F32<Matrix> = relu(softmax(sum));
const flat: F32<readonly [number]> = reshape(same, [8]);
const turned: F32<Matrix> = transpose(x);
// @ts-expect-error a product of matrices is a matrix
const wrongRank: F32<Cube> = matmul(x, W);
// @ts-expect-error reshape to one axis gives one axis
const wrongReshape: F32<Matrix> = reshape(same, [8]);
// @ts-expect-error u32 cannot be multiplied
matmul(tokens, W);
// @ts-expect-error two dtypes do not add
add(tokens, x);
// @ts-expect-error activations are of f32
relu(tokens);

// Gradients have the types of what they are taken with respect to.
const loss = meanSquaredError(y, input([4, 2]));
holds<Equal<typeof loss, F32<readonly []>>>();
const gradients = gradient(loss, [W]);
const dW: F32<Matrix> = gradients.of(W);
const [first] = gradients.tensors;
const alsoMatrix: F32<Matrix> = first;
// @ts-expect-error dLoss/dW is a matrix
const notCube: F32<Cube> = first;
// @ts-expect-error optimizers take gradients, not a loss
sgd({ learningRate: 0.1 })(loss);
// @ts-expect-error the learning rate has a name
sgd({ rate: 0.1 });

// Names and dtypes of what a run takes and gives.
const program = await compile(engine, { inputs: { x, tokens }, outputs: { y, loss } });
const results = await program.run({ x: new Float32Array(12), tokens: new Uint32Array(10) }, { read: ["y"] });
const values: Float32Array = results.y;
// @ts-expect-error loss was not asked for
results.loss;
// @ts-expect-error there is no output z
await program.run({ x: new Float32Array(12), tokens: new Uint32Array(10) }, { read: ["z"] });
// @ts-expect-error tokens are missing
await program.run({ x: new Float32Array(12) });
// @ts-expect-error there is no input z
await program.run({ x: new Float32Array(12), tokens: new Uint32Array(10), z: new Float32Array(1) });
// @ts-expect-error x is f32
await program.run({ x: new Int32Array(12), tokens: new Uint32Array(10) });
// @ts-expect-error tokens are u32
await program.run({ x: new Float32Array(12), tokens: new Float32Array(10) });
// @ts-expect-error inputs are tensors
await compile(engine, { inputs: { x: new Float32Array(12) }, outputs: { y } });
// @ts-expect-error updates come from an optimizer or from assign
await compile(engine, { inputs: { x }, updates: gradients });
// @ts-expect-error no engine
await compile({}, { inputs: { x }, outputs: { y } });

export const used = [cube, flat, turned, wrongRank, wrongReshape, dW, alsoMatrix, notCube, values];
