import type { RandomSource } from "../../graph/tensor.ts";
import { type DType, type Shape, sizeOf } from "../../graph/types.ts";
import type { Reduction } from "../../ops/loss/common.ts";
import { crossEntropyOp } from "../../ops/loss/cross-entropy.ts";
import type { CrossEntropyAttributes } from "../../ops/loss/cross-entropy-call.ts";
import { crossEntropyGradientOp } from "../../ops/loss/cross-entropy-gradient.ts";
import { squaredErrorOp } from "../../ops/loss/squared-error.ts";
import type { SquaredErrorAttributes } from "../../ops/loss/squared-error-call.ts";
import { squaredErrorGradientOp } from "../../ops/loss/squared-error-gradient.ts";
import type { OpSamples, Sample, SampleInput } from "../sample.ts";

const RAGGED = [1, 3, 7, 17, 33, 65, 130];
const REDUCTIONS: readonly Reduction[] = ["mean", "sum", "none"];
const pick = <T>(random: RandomSource, values: readonly T[]): T => values[Math.floor(random.uniform() * values.length)];
const scaled = (scale: number) => (random: RandomSource) => random.normal() * scale;
/** Weights with some zeros. */
const weight = (random: RandomSource): number => (random.uniform() < 0.3 ? 0 : 0.25 + random.uniform());

interface SquaredCase {
  readonly shape: Shape;
  readonly reduction: Reduction;
  /** Axes that the mask covers; undefined: no mask. */
  readonly masked?: number;
  readonly scale?: number;
}

function squaredCases(random: RandomSource, backward = false): SquaredCase[] {
  const cases: SquaredCase[] = [];
  for (const n of RAGGED) for (const reduction of REDUCTIONS) cases.push({ shape: [n], reduction });
  for (const n of RAGGED) cases.push({ shape: [5, 3, n], reduction: "mean", masked: 2 }, { shape: [n, 4], reduction: "mean", masked: 1 });
  for (let i = 0; i < 6; i++) {
    const shape = [pick(random, RAGGED), pick(random, [1, 3, 7]), pick(random, [4, 17, 64])];
    cases.push({ shape, reduction: pick(random, REDUCTIONS), masked: pick(random, [undefined, 0, 1, 2, 3]) });
  }
  cases.push({ shape: [64, 130], reduction: "mean" }, { shape: [3, 1367], reduction: "sum" });
  // Beyond 2^18 elements workgroups join their sums.
  if (!backward) cases.push({ shape: [262147], reduction: "mean" }, { shape: [65540, 4], reduction: "mean", masked: 1 });
  cases.push({ shape: [17, 4], reduction: "mean", scale: 1e4 }, { shape: [17], reduction: "sum", scale: 1e8, masked: 1 });
  return cases;
}

function squaredSample({ shape, reduction, masked, scale = 1 }: SquaredCase, backward: boolean): Sample<SquaredErrorAttributes> {
  const mask = masked !== undefined;
  const inputs: SampleInput[] = [
    { shape, value: scaled(scale) },
    { shape, value: scaled(scale) },
  ];
  if (mask) inputs.push({ shape: shape.slice(0, masked), value: masked === 0 ? () => 0.75 : weight });
  if (backward) {
    inputs.push({ shape: reduction === "none" ? shape : [] });
    if (mask && reduction === "mean") inputs.push({ shape: [], value: () => 0.75 * sizeOf(shape) });
  }
  return { inputs, attributes: { reduction, mask }, skipFiniteDifferences: scale > 1 || sizeOf(shape) > 5000 };
}

interface CrossCase extends Partial<CrossEntropyAttributes> {
  readonly shape: Shape;
  readonly target?: DType;
  readonly scale?: number;
  /** The first class has logit −∞, and is no row's label. */
  readonly impossible?: boolean;
}

function crossCases(random: RandomSource, backward = false): CrossCase[] {
  const cases: CrossCase[] = [];
  // The proof of the loss goes through its gradient at the ragged sizes too.
  for (const n of backward ? [1, 17, 130] : RAGGED) {
    for (const reduction of REDUCTIONS) cases.push({ shape: [n, 5], reduction }, { shape: [3, n], reduction });
    cases.push({ shape: [3, n], target: "f32" }, { shape: [n, 3, 2], axis: 1, labelSmoothing: 0.1 }, { shape: [2, 7, n], axis: 1 });
  }
  for (const reduction of REDUCTIONS)
    cases.push(
      { shape: [7, 9, 3], axis: 1, reduction, mask: true, classWeights: true, ignoreIndex: 2 },
      { shape: [17, 6], reduction, target: "f32", mask: true, classWeights: true, labelSmoothing: 0.2 },
      { shape: [5, 4, 3], axis: 1, reduction, logits: false, mask: true, classWeights: true, ignoreIndex: 1 },
    );
  cases.push(
    { shape: [17, 6], mask: true, labelSmoothing: 0.2 },
    { shape: [17, 6], classWeights: true },
    { shape: [17, 6], mask: true },
    { shape: [9, 7], axis: 0, ignoreIndex: -1 },
    { shape: [9, 7], axis: 0, ignoreIndex: 2, target: "u32" },
    { shape: [33, 4], target: "u32" },
    { shape: [5, 64], classWeights: true, mask: true },
    { shape: [7, 12], target: "f32", mask: true },
    { shape: [7, 8], labelSmoothing: 0.1 },
    { shape: [33, 4], logits: false },
    { shape: [7, 9, 3], axis: 1, target: "f32", mask: true },
  );
  for (let i = 0; i < 6; i++) {
    const shape = [pick(random, RAGGED), pick(random, RAGGED), pick(random, [1, 3])];
    cases.push({
      shape,
      axis: pick(random, [0, 1, 2]),
      reduction: pick(random, REDUCTIONS),
      target: pick(random, ["i32", "f32"] as const),
    });
  }
  for (const scale of [200, 1e4]) cases.push({ shape: [17, 16], scale }, { shape: [17, 16], scale, target: "f32", labelSmoothing: 0.1 });
  cases.push({ shape: [8210, 4] }, { shape: [8210, 2], mask: true }, { shape: [3, 1030] }, { shape: [2, 300], target: "f32", scale: 10 });
  cases.push({ shape: [5, 8], impossible: true }, { shape: [3, 7], impossible: true, reduction: "none" });
  return cases;
}

function crossSample(sample: CrossCase, backward: boolean): Sample<CrossEntropyAttributes> {
  const { shape, target = "i32", scale = 1, impossible = false } = sample;
  const attributes: CrossEntropyAttributes = {
    axis: sample.axis ?? shape.length - 1,
    logits: sample.logits ?? true,
    mask: sample.mask ?? false,
    classWeights: sample.classWeights ?? false,
    ignoreIndex: sample.ignoreIndex,
    labelSmoothing: sample.labelSmoothing ?? 0,
    reduction: sample.reduction ?? "mean",
  };
  const classes = shape[attributes.axis];
  const rows = shape.filter((_, i) => i !== attributes.axis);
  const { ignoreIndex } = attributes;
  const label = (random: RandomSource): number =>
    ignoreIndex !== undefined && random.uniform() < 0.3
      ? ignoreIndex
      : Math.max(impossible ? 1 : 0, Math.floor(random.uniform() * classes));
  const indices = target !== "f32";
  const score = attributes.logits ? scaled(scale) : (random: RandomSource) => -Math.abs(random.normal()) - 0.1;
  const inputs: SampleInput[] = [
    { shape, value: (random, i) => (impossible && i % classes === 0 ? Number.NEGATIVE_INFINITY : score(random)) },
    indices ? { shape: rows, dtype: target, value: label } : { shape, value: (random) => random.uniform() },
  ];
  if (attributes.mask) inputs.push({ shape: rows, value: (random, i) => (i === 0 ? 0.5 : weight(random)) });
  if (attributes.classWeights) inputs.push({ shape: [classes], value: (random) => 0.25 + random.uniform() });
  if (backward) {
    // Largest logit (nearly) and share of the row: as the forward op would write them, near enough.
    const top = (random: RandomSource, i: number) => (i % 2 === 0 ? 3 * scale : random.uniform());
    if (attributes.logits) inputs.push({ shape: [sizeOf(rows), 2], value: top });
    inputs.push({ shape: attributes.reduction === "none" ? rows : [] });
    const counted = attributes.mask || (indices && (attributes.classWeights || ignoreIndex !== undefined));
    if (attributes.reduction === "mean" && counted) inputs.push({ shape: [], value: (random) => 1 + sizeOf(rows) * random.uniform() });
  }
  return { inputs, attributes, skipFiniteDifferences: backward || impossible || scale > 1 || sizeOf(shape) > 600 };
}

/** Losses and their gradients. */
export const lossSamples: readonly OpSamples[] = [
  { op: squaredErrorOp, onlyFirstOutput: true, samples: (random) => squaredCases(random).map((c) => squaredSample(c, false)) },
  { op: squaredErrorGradientOp, samples: (random) => squaredCases(random, true).map((c) => squaredSample(c, true)) },
  { op: crossEntropyOp, onlyFirstOutput: true, samples: (random) => crossCases(random).map((c) => crossSample(c, false)) },
  { op: crossEntropyGradientOp, samples: (random) => crossCases(random, true).map((c) => crossSample(c, true)) },
];
