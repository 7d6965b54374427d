import { check } from "../../errors.ts";
import type { Call, IndexRange } from "../../graph/op.ts";
import { formatShape, formatType, type Shape, sameShape, sizeOf, type TensorType } from "../../graph/types.ts";
import { checkF32, checkReduction, NOTHING_IGNORED, type Reduction } from "./common.ts";

/** What a cross-entropy is told. Inputs: scores, target, then mask and class weights where there are any. */
export interface CrossEntropyAttributes {
  /** The axis of the classes, from 0. */
  readonly axis: number;
  /** Scores are logits, or logarithms of probabilities (nllLoss). */
  readonly logits: boolean;
  readonly mask: boolean;
  readonly classWeights: boolean;
  /** A label that is not counted. */
  readonly ignoreIndex: number | undefined;
  readonly labelSmoothing: number;
  readonly reduction: Reduction;
}

type CrossEntropyCall = Pick<Call<CrossEntropyAttributes>, "inputs" | "attributes">;

/** Scores as [outer, classes, inner]; a row is one (outer, inner). */
export interface Rows {
  readonly classes: number;
  readonly inner: number;
  readonly rows: number;
}

export function rowsOf({ inputs, attributes: { axis } }: CrossEntropyCall): Rows {
  const shape = inputs[0].shape;
  const classes = shape[axis];
  return { classes, inner: sizeOf(shape.slice(axis + 1)), rows: sizeOf(shape) / classes };
}

/** Where the optional inputs are. */
export function placesOf({ mask, classWeights }: CrossEntropyAttributes): { mask: number; classWeights: number; next: number } {
  return { mask: 2, classWeights: mask ? 3 : 2, next: 2 + Number(mask) + Number(classWeights) };
}

export const usesIndices = (call: CrossEntropyCall): boolean => call.inputs[1].dtype !== "f32";

/** Whether the divisor of the mean depends on data. */
export const isCounted = (call: CrossEntropyCall): boolean => {
  const { reduction, mask, classWeights, ignoreIndex } = call.attributes;
  return reduction === "mean" && (mask || (usesIndices(call) && (classWeights || ignoreIndex !== undefined)));
};

/** Whether a row's loss runs over all classes, not only its label's. */
export const usesEveryClass = (call: CrossEntropyCall): boolean => !usesIndices(call) || call.attributes.labelSmoothing > 0;

/** Which labels there are. Those of rows that the mask leaves out may be anything. */
export function labelRange(call: CrossEntropyCall): readonly (IndexRange | undefined)[] {
  if (!usesIndices(call)) return [];
  const { mask, ignoreIndex: ignore } = call.attributes;
  const { classes } = rowsOf(call);
  const masked = mask ? { mask: placesOf(call.attributes).mask } : {};
  return [undefined, { low: 0, high: classes - 1, of: `${classes} classes`, ...(ignore === undefined ? {} : { ignore }), ...masked }];
}

export const nameOf = ({ logits }: CrossEntropyAttributes): string => (logits ? "softmaxCrossEntropy" : "nllLoss");

/** The shape of the rows: that of the scores without the class axis. */
export const rowShape = (shape: Shape, axis: number): Shape => shape.filter((_, i) => i !== axis);

export function checkCall({ inputs, attributes }: CrossEntropyCall): void {
  const [scores, target] = inputs;
  const name = nameOf(attributes);
  const argument = attributes.logits ? "logits" : "logProbabilities";
  const { axis, logits, labelSmoothing, ignoreIndex } = attributes;
  checkReduction(name, attributes.reduction);
  checkF32(name, argument, scores);
  check(scores.shape.length > 0, "shape", () => `${name}: ${argument} is ${formatType(scores)}; it needs an axis of classes`);
  check(
    Number.isInteger(axis) && axis >= 0 && axis < scores.shape.length,
    "argument",
    () => `${name}: ${argument} is ${formatType(scores)}; there is no axis ${axis}`,
  );
  check(sizeOf(scores.shape) > 0, "shape", () => `${name}: ${argument} is ${formatType(scores)}; there is nothing to compare`);
  const rows = rowShape(scores.shape, axis);
  checkTarget(name, argument, scores, target, rows, logits);
  check(
    typeof labelSmoothing === "number" && labelSmoothing >= 0 && labelSmoothing <= 1,
    "argument",
    () => `${name}: labelSmoothing must be from 0 to 1, not ${String(labelSmoothing)}`,
  );
  if (ignoreIndex !== undefined) {
    check(
      usesIndices({ inputs, attributes }),
      "argument",
      () => `${name}: ignoreIndex is for labels, but the target is ${formatType(target)}`,
    );
    check(
      Number.isInteger(ignoreIndex) && Math.abs(ignoreIndex) < 2 ** 31,
      "argument",
      () => `${name}: ignoreIndex must be a whole number, not ${String(ignoreIndex)}`,
    );
  }
  const places = placesOf(attributes);
  if (attributes.mask) checkOptional(name, "mask", inputs[places.mask], rows, `one value per row: f32${formatShape(rows)}`);
  const classes = scores.shape[axis];
  if (attributes.classWeights)
    checkOptional(name, "classWeights", inputs[places.classWeights], [classes], `one value per class: f32[${classes}]`);
}

function checkTarget(name: string, argument: string, scores: TensorType, target: TensorType, rows: Shape, probabilities: boolean): void {
  if (target.dtype === "i32" || target.dtype === "u32") {
    check(
      sameShape(target.shape, rows),
      "shape",
      () =>
        `${name}: ${argument} is ${formatType(scores)} and the labels are ${formatType(target)}; they must be ${target.dtype}${formatShape(rows)}`,
    );
    return;
  }
  check(
    probabilities && target.dtype === "f32",
    "dtype",
    () => `${name}: the labels are ${formatType(target)}; they must be i32 or u32${probabilities ? ", or probabilities as f32" : ""}`,
  );
  check(
    sameShape(target.shape, scores.shape),
    "shape",
    () =>
      `${name}: ${argument} is ${formatType(scores)} and the target is ${formatType(target)}; probabilities have the shape of the ${argument}, labels are i32${formatShape(rows)}`,
  );
}

function checkOptional(name: string, argument: string, type: TensorType, shape: Shape, wanted: string): void {
  checkF32(name, argument, type);
  check(sameShape(type.shape, shape), "shape", () => `${name}: ${argument} is ${formatType(type)}; it must have ${wanted}`);
}

/** The parts of a row's loss that do not depend on the scores, in f64. */
export interface RowTarget {
  /** Mask, and 0 where the label is ignored. */
  readonly weight: (row: number) => number;
  /** q_c = w_c ((1 − ε) t_c + ε / C). */
  readonly share: (row: number, c: number) => number;
  /** What the row adds to the mean's divisor. */
  readonly count: (row: number) => number;
  /** Whether the label is one of the classes (or is not counted). */
  readonly known: (row: number) => boolean;
  /** The place of class c of a row in the scores. */
  readonly at: (row: number, c: number) => number;
}

export function targetOf(call: CrossEntropyCall, inputs: readonly Float64Array[]): RowTarget {
  const { attributes } = call;
  const { classes, inner } = rowsOf(call);
  const places = placesOf(attributes);
  const labels = inputs[1];
  const mask = attributes.mask ? inputs[places.mask] : undefined;
  const classWeights = attributes.classWeights ? inputs[places.classWeights] : undefined;
  const indices = usesIndices(call);
  const epsilon = attributes.labelSmoothing;
  const at = (row: number, c: number) => (Math.floor(row / inner) * classes + c) * inner + (row % inner);
  const label = (row: number) => (call.inputs[1].dtype === "u32" ? labels[row] | 0 : labels[row]);
  const weight = (row: number) => (indices && label(row) === attributes.ignoreIndex ? 0 : mask ? mask[row] : 1);
  const truth = (row: number, c: number) => (indices ? (c === label(row) ? 1 : 0) : labels[at(row, c)]);
  const inRange = (row: number) => label(row) >= 0 && label(row) < classes;
  return {
    at,
    weight,
    share(row, c) {
      const share = (1 - epsilon) * truth(row, c) + epsilon / classes;
      return share === 0 ? 0 : (classWeights ? classWeights[c] : 1) * share;
    },
    count: (row) => weight(row) * (indices && classWeights ? (classWeights[inRange(row) ? label(row) : 0] ?? 0) : 1),
    known: (row) => !indices || weight(row) === 0 || inRange(row),
  };
}

/** The `ignore` and `smoothing` params of the kernels. */
export const targetParams = ({ ignoreIndex, labelSmoothing }: CrossEntropyAttributes): { ignore: number; smoothing: number } => ({
  ignore: ignoreIndex ?? NOTHING_IGNORED,
  smoothing: labelSmoothing,
});
