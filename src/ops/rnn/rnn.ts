import { check, checkOptions, describeMeant } from "../../errors.ts";
import { ACTIVATIONS_MEANT, type Activation } from "../../graph/op.ts";
import { applyOne, type F32, type Tensor } from "../../graph/tensor.ts";
import { formatType, type TensorType } from "../../graph/types.ts";
import { tanhActivation } from "../activation.ts";
import { gather } from "../gather/gather.ts";
import { matmul } from "../matmul/matmul.ts";
import { add } from "../pointwise/arithmetic.ts";
import { reshape } from "../shape/reshape.ts";
import { slice } from "../shape/slice.ts";
import { rnnWalkOp } from "./walk.ts";

type Matrix = F32<readonly [number, number]>;
type Sequence = F32<readonly [number, number, number]>;
type Tokens = Tensor<"i32", readonly [number, number]> | Tensor<"u32", readonly [number, number]>;

export interface RnnOptions {
  /** [I, H] as [in, out]: input to hidden. For tokens [V, H], one row for each token. */
  readonly U: Matrix;
  /** [H, H] as [in, out]: hidden to hidden, shared by all steps. */
  readonly W: Matrix;
  /** [H], added in each step. */
  readonly b?: F32<readonly [number]>;
  /** [B, H]: the state before the first step. 0 when left out. */
  readonly h0?: Matrix;
  /** f; `tanhActivation` unless another is given. Training needs one with a derivative from its output: tanh, relu, sigmoid. */
  readonly activation?: Activation;
}

export interface RnnResult {
  /** [T, B, H]: h of every step. */
  readonly sequence: Sequence;
  /** [B, H]: h of the last step. */
  readonly last: Matrix;
}

/**
 * A recurrent layer over a whole sequence: h_t = f(x_t·U + h_{t−1}·W + b), with the same U, W, b in all steps (Elman 1990;
 * Goodfellow et al., Deep Learning, 10.2). x is f32 [T, B, I], or i32/u32 tokens [T, B], which stand for one-hot vectors of
 * length V and pick rows of U. All x_t·U are one product, the steps are one walk, and the same holds backwards, so the number of
 * dispatches does not depend on T (up to H = 512; wider layers take one per step).
 * @throws UnrollError `shape` or `dtype` when x, U, W, b and h0 do not fit each other.
 */
export function rnn(x: Sequence | Tokens, options: RnnOptions): RnnResult {
  checkOptions("rnn", options, ["U", "W", "b", "h0", "activation"]);
  const { U, W, b, h0, activation = tanhActivation } = options;
  checkRnn(x, options);
  const xu = x.dtype === "f32" ? matmul(x as Sequence, U, b ? { bias: b } : {}) : embed(x as Tokens, U, b);
  const sequence: Sequence = applyOne(rnnWalkOp, h0 ? [xu, W, h0] : [xu, W], { activation });
  const [steps, batch, hidden] = sequence.shape;
  const end = steps > 1 ? slice(sequence, [steps - 1, 0, 0], [1, batch, hidden]) : sequence;
  const last = reshape(end, [batch, hidden]);
  return { sequence, last };
}

/** U's row for each token, plus b. */
function embed(tokens: Tokens, U: Matrix, b: RnnOptions["b"]): Sequence {
  const rows = gather(U, tokens) as Sequence;
  return b ? (add(rows, b) as Sequence) : rows;
}

function checkRnn(x: TensorType, { U, W, b, h0, activation }: RnnOptions): void {
  const isType = (value: unknown): value is TensorType =>
    typeof value === "object" && value !== null && Array.isArray((value as TensorType).shape);
  for (const [name, value] of Object.entries({ x, U, W, ...(b === undefined ? {} : { b }), ...(h0 === undefined ? {} : { h0 }) }))
    check(isType(value), "argument", () => `rnn: ${name} must be a tensor, not ${String(value)}`);
  check(
    activation === undefined || typeof activation?.reference === "function",
    "argument",
    () => `rnn: activation must be an activation such as tanhActivation, not ${describeMeant(activation, ACTIVATIONS_MEANT)}`,
  );
  const tokens = x.dtype === "i32" || x.dtype === "u32";
  check(tokens || x.dtype === "f32", "dtype", () => `rnn: x is ${formatType(x)}; expected f32, or i32 or u32 tokens`);
  check(
    x.shape.length === (tokens ? 2 : 3) && x.shape.every((n) => n > 0),
    "shape",
    () => `rnn: x is ${formatType(x)}; expected ${tokens ? "[steps, batch]" : "[steps, batch, inputs]"}, each at least 1`,
  );
  for (const [name, value] of Object.entries({ U, W, ...(b ? { b } : {}), ...(h0 ? { h0 } : {}) }))
    check(value.dtype === "f32", "dtype", () => `rnn: ${name} is ${formatType(value)}; it must be f32`);
  check(
    U.shape.length === 2 && U.shape[1] > 0 && (tokens || U.shape[0] === x.shape[2]),
    "shape",
    () => `rnn: x is ${formatType(x)} and U is ${formatType(U)}; expected U [${tokens ? "tokens" : x.shape[2]}, hidden]`,
  );
  const hidden = U.shape[1];
  const expectShape = (name: string, value: TensorType, shape: readonly number[]): void =>
    check(
      value.shape.length === shape.length && shape.every((n, i) => n === value.shape[i]),
      "shape",
      () => `rnn: x is ${formatType(x)} and U is ${formatType(U)}, so ${name} must be f32[${shape.join(", ")}], not ${formatType(value)}`,
    );
  expectShape("W", W, [hidden, hidden]);
  if (b) expectShape("b", b, [hidden]);
  if (h0) expectShape("h0", h0, [x.shape[1], hidden]);
}
