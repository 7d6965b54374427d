/** Largest finite f32. */
export const F32_MAX = 3.4028234663852886e38;

/** Results that round to infinity. */
const OVERFLOW = 3.4028235677973366e38;

/** One answer that is right, with its bounds. */
export interface Allowed {
  readonly outputs: readonly Float64Array[];
  readonly bounds: readonly (number | Float64Array)[];
}

export const allowedAt = (outputs: readonly Float64Array[], bounds: readonly (number | Float64Array)[]): Allowed => ({ outputs, bounds });

/** Whether inputs hold finite numbers beyond 1e18, whose products leave f32, or infinities. */
export interface Extent {
  readonly huge: boolean;
  readonly infinite: boolean;
  /** Whether inputs hold subnormals. */
  readonly tiny: boolean;
  /** Whether input 1 holds NaN or infinities. */
  readonly second: boolean;
}

const PRODUCTS = "its products and sums leave f32 on the way";
const SQUARES = "its squares leave f32";

/** Ops whose formula may leave f32 although the result does not, and why: of huge inputs only NaN is compared. */
const LEAVES_F32: Readonly<Record<string, string>> = {
  scaledProduct: PRODUCTS,
  mean: "the sum leaves f32 before it is divided",
  prod: PRODUCTS,
  prodNonzero: PRODUCTS,
  prodGradient: PRODUCTS,
  normL2: SQUARES,
  normL2Gradient: PRODUCTS,
  sumOfSquaresGradient: PRODUCTS,
  tanhGradient: "y is a tanh, so at most 1",
  sigmoidGradient: "y is a sigmoid, so at most 1",
  softmaxGradient: PRODUCTS,
  logSoftmaxGradient: PRODUCTS,
  logSumExpGradient: PRODUCTS,
  squaredError: SQUARES,
  squaredErrorGradient: PRODUCTS,
  crossEntropy: PRODUCTS,
  crossEntropyGradient: PRODUCTS,
  lpPool2d: "its powers leave f32",
  lpPool2dGradient: PRODUCTS,
  averagePool2d: "the sum leaves f32 before it is divided",
  averagePool2dGradient: PRODUCTS,
  resize2dGradient: PRODUCTS,
  batchNormTrain: SQUARES,
  batchNormGradient: PRODUCTS,
  batchNormSums: PRODUCTS,
  layerNormSums: PRODUCTS,
  batchNormInference: PRODUCTS,
  layerNorm: SQUARES,
  layerNormGradient: PRODUCTS,
  matmul: PRODUCTS,
  stateOuterProduct: PRODUCTS,
  rnnWalk: PRODUCTS,
  rnnWalkGradient: PRODUCTS,
  conv2d: PRODUCTS,
  conv2dInputGradient: PRODUCTS,
  conv2dFilterGradient: PRODUCTS,
  conv2dMaxPool2d: PRODUCTS,
};

/**
 * Convolutions multiply the zeros of their padding (and those between the pixels of a stride), as PyTorch does, or leave them out, as the
 * reference does: a NaN or infinite filter, or gradient for the filter, may make NaN of a number there.
 */
const PADDED = /^conv2d/;

/** Ops where ∞ meets what underflows to 0 in f32, and why: of infinite inputs ∞ may become NaN. */
const MEETS_ZERO: Readonly<Record<string, string>> = {
  logSumExpGradient: "g · exp(x − y), where the exponential is 0 in f32",
  logSoftmaxGradient: "exp(y) · Σ g, where the exponential is 0 in f32",
  crossEntropy: "Σ q (m − x) + log s · Σ q with infinite probabilities, where both sums are infinite",
  crossEntropyGradient: "share · exp(x − m), where the exponential is 0 in f32",
  batchNormTrain: "the means of parts, whose difference is ∞ − ∞",
  layerNorm: "the means of parts, whose difference is ∞ − ∞",
  batchNormSums: "gradient · x̂, where x̂ is ∞ · 0",
  layerNormSums: "gradient · x̂, where x̂ is ∞ · 0",
  resize2dGradient: "sums along one axis, then along the other: ∞ − ∞",
  softmaxGradient: "y · (g − Σ y·g) with y that no softmax gives",
  tanhGradient: "y that no tanh gives",
  sigmoidGradient: "y that no sigmoid gives",
};

/**
 * Gradients that divide a scale by an input before they multiply: where that input is subnormal and the device does not take it as 0, as
 * Mesa's lavapipe does not, the quotient is ∞ in f32.
 */
const DIVIDES_FIRST = /^(crossEntropy|squaredError)Gradient$/;

/** Sums in parts: of the largest numbers one part may be ∞, and an infinite input in another makes NaN of it. */
const SUMS = /^sum(To|Over)?$/;

/** What is wrong with a value, in words; undefined where it is one of those that are right. */
export function wrongAt(
  actual: number,
  allowed: readonly Allowed[],
  output: number,
  i: number,
  op: string,
  { huge, infinite, tiny, second }: Extent,
): string | undefined {
  for (const { outputs, bounds } of allowed) {
    const bound = bounds[output];
    const own = typeof bound === "number" ? bound : bound[i];
    if (isRight(actual, outputs[output][i], own)) return undefined;
    const right = outputs[output][i];
    if (huge && op in LEAVES_F32 && !Number.isNaN(right)) return undefined;
    // Winners follow from the values.
    if (op === "conv2dMaxPool2d" && output === 1 && (huge || infinite || second)) return undefined;
    if (second && PADDED.test(op) && Number.isNaN(actual)) return undefined;
    if (tiny && DIVIDES_FIRST.test(op) && !Number.isFinite(actual) && !Number.isNaN(right)) return undefined;
    if (huge && infinite && SUMS.test(op) && Number.isNaN(actual) && !Number.isFinite(right)) return undefined;
    if (infinite && op in MEETS_ZERO && Number.isNaN(actual) && !Number.isNaN(right)) return undefined;
  }
  return `${actual} instead of ${[...new Set(allowed.map(({ outputs }) => outputs[output][i]))].join(" or ")}`;
}

function isRight(actual: number, right: number, bound: number): boolean {
  if (Number.isNaN(right)) return Number.isNaN(actual);
  if (Number.isNaN(actual)) return false;
  // Beside special values a bound may be undefined; ordinary samples prove how close a number is.
  const allowed = !(bound >= 0) ? 1e-2 * Math.abs(right) + 1e-6 : bound + 1.2e-38;
  if (!Number.isFinite(right)) return actual === right;
  if (Math.abs(right) >= OVERFLOW) return actual === Math.sign(right) * Number.POSITIVE_INFINITY || Math.abs(actual - right) <= allowed;
  if (!Number.isFinite(actual)) return Math.abs(right) + allowed >= F32_MAX && Math.sign(actual) === Math.sign(right);
  return Math.abs(actual - right) <= allowed;
}
