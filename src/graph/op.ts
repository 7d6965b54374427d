import type { Cost, Kernel, Workgroups } from "./kernel.ts";
import type { Node, Tensor } from "./tensor.ts";
import type { TensorType } from "./types.ts";

/** One application of an op, as far as shapes tell. */
export interface Call<A = unknown> {
  readonly inputs: readonly TensorType[];
  readonly outputs: readonly TensorType[];
  readonly attributes: A;
}

/** What the planner knows of a device. Kernels may ask nothing else. */
export interface DeviceTraits {
  /** A software adapter such as SwiftShader or lavapipe: register tiles without workgroup memory win there, and lose on a real GPU. */
  readonly software: boolean;
  /** Has `shader-f16`. */
  readonly f16: boolean;
  /** Subgroup sizes, where subgroups exist and the WGSL `enable subgroups` works. */
  readonly subgroups?: { readonly min: number; readonly max: number };
  readonly maxWorkgroupStorage: number;
  readonly maxInvocations: number;
  readonly maxWorkgroupSizeX: number;
  readonly maxStorageBuffers: number;
  readonly maxBindingBytes: number;
  /** A rough estimate of the f32 rate that a kernel with dependent steps reaches, FLOP/s; only for predicting long walks. */
  readonly walkFlops: number;
}

/** What a dispatch binds: an input, output or temporary of the call, by index. */
export type Operand = { readonly input: number } | { readonly output: number } | { readonly temporary: number };

export interface Dispatch {
  readonly kernel: Kernel;
  /** One for each binding of the kernel. Where two read bindings get the same tensor the kernel is still fine; write bindings never share. */
  readonly bindings: Readonly<Record<string, Operand>>;
  /** Bindings that are buffers of the engine: the number of the run, the words of STATUS. Only in dispatches that the planner adds. */
  readonly engine?: Readonly<Record<string, "counter" | "status">>;
  readonly params?: Readonly<Record<string, number>>;
  readonly workgroups: Workgroups;
}

/** How one variant computes one call: dispatches in order, with temporaries that live only between them. */
export interface Lowering {
  readonly dispatches: readonly Dispatch[];
  readonly temporaries?: readonly TensorType[];
}

/** One hand-written way to compute an op. */
export interface Variant<A = unknown> {
  readonly name: string;
  /** Whether this variant gives right results for this call on this device. */
  allowed(call: Call<A>, device: DeviceTraits): boolean;
  /** The planner takes the allowed variant with the highest preference; the first listed wins a tie. Default 0. */
  preference?(call: Call<A>, device: DeviceTraits): number;
  /** Inputs whose buffer output 0 may take over (same dtype and size), best first. Then `plan` gets that index as `inPlace`. */
  inPlace?(call: Call<A>): readonly number[];
  /**
   * With `inPlace` = i, output 0 and input i are one buffer: bind it once, as `{ output: 0 }` with `readWrite`, and do not bind
   * input i (or any other input that is the same tensor) beside it.
   */
  plan(call: Call<A>, device: DeviceTraits, inPlace?: number): Lowering;
}

export interface GradientContext<A = unknown> {
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  readonly attributes: A;
  /** dLoss/dOutput for each output; undefined where the loss does not depend on it. At least one is there. */
  readonly gradients: readonly (Tensor | undefined)[];
  /** Whether dLoss/dInput is asked for; the rest may be undefined. */
  readonly needs: readonly boolean[];
}

/** Which indices an input of an op may hold. */
export interface IndexRange {
  /** The least and the greatest index. */
  readonly low: number;
  readonly high: number;
  /** One more allowed value, which stands for no index. */
  readonly ignore?: number;
  /** What an index selects, for messages: "10 classes". */
  readonly of: string;
  /** The input that holds what is selected, where that helps to name it. */
  readonly from?: number;
  /** An input of as many elements: where it holds 0, the index is not used and may be anything. */
  readonly mask?: number;
}

/** Elements at base + Σ c_d · stride_d, in row-major order of the coordinates c. */
export interface Box {
  readonly sizes: readonly number[];
  readonly strides: readonly number[];
  readonly base: number;
}

/** Where output 0 gets its elements from. */
export interface Moves {
  /** The box lies in the input and the output is dense; with `scatter` the input is dense and the box lies in the output. */
  readonly boxes: readonly { readonly input: number; readonly box: Box; readonly scatter?: boolean }[];
  /** What all other elements are. */
  readonly fill?: number;
}

/** A node that stands for two: what {@link Op.absorb} returns. */
export interface Fused {
  readonly op: Op<never>;
  readonly inputs: readonly Tensor[];
  readonly attributes: unknown;
}

/**
 * An operation with its six faces. All methods are pure. Ops are values: a graph holds its ops directly, so an app ships only
 * the ops that it imports.
 */
export interface Op<A = unknown> {
  readonly name: string;
  /** Face 1, shape: the output types. Every misuse ends here, with an UnrollError that names the op, the argument and the sizes seen. */
  shape(inputs: readonly TensorType[], attributes: A): readonly TensorType[];
  /** Face 2, reference: fills `outputs` from `inputs`, row-major, in f64, whatever the dtype. */
  reference(call: Call<A>, inputs: readonly Float64Array[], outputs: readonly Float64Array[]): void;
  /** Face 3, gradient: dLoss/dInput for each input, made of ops; undefined where there is none (integers, constants, masks). */
  gradient(context: GradientContext<A>): readonly (Tensor | undefined)[];
  /** Face 4: the kernels. Empty only for views. */
  readonly kernels: readonly Variant<A>[];
  /** Face 5, cost of a call. */
  cost(call: Call<A>): Cost;
  /**
   * Face 6, error: for each output the bound on |GPU − reference|, one number for all elements or one for each, from the
   * length of the sums and the accuracy of the functions used. `inputs` are exact in f32; `outputs` are the reference's.
   */
  error(call: Call<A>, inputs: readonly Float64Array[], outputs: readonly Float64Array[]): readonly (number | Float64Array)[];
  /**
   * One element of output 0 with its bound, for calls too large to be computed whole in the proof (over 2e8 multiply-adds): there
   * the verifier checks 1,000 fixed random elements.
   */
  spot?(call: Call<A>, inputs: readonly Float64Array[], index: number): { readonly value: number; readonly error: number };
  /** Output 0 has the bytes of input 0 (reshape): no kernel runs. */
  readonly view?: boolean;
  /**
   * For each input that holds indices which they may be; undefined for the others. Arrays from the host are checked when `run` is called,
   * all others on the GPU. What is out of range all the same must not touch another element: floats become NaN, integers 0.
   */
  indices?(call: Call<A>): readonly (IndexRange | undefined)[];
  /** Output 0 holds elements of the inputs, unchanged: which. (`view` says it for reshape.) By it, indices are traced to where they come from. */
  moves?(call: Call<A>): Moves;
  /** Output 0 holds whole numbers of at least 0 and less than this: indices that need no check. */
  below?(call: Call<A>): number;
  /** Draws from a counter that the program advances each run (random numbers): never merged, never folded. */
  readonly random?: boolean;
  /**
   * What an earlier node's kernel could do for this op in its epilogue. Read by other ops' `absorb`, so that they need not import
   * this op. `bias`: adds a vector along the last axis. `activation`: a function of one value. `maxPool`: maxima and winners of
   * windows, with attributes `window`, `ceilMode` and perhaps `activation`.
   */
  readonly epilogue?: { readonly kind: "bias" | "maxPool" } | { readonly kind: "activation"; readonly activation: Activation };
  /**
   * Offers to do the work of `consumer`, the only node that reads this node's only output, too. The returned node's outputs must have
   * the types of the consumer's.
   */
  absorb?(node: Node<A>, consumer: Node): Fused | undefined;
  /**
   * The same node with input 0 counting as 0 wherever `gate` is not above 0, which is what the gradient of relu does: `value` and `gate`
   * have the type of input 0. Read by that op's `absorb`.
   */
  gated?(node: Node<A>, value: Tensor, gate: Tensor): Fused | undefined;
}

/** A function of one value as a piece of WGSL and its f64 twin, for use in epilogues and pointwise kernels. */
export interface Activation {
  readonly name: string;
  /** WGSL functions that the expression needs (from shaders/lib), complete definitions. */
  readonly wgslLibrary?: string;
  /** A WGSL expression over `x`, an f32 (the kernels insert it into `fn activate(x: f32) -> f32 { return …; }`). NaN must stay NaN, by its bits. */
  readonly wgsl: string;
  readonly reference: (x: number) => number;
  /** The derivative from x and y = f(x). */
  readonly derivative: (x: number, y: number) => number;
  /** The derivative as a WGSL expression over `y` = f(x), an f32. Undefined: x is needed. `derivative(y, y)` is then the same. */
  readonly wgslDerivative?: string;
  /** |GPU f(x) − f(x)| for an exact x: a bound from the accuracy of the functions used. */
  readonly error: (x: number, y: number) => number;
  /** The graph of dLoss/dx from dLoss/dy, using y only (so that a fused kernel needs not to keep x). Undefined: x is needed, cannot be fused. */
  readonly gradientFromOutput?: (gradient: Tensor, y: Tensor) => Tensor;
  /** f(a) ≤ f(b) wherever a ≤ b: it can be applied before or after a maximum. */
  readonly increasing?: boolean;
}

/** What was meant where the op, or its name, was given as an activation. */
export const ACTIVATIONS_MEANT: Readonly<Record<string, string>> = {
  relu: "reluActivation",
  tanh: "tanhActivation",
  sigmoid: "sigmoidActivation",
  leakyRelu: "leakyReluActivation()",
  leakyReluActivation: "leakyReluActivation()",
  identity: "identityActivation",
};
