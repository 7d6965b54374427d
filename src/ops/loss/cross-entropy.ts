import { type CrossEntropyShaderOptions, crossEntropyShader } from "../../../shaders/cross_entropy.wgsl.ts";
import { type Bindings, type Kernel, kernel, read, write } from "../../graph/kernel.ts";
import type { Call, DeviceTraits, Lowering, Op, Operand, Variant } from "../../graph/op.ts";
import { sizeOf, type TensorType } from "../../graph/types.ts";
import { foldGrid } from "../grid.ts";
import { lossSum, scalarType } from "./common.ts";
import {
  type CrossEntropyAttributes,
  checkCall,
  isCounted,
  labelRange,
  placesOf,
  rowShape,
  rowsOf,
  targetOf,
  targetParams,
  usesEveryClass,
  usesIndices,
} from "./cross-entropy-call.ts";
import { crossEntropyError } from "./cross-entropy-error.ts";
import { crossEntropyGradient } from "./cross-entropy-gradient.ts";

type CrossEntropyCall = Call<CrossEntropyAttributes>;

/** From so many rows on, a workgroup adds up its rows first. */
const MANY_ROWS = 8192;

/** Output types, and where statistics and divisor are among them. */
function outputsOf(call: Pick<CrossEntropyCall, "inputs" | "attributes">): { types: TensorType[]; statistics: number; divisor: number } {
  const { logits, reduction, axis } = call.attributes;
  const { rows } = rowsOf(call);
  const types: TensorType[] = [reduction === "none" ? { dtype: "f32", shape: rowShape(call.inputs[0].shape, axis) } : scalarType];
  if (logits) types.push({ dtype: "f32", shape: [rows, 2] });
  if (isCounted(call)) types.push(scalarType);
  return { types, statistics: 1, divisor: types.length - 1 };
}

function rowKernel(options: CrossEntropyShaderOptions): Kernel {
  const bindings: Bindings = {
    scores: read("f32"),
    goal: read(options.target),
    ...(options.mask ? { mask: read("f32") } : {}),
    ...(options.classWeights ? { class_weights: read("f32") } : {}),
    losses: write("f32"),
    ...(options.logits ? { statistics: write("f32") } : {}),
    ...(options.counted ? { counts: write("f32") } : {}),
  };
  return kernel({
    name: options.logits ? "cross_entropy" : "negative_log_likelihood",
    wgsl: crossEntropyShader(options),
    bindings,
    params: { rows: "u32", classes: "u32", inner: "u32", ignore: "i32", smoothing: "f32" },
  });
}

function plan(call: CrossEntropyCall, device: DeviceTraits, invocations: 1 | 64, vec4 = false): Lowering {
  const { attributes } = call;
  const { logits, mask, classWeights, reduction, labelSmoothing } = attributes;
  const { rows, classes, inner } = rowsOf(call);
  const outputs = outputsOf(call);
  const places = placesOf(attributes);
  const counted = isCounted(call);
  const each = reduction === "none";
  const partial = !each && invocations === 1 && rows > MANY_ROWS;
  const values = partial ? Math.ceil(rows / 64) : rows;
  const temporary: TensorType = { dtype: "f32", shape: [values] };
  const counts: Operand = { temporary: 1 };
  const first = {
    kernel: rowKernel({
      target: call.inputs[1].dtype as "f32" | "i32" | "u32",
      logits,
      mask,
      classWeights,
      smoothing: labelSmoothing > 0,
      counted,
      invocations,
      partial,
      vec4,
    }),
    bindings: {
      scores: { input: 0 },
      goal: { input: 1 },
      ...(mask ? { mask: { input: places.mask } } : {}),
      ...(classWeights ? { class_weights: { input: places.classWeights } } : {}),
      losses: each ? { output: 0 } : { temporary: 0 },
      ...(logits ? { statistics: { output: outputs.statistics } } : {}),
      ...(counted ? { counts } : {}),
    },
    params: { rows, classes, inner, ...targetParams(attributes) },
    workgroups: foldGrid(invocations === 64 ? rows : Math.ceil(rows / 64)),
  };
  if (each) return { dispatches: [first] };
  const factor = reduction === "mean" && !counted ? 1 / rows : 1;
  const divisor = counted ? { counts, length: values, divisor: { output: outputs.divisor } } : undefined;
  return {
    dispatches: [first, lossSum(device, { temporary: 0 }, values, factor, divisor)],
    temporaries: counted ? [temporary, temporary] : [temporary],
  };
}

/** A workgroup per row pays where a real GPU has many classes to add up. */
const preferWorkgroups = (call: CrossEntropyCall, device: DeviceTraits): number =>
  !device.software && rowsOf(call).classes >= 128 ? 1 : -1;

const variants: readonly Variant<CrossEntropyAttributes>[] = [
  {
    name: "vec4",
    allowed(call) {
      const { classes, inner } = rowsOf(call);
      return call.attributes.logits && inner === 1 && classes % 4 === 0;
    },
    plan: (call, device) => plan(call, device, 1, true),
  },
  { name: "invocation per row", allowed: () => true, plan: (call, device) => plan(call, device, 1) },
  {
    name: "workgroup per row",
    allowed: (call) => call.attributes.logits && rowsOf(call).inner === 1,
    preference: preferWorkgroups,
    plan: (call, device) => plan(call, device, 64),
  },
];

/** What the kernels take away from the scores of a row: ∞ where one is NaN, and never less than the lowest f32. */
const rowMaximum = (x: Float64Array): number => {
  const m = x.reduce((a, b) => Math.max(a, b), -3.4028234663852886e38);
  return Number.isNaN(m) ? Number.POSITIVE_INFINITY : m;
};

/**
 * Cross-entropy of scores against labels or probabilities. Outputs: the loss; for logits the statistics [rows, 2] that the gradient
 * needs (the largest logit m of the row, and k Σ q / Σ exp(x − m)); the divisor of a mean that depends on data.
 */
export const crossEntropyOp: Op<CrossEntropyAttributes> = {
  name: "crossEntropy",
  shape(inputs, attributes) {
    checkCall({ inputs, attributes });
    return outputsOf({ inputs, attributes }).types;
  },
  reference(call, inputs, outputs) {
    const { logits, reduction } = call.attributes;
    const { rows, classes } = rowsOf(call);
    const { statistics, divisor } = outputsOf(call);
    const target = targetOf(call, inputs);
    let sum = 0;
    let count = 0;
    for (let row = 0; row < rows; row++) {
      const x = Float64Array.from({ length: classes }, (_, c) => inputs[0][target.at(row, c)]);
      const q = Float64Array.from({ length: classes }, (_, c) => target.share(row, c));
      const k = target.weight(row);
      const m = logits ? rowMaximum(x) : 0;
      const s = logits ? x.reduce((total, value) => total + Math.exp(value - m), 0) : 1;
      const total = q.reduce((a, b) => a + b, 0);
      let loss = k === 0 ? 0 : k * q.reduce((a, qc, c) => a + (qc === 0 ? 0 : qc * (m - x[c] + Math.log(s))), 0);
      if (!target.known(row)) loss = Number.NaN;
      if (logits) outputs[statistics].set([m, k === 0 || total === 0 ? 0 : (k * total) / s], 2 * row);
      if (reduction === "none") outputs[0][row] = loss;
      sum += loss;
      count += target.count(row);
    }
    if (reduction === "none") return;
    if (isCounted(call)) {
      outputs[divisor][0] = count;
      outputs[0][0] = count === 0 ? 0 : sum / count;
    } else outputs[0][0] = reduction === "mean" ? sum / rows : sum;
  },
  gradient: ({ inputs, outputs, attributes, gradients, needs }) =>
    crossEntropyGradient(
      { inputs, attributes },
      gradients[0],
      attributes.logits ? outputs[1] : undefined,
      isCounted({ inputs, attributes }) ? outputs[outputs.length - 1] : undefined,
      needs,
    ),
  indices: labelRange,
  kernels: variants,
  cost(call) {
    const size = sizeOf(call.inputs[0].shape);
    const { rows } = rowsOf(call);
    const target = usesIndices(call) ? rows : size;
    if (!call.attributes.logits) return { flops: 2 * rows, bytes: 8 * rows };
    return { flops: (usesEveryClass(call) ? 10 : 6) * size, bytes: 4 * (size + target + 2 * rows) };
  },
  error: crossEntropyError,
};
