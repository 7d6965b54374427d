import type { Kernel, Workgroups } from "../../graph/kernel.ts";
import type { TensorType } from "../../graph/types.ts";
import type { Types } from "../batch.ts";
import type { InputRange, TensorRange } from "../indices/range.ts";

/*
 * A program as data, planned ahead of time: kernels, buffers and dispatches, for every device with the default limits of WebGPU. Plain
 * JSON. A loader makes buffers and pipelines of it, and needs neither ops nor planner.
 */

/** Kinds of devices that plans are made for. See `DeviceTraits.software`. */
export const DEVICE_KINDS = ["hardware", "software"] as const;
export type DeviceKind = (typeof DEVICE_KINDS)[number];

export interface ExportOptions {
  /**
   * Kinds of devices to plan for. Default: both, real GPUs and software adapters such as SwiftShader. What is planned for one runs on the other,
   * right and more slowly; a file for one kind is a third to a half smaller.
   */
  readonly devices?: readonly DeviceKind[];
}

export const PROGRAM_ID = "program";

/** A part of a buffer, by its number. */
export type ExportedLocation = readonly [buffer: number, offset: number, bytes: number];

export type ExportedBuffer =
  /** The program's own: of that many bytes, or with this content (base64). */
  | { readonly bytes: number }
  | { readonly data: string }
  | { readonly input: string }
  /** Of the engine: u32[1], the number of the run; what tells of non-finite values and of indices out of range. */
  | { readonly engine: "counter" | "status" }
  /** Variables one after another; what an optimizer or the gradients keep beside them; its control words. */
  | { readonly segment: number }
  | { readonly segment: number; readonly mirror: string }
  | { readonly control: string; readonly optimizer: string };

export interface ExportedDispatch {
  readonly kernel: number;
  readonly at: readonly ExportedLocation[];
  /** Numbers that JSON has no word for as text: "Infinity", "-0", "NaN". {@link PROGRAM_ID}: the number that the engine gives the program. */
  readonly params: Readonly<Record<string, number | string>>;
  readonly workgroups: Workgroups;
}

export interface ExportedPlan {
  readonly buffers: readonly ExportedBuffer[];
  readonly dispatches: readonly ExportedDispatch[];
  /** Where the outputs are, in their order. */
  readonly outputs: readonly ExportedLocation[];
  /** Indices that the program checks on the GPU, by number. */
  readonly checks?: readonly TensorRange[];
  /** Whether anything reads the number of the run. */
  readonly counted: boolean;
  /** The least subgroups that a device must have, where kernels use them. All else is within the default limits. */
  readonly subgroups?: number;
}

export interface ExportedProgram {
  readonly label: string;
  readonly inputs: Types;
  readonly outputs: Types;
  /** Whether a run changes variables. */
  readonly updates: boolean;
  /** What indices in inputs may be. */
  readonly indices?: readonly InputRange[];
  /** What optimizers keep of a variable, by name; "step": of all theirs, named by the first. */
  readonly states: readonly (readonly [variable: string, optimizer: string, state: string])[];
  /** At least one. A device of another kind, or one without what that needs, takes what there is, and is slower. */
  readonly plans: Readonly<Partial<Record<DeviceKind, ExportedPlan>>>;
}

export interface ExportedVariable extends TensorType {
  readonly name: string;
  /** In bytes, from the start of its segment. */
  readonly offset: number;
  /** How it is drawn, or its values (base64). */
  readonly initial: readonly [kind: string, ...numbers: (number | string)[]] | string;
  /** Draws from this seed, not the engine's. */
  readonly seed?: number;
}

/** Programs with the kernels and variables that they share. */
export interface Exported {
  readonly kernels: readonly Kernel[];
  readonly segments: readonly (readonly ExportedVariable[])[];
  readonly programs: Readonly<Record<string, ExportedProgram>>;
}
