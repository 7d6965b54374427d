import type { AdapterDescription } from "../gpu/device.ts";

/**
 * What `unroll verify --json FILE` writes; with `--speed` it has a field `speed` beside these, a SpeedReport of src/bench. Numbers that are not finite are null. Fields are only
 * ever added while `schema` stays the same.
 */
export interface VerifyReport {
  readonly schema: "unroll-verify/1";
  /** Where it ran. */
  readonly runtime: RuntimeReport;
  readonly adapter: AdapterDescription;
  /** One entry for each op, in the order of the list of all ops, and then for each thing that is proven besides. */
  readonly ops: readonly OpSummary[];
  /** Every call of every variant that ran. */
  readonly cases: readonly CaseReport[];
  readonly ok: boolean;
}

export interface RuntimeReport {
  readonly name: string;
  /** The browser or package that was chosen, with its version. */
  readonly choice: string;
}

export interface CaseReport {
  /** The op under proof. */
  readonly op: string;
  /**
   * `forward`: a call of the op. `gradient`: a call of `node`, an op in the graph of its gradient. `update`, `program`, `image`: what
   * is no op, see `kind` of its summary.
   */
  readonly face: "forward" | "gradient" | "update" | "program" | "image";
  readonly node: string;
  readonly variant: string;
  /** Which device ran it: as it is, or one with the default limits only. */
  readonly device: DeviceName;
  /** The input whose buffer the output took over. */
  readonly inPlace?: number;
  /** Such as "f32[3, 4]". */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: string;
  readonly note?: string;
  /** |GPU − reference| and its bound, at the element where their ratio is largest. */
  readonly error: number | null;
  readonly bound: number | null;
  /** error / bound. */
  readonly ratio: number | null;
  readonly ok: boolean;
  /** What is wrong, in words. */
  readonly problem?: string;
}

export type DeviceName = "native" | "default limits";

export interface OpSummary {
  /** The name of the op, or of what else is proven. */
  readonly op: string;
  /** `op` where nothing is said; or optimizers, clipping and the flag of what is not finite; whole programs; images in and out. */
  readonly kind?: "op" | "update" | "program" | "image";
  readonly cases: number;
  readonly failed: number;
  readonly variants: readonly string[];
  /** Variants of the op that no sample reached on any device. */
  readonly unreached: readonly string[];
  /** What this runtime or device cannot do, each with the reason in words. */
  readonly missing?: readonly string[];
  /** Of the case with the worst ratio. */
  readonly worst?: {
    readonly error: number | null;
    readonly bound: number | null;
    readonly ratio: number | null;
    readonly variant: string;
  };
  readonly looseBound?: string;
  readonly ok: boolean;
}
