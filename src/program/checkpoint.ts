import { check, checkFlag, checkOptions, describe } from "../errors.ts";
import { arrayName, checkMemory } from "../graph/host-array.ts";
import { type HostArray, type NamedArray, sizeOf } from "../graph/types.ts";
import { typedArrayName } from "../host.ts";
import type { NamedArrays } from "./store.ts";

export interface LoadOptions {
  /** Take what fits by name, and leave the rest as it is. Default false: every name must be there, and no other. */
  readonly partial?: boolean;
}

/** What a checkpoint does not have in common with the trainer or engine that loads it. */
export interface LoadResult {
  /** Names that the checkpoint lacks: they keep their values. */
  readonly missing: readonly string[];
  /** Names of the checkpoint that are unknown here. A trainer does not take them; an engine keeps them until something uses them. */
  readonly unexpected: readonly string[];
}

export function checkArrays(arrays: NamedArrays, as: string): void {
  check(
    typeof arrays === "object" && arrays !== null && !Array.isArray(arrays) && !ArrayBuffer.isView(arrays),
    "argument",
    () => `load: give an object of named arrays, as ${as} returns it, not ${describe(arrays)}`,
  );
}

export function checkLoadOptions(options: LoadOptions): boolean {
  checkOptions("load", options, ["partial"]);
  const { partial = false } = options;
  checkFlag("load", "partial", partial);
  return partial;
}

/** Names that a message lists. */
const LISTED = 8;

const listed = (names: readonly string[]): string => {
  const more = names.length - LISTED;
  const first = names.slice(0, LISTED).map((name) => describe(name.length > 100 ? `${name.slice(0, 100)}…` : name));
  return first.join(", ") + (more > 0 ? ` and ${more} more` : "");
};

const difference = (missing: readonly string[], unexpected: readonly string[]): string =>
  [
    ...(missing.length > 0 ? [`it lacks ${listed(missing)}`] : []),
    ...(unexpected.length > 0 ? [`it holds ${listed(unexpected)}, which this trainer does not have`] : []),
  ].join("; ");

/** Compares the names of a checkpoint with those that it is for. @throws UnrollError `name` where they differ, unless that is asked for. */
export function compareNames(own: readonly string[], given: readonly string[], partial: boolean): LoadResult {
  const [known, offered] = [new Set(own), new Set(given)];
  const missing = own.filter((name) => !offered.has(name));
  const unexpected = given.filter((name) => !known.has(name));
  const same = missing.length + unexpected.length === 0;
  check(
    partial || same,
    "name",
    () =>
      `load: the checkpoint is not one of this trainer: ${difference(missing, unexpected)}. Nothing was changed; load(arrays, { partial: true }) takes what fits`,
  );
  return { missing, unexpected };
}

/** @throws UnrollError `format` unless the array holds what it says */
export function checkNamedArray(name: string, array: NamedArray): void {
  check(
    ArrayBuffer.isView(array?.data) && Array.isArray(array.shape) && array.data.length === sizeOf(array.shape),
    "format",
    () => `load: "${name}" must have dtype, shape and data of that many values`,
  );
  const data: HostArray = array.data;
  checkMemory(`load: the array "${name}"`, data);
  check(
    arrayName(array.dtype),
    "format",
    () => `load: "${name}" is ${describe(array.dtype)}, which no variable is; decodeSafetensors converts with { convert: true }, or skips`,
  );
  check(typedArrayName(data) === arrayName(array.dtype), "format", () => `load: "${name}" says ${array.dtype} but holds ${describe(data)}`);
}
