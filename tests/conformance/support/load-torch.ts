import type { NamedArray } from "../../../src/graph/types.ts";
import { decodeSafetensors } from "../../../src/io/safetensors/index.ts";
import type { Case, Tolerance, Values } from "./case.ts";
import { SourceFiles } from "./files.ts";

/** A correct f32 engine lands within a small multiple of PyTorch's own f32 error, with a floor relative to the largest value. */
const ERROR_MULTIPLE = 4;
const FLOOR = 1e-6;
/** The reference computes in f64; what is left is that results and learning rates are rounded to f32, 2^-24 each. */
const REFERENCE_RELATIVE = 1.2e-7;
const REFERENCE_FLOOR = 1e-7;

const valuesOf = ({ dtype, shape, data }: NamedArray): Values => {
  if (dtype !== "f32" && dtype !== "i32") throw new Error(`dtype ${dtype} is not expected here`);
  return { dtype, shape, data: Array.from(data) };
};

/** Metadata values are strings; numbers, lists and booleans are JSON inside. */
const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
};

/** One case for each file; `op` is the folder (rnn, loss, …), attributes are the metadata. */
export function loadTorch(): Case[] {
  const all = new SourceFiles("torch");
  return all.below("", ".safetensors").map((file) => {
    const { arrays, metadata } = decodeSafetensors(all.bytes(file), { convert: true });
    const attributes = Object.fromEntries(Object.entries(metadata).map(([key, value]) => [key, parse(value)]));
    const {
      inputs,
      outputs,
      group,
      float32_error: errors,
    } = attributes as {
      inputs: string[];
      outputs: string[];
      group: string;
      float32_error: Record<string, number>;
    };
    const pick = (names: string[]) => Object.fromEntries(names.map((name) => [name, valuesOf(arrays[name])]));
    const expected = pick(outputs);
    const tolerance = (of: (largest: number, name: string) => Tolerance): Record<string, Tolerance> =>
      Object.fromEntries(
        Object.entries(expected).map(([name, { data }]) => [
          name,
          of(
            data.reduce((m, v) => Math.max(m, Math.abs(v)), 0),
            name,
          ),
        ]),
      );
    return {
      name: file.replace(/\.safetensors$/, ""),
      op: group,
      attributes,
      inputs: pick(inputs),
      expected,
      tolerance: {
        reference: tolerance((largest) => ({ metric: "difference", absolute: REFERENCE_FLOOR * largest, relative: REFERENCE_RELATIVE })),
        gpu: tolerance((largest, name) => ({
          metric: "difference",
          absolute: ERROR_MULTIPLE * (errors[name] ?? 0) + FLOOR * largest,
          relative: 0,
        })),
      },
    };
  });
}
