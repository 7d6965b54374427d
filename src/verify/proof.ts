import type { Gpu } from "../gpu/gpu.ts";
import type { DeviceTraits } from "../graph/op.ts";
import type { Engine } from "../program/engine.ts";
import type { Comparison } from "./compare.ts";
import type { CaseReport, OpSummary } from "./schema.ts";

/** What a case runs on. */
export interface Place {
  readonly gpu: Gpu;
  readonly traits: DeviceTraits;
  /** An engine on the same device, which is told these traits. All cases of a proof share it, so their variables need names of their own. */
  readonly engine: Engine;
}

/** What a case found: the GPU's values beside the right ones. `problem` says what else is wrong. */
export interface Finding extends Comparison {
  readonly problem?: string;
}

export interface ProofCase extends Pick<CaseReport, "variant" | "note"> {
  /** Such as "f32[3, 4]". */
  readonly inputs?: readonly string[];
  readonly outputs?: readonly string[];
  /** Options, as JSON. */
  readonly attributes?: string;
  run(place: Place): Promise<Finding>;
}

/** Something that programs, readers or writers run beside the kernels of ops, with the cases that prove it. */
export interface Proof {
  readonly name: string;
  readonly kind: Exclude<OpSummary["kind"], undefined | "op">;
  /** All ways in which it can run. Each must be reached by a case, or be in `missing`. */
  readonly variants: readonly string[];
  /** Whether what runs depends on the traits of the device; otherwise it runs once on each device. */
  readonly byTraits: boolean;
  /** What cannot be proven here, by variant, with the reason in words. */
  missing?(gpu: Gpu): Readonly<Record<string, string>>;
  cases(): readonly ProofCase[];
}
