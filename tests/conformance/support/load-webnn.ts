import type { Case, Tolerance, Values } from "./case.ts";
import { SourceFiles } from "./files.ts";

interface WebnnTensor {
  shape: number[];
  dataType: string;
  data: (number | string)[] | number;
}
interface WebnnCase {
  name: string;
  operator: string;
  arguments: Record<string, unknown>;
  outputs: string[];
  inputs: Record<string, WebnnTensor>;
  expected: Record<string, WebnnTensor>;
  tolerance: { metric: "ULP" | "ATOL"; value: number };
}

/** WebNN allows tanh an error of 1/1024; this is what a tanh that is right in f32 keeps. */
const TANH_ATOL = 2e-7;

export function webnnValues({ shape, data }: WebnnTensor): Values {
  const list = Array.isArray(data) ? data : [data];
  // Math.fround: the decimals of the file are those of f32 values; −0.0 stays −0, "NaN" and "Infinity" are read by Number.
  return { dtype: "f32", shape, data: list.map((v) => Math.fround(Number(v))) };
}

const mapValues = (tensors: Record<string, WebnnTensor>) =>
  Object.fromEntries(Object.entries(tensors).map(([k, v]) => [k, webnnValues(v)]));

/** The float32 and float16 cases; names begin with the file. Attributes are the builder's arguments. */
export function loadWebnn(): Case[] {
  const files = new SourceFiles("webnn");
  return files.below("", ".json").flatMap((file) =>
    files.json<{ cases: WebnnCase[] }>(file).cases.map((c) => {
      const expected = mapValues(c.expected);
      const { metric, value } = c.tolerance;
      const tolerance: Tolerance =
        metric === "ULP"
          ? { metric, value }
          : { metric: "difference", absolute: c.operator === "tanh" ? Math.min(value, TANH_ATOL) : value, relative: 0 };
      const all = Object.fromEntries(Object.keys(expected).map((key) => [key, tolerance]));
      return {
        name: `${file.replace(/\.json$/, "")}: ${c.name}`,
        op: c.operator,
        attributes: c.arguments,
        inputs: mapValues(c.inputs),
        expected,
        tolerance: { reference: all, gpu: all },
      };
    }),
  );
}
