import { check, checkOptions, describeMeant, UnrollError } from "../../errors.ts";
import { ACTIVATIONS_MEANT, type Activation, type Call, type GradientContext, type Op, type Variant } from "../../graph/op.ts";
import { applyOne, type F32, type Node, type Tensor } from "../../graph/tensor.ts";
import { type Broadcast, formatType, type Shape, sizeOf, type TensorType } from "../../graph/types.ts";
import { sumTo } from "../reduce/sum-to.ts";
import { reshape } from "../shape/reshape.ts";
import { matmulError } from "./error.ts";
import { batchSize, broadcastBatch, type MatmulAttributes, matmulProblem, matrixSizes } from "./problem.ts";
import { matmulReference } from "./reference.ts";
import { matmulSpot } from "./spot.ts";
import { stridedVariant } from "./strided.ts";
import { lowerWith, matmulKernels } from "./variants.ts";

function matmulShape(inputs: readonly TensorType[], attributes: MatmulAttributes): readonly TensorType[] {
  const [a, b, bias] = inputs;
  const seen = () =>
    `matmul: a is ${formatType(a)}${attributes.transposeA ? " (transposed)" : ""} and b is ${formatType(b)}${attributes.transposeB ? " (transposed)" : ""}`;
  for (const [name, type] of [
    ["a", a],
    ["b", b],
    ["bias", bias],
  ] as const) {
    if (name === "bias" && !type) continue;
    check(type && Array.isArray(type.shape), "argument", () => `matmul: ${name} must be a tensor, not ${String(type)}`);
    check(type.dtype === "f32", "dtype", () => `matmul: ${name} is ${formatType(type)}, it must be f32`);
    check(type.shape.length > 0, "shape", () => `matmul: ${name} is a scalar, it needs at least one axis`);
  }
  const f = attributes.activation;
  const isActivation = f === undefined || (typeof f === "object" && typeof f.wgsl === "string" && typeof f.reference === "function");
  check(
    isActivation,
    "argument",
    () => `matmul: activation must be an Activation such as reluActivation, not ${describeMeant(f, ACTIVATIONS_MEANT)}`,
  );
  check(!attributes.transposeA || a.shape.length > 1, "argument", () => `${seen()}: a vector cannot be transposed`);
  check(!attributes.transposeB || b.shape.length > 1, "argument", () => `${seen()}: a vector cannot be transposed`);
  const { m, n, ka, kb } = matrixSizes(a.shape, b.shape, attributes);
  check(ka === kb, "shape", () => `${seen()}: the inner sizes ${ka} and ${kb} differ`);
  const batch = broadcastBatch(a.shape.slice(0, -2), b.shape.slice(0, -2));
  check(batch, "shape", () => `${seen()}: the leading axes [${a.shape.slice(0, -2)}] and [${b.shape.slice(0, -2)}] do not broadcast`);
  if (bias) {
    check(b.shape.length > 1, "shape", () => `${seen()}: a product with a vector has no columns that a bias could be added to`);
    check(
      bias.shape.length === 1 && bias.shape[0] === n,
      "shape",
      () => `${seen()}, bias is ${formatType(bias)}: expected f32[${n}], one for each column`,
    );
  }
  const shape = [...batch, ...(a.shape.length > 1 ? [m] : []), ...(b.shape.length > 1 ? [n] : [])];
  return [{ dtype: "f32", shape }];
}

/** Takes over a bias along the last axis, and then an activation whose gradient needs only its result. */
function absorb(node: Node<MatmulAttributes>, consumer: Node) {
  const epilogue = consumer.op.epilogue;
  const [product] = node.outputs;
  if (epilogue === undefined || node.attributes.activation) return undefined;
  if (epilogue.kind === "activation") {
    if (!epilogue.activation.gradientFromOutput) return undefined;
    return { op: matmulOp, inputs: node.inputs, attributes: { ...node.attributes, activation: epilogue.activation } };
  }
  const bias = consumer.inputs.find((tensor) => tensor !== product);
  const fits =
    node.inputs.length === 2 &&
    node.inputs[1].shape.length > 1 &&
    consumer.inputs.length === 2 &&
    bias?.dtype === "f32" &&
    bias.shape.length === 1 &&
    bias.shape[0] === product.shape.at(-1);
  return fits ? { op: matmulOp, inputs: [...node.inputs, bias], attributes: node.attributes } : undefined;
}

/** 2·M·N·K operations for each matrix of the batch; each operand moves once. */
function cost(call: Call<MatmulAttributes>) {
  const p = matmulProblem(call);
  const elements = [...call.inputs, ...call.outputs].reduce((sum, type) => sum + sizeOf(type.shape), 0);
  return { flops: 2 * p.m * p.n * p.k * batchSize(p), bytes: 4 * elements };
}

const variants = (): readonly Variant<MatmulAttributes>[] => [
  ...matmulKernels.map(
    (kernel): Variant<MatmulAttributes> => ({
      name: kernel.name,
      allowed: (call, device) => kernel.allowed(matmulProblem(call), device),
      preference: (call, device) => kernel.preference(matmulProblem(call), device),
      plan: (call) => lowerWith(call, kernel),
    }),
  ),
  stridedVariant,
];

/** The op behind {@link matmul}. Inputs a, b and perhaps bias. */
export const matmulOp: Op<MatmulAttributes> = {
  name: "matmul",
  shape: matmulShape,
  reference: matmulReference,
  gradient: matmulGradient,
  kernels: /* @__PURE__ */ variants(),
  cost,
  error: matmulError,
  spot: matmulSpot,
  absorb,
};

type DropLast<S extends Shape> = S extends readonly [...infer Rest extends number[], number] ? Rest : Shape;
type DropRow<S extends Shape> = S extends readonly [...infer Rest extends number[], number, number] ? readonly [...Rest, number] : Shape;

/** The rank of a product: leading axes broadcast; a vector on either side leaves no axis of its own. */
export type Product<A extends Shape, B extends Shape> = number extends A["length"]
  ? Shape
  : number extends B["length"]
    ? Shape
    : A["length"] extends 1
      ? B["length"] extends 1
        ? readonly []
        : DropRow<B>
      : B["length"] extends 1
        ? DropLast<A>
        : Broadcast<A, B>;

export interface MatmulOptions {
  /** a holds [..., K, M] and is read as if its last two axes were swapped. */
  readonly transposeA?: boolean;
  /** b holds [..., N, K]. */
  readonly transposeB?: boolean;
  /** [N], added to each row. */
  readonly bias?: F32<readonly [number]>;
  /** Applied last, in the same kernel. Gradients need one that has `gradientFromOutput`. */
  readonly activation?: Activation;
}

/**
 * activation(a·b + bias) with a [..., M, K], b [..., K, N] → [..., M, N]. Leading axes broadcast as in NumPy; a vector a [K] is one
 * row, a vector b [K] one column, and the result loses that axis.
 * @throws UnrollError `shape`, `dtype` or `argument` when the operands do not fit.
 */
export function matmul<A extends Shape, B extends Shape>(a: F32<A>, b: F32<B>, options: MatmulOptions = {}): F32<Product<A, B>> {
  checkOptions("matmul", options, ["transposeA", "transposeB", "bias", "activation"]);
  const { transposeA = false, transposeB = false, bias, activation } = options;
  const inputs: Tensor[] = bias ? [a, b, bias] : [a, b];
  return applyOne(matmulOp, inputs, { transposeA, transposeB, ...(activation ? { activation } : {}) });
}

/** dLoss/d(a·b + bias) from dLoss/dy. */
function beforeActivation({ attributes, gradients, outputs }: GradientContext<MatmulAttributes>): F32 {
  const gradient = gradients[0] as F32;
  const f = attributes.activation;
  if (!f) return gradient;
  if (!f.gradientFromOutput)
    throw new UnrollError(
      "gradient",
      `matmul: activation ${f.name} has no gradient that needs only its result; apply it as an op of its own`,
    );
  return f.gradientFromOutput(gradient, outputs[0]) as F32;
}

/**
 * dA = dC·Bᵀ and dB = Aᵀ·dC, each with the transposes of the call and summed over the axes that were broadcast;
 * dbias is the sum over all rows.
 */
export function matmulGradient(context: GradientContext<MatmulAttributes>): readonly (Tensor | undefined)[] {
  const { inputs, needs } = context;
  const { transposeA, transposeB } = context.attributes;
  const [a, b, bias] = inputs as readonly F32[];
  const { m, n } = matrixSizes(a.shape, b.shape, context.attributes);
  const dz = beforeActivation(context);
  // Vectors become matrices.
  const batch = broadcastBatch(a.shape.slice(0, -2), b.shape.slice(0, -2)) ?? [];
  const matrixA = a.shape.length === 1 ? reshape(a, [1, a.shape[0]]) : a;
  const matrixB = b.shape.length === 1 ? reshape(b, [b.shape[0], 1]) : b;
  const dc = a.shape.length === 1 || b.shape.length === 1 ? reshape(dz, [...batch, m, n]) : dz;
  const back = (gradient: F32, to: F32, matrix: F32): F32 => {
    const summed = sumTo(gradient, matrix.shape);
    return to === matrix ? summed : reshape(summed, to.shape);
  };
  const da = () =>
    transposeA ? matmul(matrixB, dc, { transposeA: transposeB, transposeB: true }) : matmul(dc, matrixB, { transposeB: !transposeB });
  const db = () => {
    // One b for all of a: the rows of all matrices are one long sum.
    const flat = matrixB.shape.length === 2 && matrixA.shape.length > 2 && !transposeA;
    const rows = (x: F32) => (flat ? reshape(x, [sizeOf(x.shape.slice(0, -1)), x.shape[x.shape.length - 1]]) : x);
    const [x, d] = [rows(matrixA), rows(dc)];
    return transposeB ? matmul(d, x, { transposeA: true, transposeB: transposeA }) : matmul(x, d, { transposeA: !transposeA });
  };
  return [
    needs[0] ? back(da(), a, matrixA) : undefined,
    needs[1] ? back(db(), b, matrixB) : undefined,
    ...(bias ? [needs[2] ? sumTo(dz, bias.shape) : undefined] : []),
  ];
}
