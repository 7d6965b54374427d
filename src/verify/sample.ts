import type { DeviceTraits, Op } from "../graph/op.ts";
import type { RandomSource } from "../graph/tensor.ts";
import type { DType, Shape } from "../graph/types.ts";

/** An input of a sample call: standard normal values unless `value` says otherwise. */
export interface SampleInput {
  readonly shape: Shape;
  readonly dtype?: DType;
  /** The value at `index`. Values are rounded to the dtype before GPU and reference see them. */
  readonly value?: (random: RandomSource, index: number) => number;
}

/** One call of an op that proves something about its kernels. */
export interface Sample<A = unknown> {
  readonly inputs: readonly SampleInput[];
  readonly attributes: A;
  /** What it is there for, where the shapes do not say it. */
  readonly note?: string;
  /** Not differentiable at these values (ties, kinks, huge values): no finite differences. */
  readonly skipFiniteDifferences?: boolean;
}

/** All samples of an op: one ragged dimension at a time (1, 3, 7, 17, 33, 65, 130), fixed random draws, large values. */
export interface OpSamples<A = unknown> {
  readonly op: Op<A>;
  /** `random` is seeded; draws are the same in every run. */
  samples(random: RandomSource): readonly Sample<A>[];
  /** Outputs after the first are by-products for the gradient's kernels: no loss depends on them. */
  readonly onlyFirstOutput?: boolean;
  /** What the planner is told besides, each time: plans that only other devices or sizes would lead to. */
  readonly alsoTold?: readonly Partial<DeviceTraits>[];
  /** A reason in words where the bound exceeds 50 × the worst error that is seen. */
  readonly looseBound?: string;
}
