import { type TopKOptions as ShaderOptions, topKParams, topKShader } from "../../../shaders/top_k.wgsl.ts";
import { check, checkOptions, describe } from "../../errors.ts";
import { kernel, read, write } from "../../graph/kernel.ts";
import type { Call, DeviceTraits, Dispatch, Lowering, Op, Variant } from "../../graph/op.ts";
import { apply, type F32, Tensor } from "../../graph/tensor.ts";
import { byteLength, formatShape, formatType, type Shape, sameShape, sizeOf, type TensorType } from "../../graph/types.ts";
import { foldGrid } from "../grid.ts";
import type { Labels } from "../loss/classification.ts";
import { checkReduction, lossSum, NOTHING_IGNORED, type Reduction, scalarType, sumError, TINY, U } from "../loss/common.ts";
import { comesBefore } from "./order.ts";

/** Inputs: scores, labels, then the mask where there is one. */
export interface TopKAttributes {
  readonly k: number;
  /** The axis of the classes, from 0. */
  readonly axis: number;
  readonly mask: boolean;
  readonly ignoreIndex: number | undefined;
  readonly reduction: Reduction;
}

type TopKCall = Pick<Call<TopKAttributes>, "inputs" | "attributes">;

const NAME = "topKAccuracy";
/** From so many rows on, a workgroup adds up its rows first. */
const MANY_ROWS = 8192;
/** From so many classes on, a workgroup takes a row on a GPU. */
const MANY_CLASSES = 128;

/** Scores as [outer, classes, inner]; a row is one (outer, inner). */
function rowsOf({ inputs: [{ shape }], attributes: { axis } }: TopKCall) {
  const classes = shape[axis];
  return { classes, inner: sizeOf(shape.slice(axis + 1)), rows: sizeOf(shape) / classes };
}

const rowShape = (shape: Shape, axis: number): Shape => shape.filter((_, i) => i !== axis);

function checkCall({ inputs: [scores, labels, mask], attributes }: TopKCall): void {
  const { k, axis, ignoreIndex, reduction } = attributes;
  checkReduction(NAME, reduction);
  check(scores.dtype === "f32", "dtype", () => `${NAME}: scores are ${formatType(scores)}; they must be f32`);
  check(
    Number.isInteger(axis) && axis >= 0 && axis < scores.shape.length,
    "argument",
    () => `${NAME}: scores are ${formatType(scores)}; there is no axis ${String(axis)}`,
  );
  check(sizeOf(scores.shape) > 0, "shape", () => `${NAME}: scores are ${formatType(scores)}; there is nothing to compare`);
  const rows = rowShape(scores.shape, axis);
  check(
    labels.dtype === "i32" || labels.dtype === "u32",
    "dtype",
    () => `${NAME}: the labels are ${formatType(labels)}; they must be i32 or u32`,
  );
  check(
    sameShape(labels.shape, rows),
    "shape",
    () =>
      `${NAME}: scores are ${formatType(scores)} and the labels are ${formatType(labels)}; they must be ${labels.dtype}${formatShape(rows)}`,
  );
  const classes = scores.shape[axis];
  check(
    Number.isInteger(k) && k >= 1 && k <= classes,
    "argument",
    () => `${NAME}: k must be a whole number from 1 to ${classes}, the number of classes, not ${describe(k)}`,
  );
  check(
    ignoreIndex === undefined || (Number.isInteger(ignoreIndex) && Math.abs(ignoreIndex) < 2 ** 31),
    "argument",
    () => `${NAME}: ignoreIndex must be a whole number, not ${describe(ignoreIndex)}`,
  );
  if (attributes.mask)
    check(
      mask.dtype === "f32" && sameShape(mask.shape, rows),
      "shape",
      () => `${NAME}: mask is ${formatType(mask)}; it must have one value per row: f32${formatShape(rows)}`,
    );
}

function plan(call: Call<TopKAttributes>, device: DeviceTraits, invocations: 1 | 64): Lowering {
  const { k, mask, ignoreIndex, reduction } = call.attributes;
  const { classes, inner, rows } = rowsOf(call);
  const target = call.inputs[1].dtype as ShaderOptions["target"];
  const each = reduction === "none";
  const counted = reduction === "mean";
  const partial = !each && invocations === 1 && rows > MANY_ROWS;
  const values = partial ? Math.ceil(rows / 64) : rows;
  const first: Dispatch = {
    kernel: kernel({
      name: `top k ${invocations === 64 ? "workgroup" : "serial"}`,
      wgsl: topKShader({ target, mask, counted, invocations, partial }),
      bindings: {
        scores: read("u32"),
        goal: read(target),
        ...(mask ? { mask: read("f32") } : {}),
        hits: write("f32"),
        ...(counted ? { weights: write("f32") } : {}),
      },
      params: topKParams,
    }),
    bindings: {
      scores: { input: 0 },
      goal: { input: 1 },
      ...(mask ? { mask: { input: 2 } } : {}),
      hits: each ? { output: 0 } : { temporary: 0 },
      ...(counted ? { weights: { temporary: 1 } } : {}),
    },
    params: { rows, classes, inner, k, ignore: ignoreIndex ?? NOTHING_IGNORED },
    workgroups: foldGrid(invocations === 64 ? rows : Math.ceil(rows / 64)),
  };
  if (each) return { dispatches: [first] };
  const part: TensorType = { dtype: "f32", shape: [values] };
  const sums = counted ? { counts: { temporary: 1 }, length: values, divisor: { temporary: 2 } } : undefined;
  return {
    dispatches: [first, lossSum(device, { temporary: 0 }, values, 1, sums)],
    temporaries: counted ? [part, part, scalarType] : [part],
  };
}

const variant = (invocations: 1 | 64): Variant<TopKAttributes> => ({
  name: invocations === 64 ? "workgroup" : "serial",
  allowed: () => true,
  preference: (call, device: DeviceTraits) =>
    invocations === 1 ? 0 : !device.software && rowsOf(call).inner === 1 && rowsOf(call).classes >= MANY_CLASSES ? 1 : -1,
  plan: (call, device) => plan(call, device, invocations),
});

/** The weight of each row and whether it hits: NaN where its label is no class. */
function eachRow(
  call: TopKCall,
  [scores, labels, mask]: readonly Float64Array[],
  visit: (row: number, hit: number, weight: number) => void,
) {
  const { classes, inner, rows } = rowsOf(call);
  const { k, ignoreIndex } = call.attributes;
  for (let row = 0; row < rows; row++) {
    const label = call.inputs[1].dtype === "u32" ? labels[row] | 0 : labels[row];
    const weight = label === ignoreIndex ? 0 : mask ? mask[row] : 1;
    const at = (c: number) => scores[(Math.floor(row / inner) * classes + c) * inner + (row % inner)];
    if (weight === 0 || label < 0 || label >= classes) {
      visit(row, weight === 0 ? 0 : Number.NaN, weight);
      continue;
    }
    let before = 0;
    for (let c = 0; c < classes; c++) if (comesBefore(at(c), at(label)) || (c < label && !comesBefore(at(label), at(c)))) before++;
    visit(row, before < k && !Number.isNaN(at(label)) ? weight : 0, weight);
  }
}

/** Whether each label is among the k first of its row's classes; their mean, sum, or each. */
export const topKAccuracyOp: Op<TopKAttributes> = {
  name: NAME,
  shape(inputs, attributes) {
    checkCall({ inputs, attributes });
    return [attributes.reduction === "none" ? { dtype: "f32", shape: rowShape(inputs[0].shape, attributes.axis) } : scalarType];
  },
  reference(call, inputs, [y]) {
    const { reduction } = call.attributes;
    let hits = 0;
    let weights = 0;
    eachRow(call, inputs, (row, hit, weight) => {
      if (reduction === "none") y[row] = hit;
      hits += hit;
      weights += weight;
    });
    if (reduction === "sum") y[0] = hits;
    if (reduction === "mean") y[0] = weights === 0 ? 0 : hits / weights;
  },
  gradient: () => [undefined, undefined, undefined],
  indices(call) {
    const { mask, ignoreIndex: ignore } = call.attributes;
    const { classes } = rowsOf(call);
    const rest = { ...(ignore === undefined ? {} : { ignore }), ...(mask ? { mask: 2 } : {}) };
    return [undefined, { low: 0, high: classes - 1, of: `${classes} classes`, ...rest }];
  },
  kernels: [variant(1), variant(64)],
  cost: ({ inputs, outputs }) => ({
    flops: sizeOf(inputs[0].shape),
    bytes: [...inputs, ...outputs].reduce((sum, type) => sum + byteLength(type), 0),
  }),
  error(call, inputs, [y]) {
    const { reduction, mask } = call.attributes;
    if (reduction === "none") return [0];
    let hits = 0;
    let weights = 0;
    eachRow(call, inputs, (_, hit, weight) => {
      hits += Math.abs(hit);
      weights += Math.abs(weight);
    });
    // Without a mask whole numbers are added, which f32 holds up to 2^24.
    const sum = mask || weights > 2 ** 24 ? sumError(rowsOf(call).rows) : 0;
    if (reduction === "sum") return [sum * hits + (sum > 0 ? TINY : 0)];
    return [weights === 0 ? 0 : (sum * hits) / weights + (sum + 5 * U) * Math.abs(y[0])];
  },
};

export interface TopKOptions {
  /** The axis of the classes; negative counts from the end. Default: the last. */
  readonly axis?: number;
  /** Weights of rows, f32 with the shape of the labels. 0 leaves a row out. */
  readonly mask?: F32;
  /** A label whose rows are left out. Default: none. */
  readonly ignoreIndex?: number;
  /** "none": 1 or 0 (times mask) for each row. Default "mean". */
  readonly reduction?: Reduction;
}

/**
 * The share of rows whose label is among the k highest scores; scores [..., C], labels [...]. Equal scores rank as their classes do, so
 * that k = 1 asks whether `argmax` is the label: a network that gives all classes the same score is right for class 0 only. (TensorFlow
 * counts all classes that tie at the k-th place as hits; PyTorch leaves it open.) NaN ranks before all numbers, and is never a hit.
 *
 * Mask and `ignoreIndex` as in the losses: the mean divides by the weights of the rows that count and is 0 where none does. A run with a
 * label that is no class and not ignored rejects with `range`, and the result is NaN. There is no gradient.
 * @throws UnrollError `shape`, `dtype`, `argument` when something does not fit.
 */
export function topKAccuracy(
  scores: F32,
  labels: Labels,
  k: number,
  options?: TopKOptions & { readonly reduction?: "mean" | "sum" },
): F32<readonly []>;
export function topKAccuracy(scores: F32, labels: Labels, k: number, options: TopKOptions): F32<Shape>;
export function topKAccuracy(scores: F32, labels: Labels, k: number, options: TopKOptions = {}): F32 {
  check(scores instanceof Tensor, "argument", () => `${NAME}: the first argument must be a tensor of scores, not ${describe(scores)}`);
  check(labels instanceof Tensor, "argument", () => `${NAME}: the second argument must be a tensor of labels, not ${describe(labels)}`);
  checkOptions(NAME, options, ["axis", "mask", "ignoreIndex", "reduction"]);
  const { axis = -1, mask, ignoreIndex, reduction = "mean" } = options;
  check(mask === undefined || mask instanceof Tensor, "argument", () => `${NAME}: mask must be a tensor, not ${describe(mask)}`);
  return apply(topKAccuracyOp, mask ? [scores, labels, mask] : [scores, labels], {
    k,
    axis: axis < 0 ? axis + scores.shape.length : axis,
    mask: mask !== undefined,
    ignoreIndex,
    reduction,
  })[0] as F32;
}
